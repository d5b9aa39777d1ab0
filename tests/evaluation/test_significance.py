import copy
import json

import numpy as np
import pytest
from makers import analysed, makers_of, small_run

from as_written import as_written
from vestry.evaluation.intervals import paired_difference
from vestry.evaluation.paired_tests import corrected_resampled_t, holm, mcnemar, rows_needed
from vestry.evaluation.significance import pairwise
from vestry.predictions.scores import SCORES

SKILLS = {"A": 2.5, "B": 2.4, "C": 1.0}


def compared(run):
    makers = makers_of(run)
    return pairwise(list(makers.values()))


def test_every_pair_is_tested_on_the_same_images():
    run = small_run(SKILLS)
    makers, found = makers_of(run), compared(run)
    assert (found.level, found.family, found.rows) == (0.05, 3, 300)
    assert [(p.one, p.other) for p in found.pairs] == [("A", "B"), ("A", "C"), ("B", "C")]
    for pair in found.pairs:
        one, other = makers[pair.one].right, makers[pair.other].right
        counts = int((one & ~other).sum()), int((other & ~one).sum())
        assert (pair.only_one, pair.only_other) == counts
        assert pair.difference == pytest.approx(one.mean() - other.mean())
        assert pair.interval == pytest.approx(paired_difference(*counts, 300))
        test = mcnemar(*counts)
        assert (pair.p, pair.method) == (test.p, test.method)
        assert pair.rows_needed == rows_needed(*counts, 300, 0.05 / 3)
    assert [p.p_holm for p in found.pairs] == holm([p.p for p in found.pairs])
    assert [p.told_apart for p in found.pairs] == [False, True, True]


def test_one_maker_has_no_pair():
    assert compared(small_run({"A": 1.0})) is None


def folds(values, seed=0):
    scores = {"accuracy": 0.9, "log_loss": 0.3, "per_class": {}, "confusion": []}
    return {
        "folds": 3, "repeats": 1, "stratified": True, "seed": seed, "rows": 90, "reported": {},
        "reported_on": None, "validation_rows": 0, "fold_rows": [30, 30, 30],
        "scores": {"accuracy": {"mean": 0.9, "deviation": 0.01, "values": values}},
        "fit_seconds": [1.0, 1.0, 1.0], "out_of_fold": {"scores": scores, "intervals": {}},
    }  # fmt: skip


def test_members_on_the_same_folds_are_compared_fold_by_fold():
    run = small_run(SKILLS)
    entries = run[0]["members"]
    entries["A"]["cross_validation"] = folds([0.9, 0.91, 0.92])
    entries["B"]["cross_validation"] = folds([0.85, 0.87, 0.86])
    entries["C"]["cross_validation"] = folds([0.9, 0.91, 0.92], seed=1)  # other folds
    (pair,) = compared(run).cross_validated
    expected = corrected_resampled_t([0.05, 0.04, 0.06], 60, 30)
    assert (pair.one, pair.other, pair.folds) == ("A", "B", 3)
    assert (pair.difference, pair.p) == pytest.approx((0.05, expected.p))
    assert pair.interval == pytest.approx(expected.interval)
    assert pair.p_holm == pair.p and pair.told_apart is (pair.p < 0.05)


def test_folds_without_spread_have_no_p():
    run = small_run({"A": 2.0, "B": 1.0})
    for entry in run[0]["members"].values():
        entry["cross_validation"] = folds([0.9, 0.9, 0.9])
    (pair,) = compared(run).cross_validated
    assert (pair.p, pair.p_holm, pair.interval) == (None, None, None)
    assert pair.told_apart is False


def test_the_results_hold_intervals_pairs_and_ranks():
    results, evidence = small_run(SKILLS, committee=["A", "B"])
    given = copy.deepcopy(results)
    found = analysed(results, evidence)
    assert results == given  # what was given stays as it was
    json.dumps(as_written(vars(found)), allow_nan=False)
    for entry in [*found.members.values(), *found.committees.values()]:
        limits = entry.intervals.test
        assert set(limits) == set(SCORES)
        for name, (low, high) in limits.items():
            assert low <= entry.scores.test.number(name) <= high
        assert set(entry.intervals.validation) == {"accuracy"}
    assert found.members["A"].intervals.test["accuracy"] == pytest.approx(
        results["members"]["A"]["intervals"]["test"]["accuracy"]
    )
    assert found.comparisons.family == 6
    ranks = {row.name: row.rank for row in found.ranking}
    assert ranks["C"] == 4 and ranks[found.ranking[0].name] == 1
    figures = [row.validation_accuracy for row in found.ranking]
    assert figures == sorted(figures, reverse=True)
    for row in found.ranking:
        entry = (found.members | found.committees)[row.name]
        assert row.kind == ("member" if row.name in found.members else "committee")
        assert row.validation_accuracy == entry.central("validation", "accuracy")
        assert row.test_accuracy == entry.central("test", "accuracy")


def test_a_hundred_pairs_are_fast():
    run = small_run({str(n): 2 + n / 20 for n in range(14)}, rows=400)
    found = compared(run)
    assert found.family == 91
    assert np.isfinite([pair.p_holm for pair in found.pairs]).all()
