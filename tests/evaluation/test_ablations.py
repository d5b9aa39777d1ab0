"""With and without a change, and every member against the first."""

import pytest
from makers import makers_of, small_run

from vestry.evaluation.ablations import PairSettings, ablation_steps, compared_pairs
from vestry.evaluation.difference import difference, sign
from vestry.evaluation.paired_tests import holm

PAIR = PairSettings(**{"what": "skill", "without": "B", "with": "A"})


def test_one_seed_is_compared_on_the_same_images():
    makers = makers_of(small_run({"A": 2.5, "B": 1.0}))
    (pair,) = compared_pairs([PAIR], makers)
    accuracy = {name: makers[name].entry.scores.test.accuracy for name in "AB"}
    found = pair.difference
    assert (found.over, found.count) == ("images", 300)
    assert found.value == pytest.approx(accuracy["A"] - accuracy["B"])
    assert sign(found) == 1
    assert sign(difference(makers["B"], makers["A"])) == -1
    assert sign(difference(makers["A"], makers["A"])) == 0
    assert (pair.without.name, pair.with_.name) == ("B", "A")


def test_several_seeds_are_compared_by_their_means():
    makers = makers_of(small_run({"A": 2.5, "B": 1.0}, seeds=3))
    found = difference(makers["A"], makers["B"])
    means = tuple(makers[n].entry.over_seeds.test["accuracy"].mean for n in "AB")
    assert (found.over, found.count, found.seeds) == ("images and seeds", 300, (3, 3))
    assert found.figures == pytest.approx(means)
    assert found.value == pytest.approx(means[0] - means[1])
    assert found.method == "two-way" and sign(found) == 1


def test_the_pairs_of_a_study_are_one_family_and_the_steps_another():
    makers = makers_of(small_run({"A": 2.5, "B": 2.4, "C": 2.3}))
    settings = [
        PairSettings(**{"what": f"{a} {b}", "without": a, "with": b}) for a, b in ("AB", "BC", "AC")
    ]
    for found in (compared_pairs(settings, makers), ablation_steps(list(makers.values()))):
        tests = [each.difference for each in found]
        assert [each.p_holm for each in tests] == holm([each.p for each in tests])


def test_a_difference_counts_by_its_adjusted_p():
    makers = makers_of(small_run({"A": 2.5, "B": 1.0}))
    found = difference(makers["A"], makers["B"])
    assert sign(found.model_copy(update={"p_holm": 0.2})) == 0
    assert sign(found.model_copy(update={"p_holm": 0.01})) == 1


def test_a_model_that_failed_is_named():
    makers = makers_of(small_run({"A": 2.0}))
    (pair,) = compared_pairs([PAIR], makers)
    assert pair.missing == ["B"] and pair.difference is None


def test_every_member_is_set_against_the_first():
    makers = makers_of(small_run({"A": 2.5, "B": 4.0, "C": 0.5}))
    found = ablation_steps(list(makers.values()))
    assert [(row.name, row.against) for row in found] == [("B", "A"), ("C", "A")]
    first = makers["A"].right.mean()
    for row, other in zip(found, "BC", strict=True):
        assert row.difference.value == pytest.approx(makers[other].right.mean() - first)
        low, high = row.difference.interval
        assert low < row.difference.value < high


def test_one_member_changes_nothing():
    makers = makers_of(small_run({"A": 2.5}))
    assert ablation_steps(list(makers.values())) == [] == ablation_steps([])
