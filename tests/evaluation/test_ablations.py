"""With and without a change, and every member against the first."""

import pytest
from makers import makers_of, small_run

from vestry.evaluation.ablations import PairSettings, ablation_steps, compared_pairs
from vestry.evaluation.difference import SAME_EVERY_SEED, difference, sign

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
    assert (found.over, found.count, found.figures) == ("seeds", (3, 3), means)
    assert found.value == pytest.approx(means[0] - means[1])


def test_seeds_that_change_nothing_say_nothing_of_chance():
    run = small_run({"A": 2.5, "B": 1.0}, seeds=2)
    for entry in run[0]["members"].values():
        entry["over_seeds"]["test"]["accuracy"]["values"] = [0.9, 0.9]
    makers = makers_of(run)
    found = difference(makers["A"], makers["B"])
    assert (found.over, found.reason) == ("images", SAME_EVERY_SEED)


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
