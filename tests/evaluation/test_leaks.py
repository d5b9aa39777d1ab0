"""Scores and ranks without repeated images and doubted labels, by hand."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from makers import analysed, finding, makers_of, small_run

from vestry.data.shared_rows import SharedRows
from vestry.evaluation.intervals import share_interval
from vestry.evaluation.label_issues import (
    FAILED,
    NOT_LOOKED,
    TABLES_ALONE,
    find_label_issues,
    leaks,
)
from vestry.evaluation.predictions import Predictions
from vestry.schema.label_issues import KeptRows


def looked(near=(), same=(), of=300):
    both = ("training", "test")
    return [
        finding("near_duplicates", both, of=of, ids=list(near)),
        finding("near_duplicates", ("training", "validation"), of=of, ids=["validation/1"]),
        finding("duplicates_across", both, of=of, ids=list(same)),
        finding("blank", ["test"], of=of),
    ]


def found_leaks(makers, issues, findings, *, look_failed=False, shared=None, learnt=()):
    looked_at = None if findings is None else SimpleNamespace(findings=findings)
    run = SimpleNamespace(
        exploration=looked_at, look_failed=look_failed, shared=shared, learnt_validation=learnt
    )
    return leaks(makers, np.array([f"test/{row}" for row in range(300)]), issues, run)


@pytest.fixture
def run():
    return small_run({"one": 2.4, "two": 2.3, "three": 0.5}, committee=("one", "two"))


def issues_of(evidence, rows):
    return replace(find_label_issues(["one"], evidence).test, rows=np.array(rows, np.int64))


def test_accuracies_are_those_of_the_rows_that_are_left(run):
    makers = makers_of(run)
    findings = looked(["test/1", "test/2"], ["test/2", "test/9"])
    found = found_leaks(makers, issues_of(run[1], [9, 20]), findings)
    out = {"repeated": [1, 2, 9], "doubted": [9, 20], "both": [1, 2, 9, 20]}
    assert (found.reason, found.rows, found.searched) == (None, 300, 300)
    for kind, rows in out.items():
        entry = getattr(found.without, kind)
        assert (entry.left_out, entry.rows) == (len(rows), 300 - len(rows))
        for name, maker in makers.items():
            accuracy = np.delete(maker.right, rows).mean()
            assert entry.makers[name].accuracy == pytest.approx(accuracy)
            assert entry.makers[name].interval == pytest.approx(
                share_interval(round(accuracy * (300 - len(rows))), 300 - len(rows))
            )


def test_ranks_that_change_are_named(run):
    makers = makers_of(run)
    one, two = makers["one"].right, makers["two"].right
    lead = int(one.sum()) - int(two.sum())
    assert lead != 0
    ahead, behind = ("one", "two") if lead > 0 else ("two", "one")
    only = np.flatnonzero(makers[ahead].right & ~makers[behind].right)[: abs(lead) + 1]
    found = found_leaks(makers, issues_of(run[1], only), None)
    before, after = found.all.makers, found.without.doubted
    assert before[ahead].rank < before[behind].rank
    assert after.makers[ahead].rank > after.makers[behind].rank
    assert {ahead, behind} <= set(after.changed) and "three" not in after.changed


def test_equal_makers_share_a_rank():
    run = small_run({"one": 1.0, "two": 2.0})
    makers = makers_of(run)
    makers |= {"like one": makers["one"]}
    found = found_leaks(makers, issues_of(run[1], []), None)
    ranks = {name: entry.rank for name, entry in found.all.makers.items()}
    assert ranks == {"two": 1, "one": 2, "like one": 2}
    assert found.without.doubted.changed == []


@pytest.mark.parametrize(
    ("look_failed", "shared", "reason"),
    [(False, [], NOT_LOOKED), (True, [], FAILED), (False, None, TABLES_ALONE)],
)
def test_without_a_look_at_the_data_near_duplicates_are_not_known(run, look_failed, shared, reason):
    issues = issues_of(run[1], [3])
    found = found_leaks(makers_of(run), issues, None, look_failed=look_failed, shared=shared)
    assert (found.reason, found.searched) == (reason, None)
    assert (found.without.repeated is None) == (found.without.both is None) == (shared is None)
    assert found.without.doubted.left_out == 1


def test_images_of_every_other_part_are_left_out_without_any_look(run):
    shared = [
        SharedRows("training", "validation", np.array(["validation/3"]), 300),
        SharedRows("training", "test", np.array(["test/1", "test/2"]), 300),
        SharedRows("validation", "test", np.array(["test/2", "test/7"]), 300),
    ]
    found = found_leaks(makers_of(run), None, None, shared=shared, learnt=["one"])
    assert (found.without.repeated.left_out, found.without.doubted.left_out) == (3, 0)
    assert [(each.splits, each.count) for each in found.shared] == [
        (("training", "validation"), 1),
        (("training", "test"), 2),
        (("validation", "test"), 2),
    ]
    assert found.learnt_validation == ["one"]


def test_no_rows_left_are_no_scores(run):
    everything = [f"test/{row}" for row in range(300)]
    found = found_leaks(makers_of(run), issues_of(run[1], []), looked(everything, of=200))
    assert found.without.repeated == KeptRows(left_out=300, rows=0, makers=None, changed=[])
    assert found.searched == 200


def test_a_run_without_models_has_none():
    assert leaks({}, np.array([]), None, None) is None


def test_an_analysed_run_leaves_out_what_it_doubts():
    results, evidence = small_run({"one": 6.0, "two": 5.0})
    flipped = evidence.truth.copy()
    flipped[:10] = (flipped[:10] + 1) % 4
    known = Predictions(evidence.tables, {**evidence.truths, "test": flipped})
    results = analysed(results, known)
    out = results.leaks.without.doubted.left_out
    assert out == results.doubts.test.count > 0


def test_intervals_on_all_rows_are_those_of_the_ranking_for_one_seed_and_several():
    for seeds in (1, 3):
        run = small_run({"one": 2.4, "two": 2.3}, seeds=seeds, committee=("one", "two"))
        makers = makers_of(run)
        found = found_leaks(makers, issues_of(run[1], [9, 20]), looked())
        for name, maker in makers.items():
            entry = maker.entry
            shown = found.all.makers[name]
            assert shown.accuracy == pytest.approx(entry.scores.test.accuracy)
            assert shown.interval == pytest.approx(entry.intervals.test["accuracy"])
