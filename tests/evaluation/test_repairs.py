from itertools import combinations

import pytest
from makers import makers_of, small_run, with_validation_accuracy

from vestry.evaluation.difference import difference
from vestry.evaluation.diversity import fixed_and_broken


@pytest.fixture
def makers():
    return makers_of(small_run({"A": 1.2, "B": 1.0, "C": 0.8}, committee=("A", "B", "C")))


def broken_by(makers, members):
    made = makers["Committee"]
    best = max(members, key=lambda member: member.entry.corrected_accuracy).name
    return fixed_and_broken(made, members, {m.name: difference(made, m) for m in members}, best)


@pytest.fixture
def found(makers):
    return broken_by(makers, [makers[name] for name in "ABC"])


def rows(makers):
    """(truth, committee's label, labels of A, B, C) of every test image."""
    columns = [makers["Committee"].truth, *(makers[n].labels for n in ("Committee", *"ABC"))]
    return [tuple(map(int, row)) for row in zip(*columns, strict=True)]


def test_repairs_and_spoils_are_counted_against_the_best_by_validation(makers, found):
    accuracy = {n: makers[n].entry.scores.validation.accuracy for n in "ABC"}
    best = max(accuracy, key=accuracy.get)
    assert found.best_member == best
    place = 2 + "ABC".index(best)
    for label, row in enumerate(found.per_class):
        own = [r for r in rows(makers) if r[0] == label]
        assert row.support == len(own)
        assert row.repaired == sum(r[1] == label != r[place] for r in own)
        assert row.spoiled == sum(r[1] != label == r[place] for r in own)
        assert row.divided == sum(len(set(r[2:])) > 1 for r in own)
        assert row.alike_wrong == sum(len(set(r[2:])) == 1 and r[2] != label for r in own)
        assert row.net == row.repaired - row.spoiled
    assert found.net == sum(row.net for row in found.per_class)


def test_the_best_is_not_chosen_by_the_test_images(makers):
    others = [
        with_validation_accuracy(makers[name], accuracy)
        for name, accuracy in (("A", 0.1), ("B", 0.1), ("C", 0.2))
    ]
    assert broken_by(makers, others).best_member == "C"


def test_differences_are_the_committees_accuracy_less_each_members(makers, found):
    for name, each in found.differences.items():
        ours = makers["Committee"].entry.scores.test.accuracy
        theirs = makers[name].entry.scores.test.accuracy
        assert each.value == pytest.approx(ours - theirs)
        assert each.figures == pytest.approx([ours, theirs])
        low, high = each.interval
        assert low < each.value < high
    best = found.differences[found.best_member]
    assert (best.only_one, best.only_other) == (found.repaired, found.spoiled)


def test_agreement_splits_the_images_and_names_what_no_vote_repairs(makers, found):
    agreed = found.agreement
    assert agreed.all_right + agreed.alike_wrong + agreed.divided == found.rows
    divided = [r for r in rows(makers) if len(set(r[2:])) > 1]
    assert agreed.divided_right == sum(r[1] == r[0] for r in divided)
    assert agreed.divided_nobody_right == sum(r[0] not in r[2:] for r in divided)


def test_errors_in_common_and_helpers(makers, found):
    for pair, (one, other) in zip(found.in_common, combinations("ABC", 2), strict=True):
        assert pair.members == (one, other)
        a, b = 2 + "ABC".index(one), 2 + "ABC".index(other)
        both = [r for r in rows(makers) if r[a] != r[0] and r[b] != r[0]]
        assert pair.both_wrong == len(both)
        assert pair.alike_wrong == sum(r[a] == r[b] for r in both)
    best = 2 + "ABC".index(found.best_member)
    for helper in found.helped_by:
        place = 2 + "ABC".index(helper.name)
        repaired = [r for r in rows(makers) if r[1] == r[0] != r[best]]
        spoiled = [r for r in rows(makers) if r[1] != r[0] == r[best]]
        assert helper.right_on_repaired == sum(r[place] == r[0] for r in repaired)
        assert helper.wrong_on_spoiled == sum(r[place] != r[0] for r in spoiled)
