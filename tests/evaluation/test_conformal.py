"""Sets of classes that hold the right one as often as asked."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import analysed, small_run, table

from vestry.evaluation.abstention import AbstentionSettings
from vestry.evaluation.conformal import (
    conformal,
    rows_needed_for_sets,
    set_threshold,
    set_thresholds,
)
from vestry.predictions.prediction_sets import prediction_sets
from vestry.predictions.table import ProbabilityTable


def run_of(rows, skill, rng, test_rows=4000):
    truths = {"validation": rng.integers(0, 4, rows), "test": rng.integers(0, 4, test_rows)}
    return {s: table(t, skill, rng, s) for s, t in truths.items()}, truths


def one_by_one(values, truth, classes=("a", "b", "c")):
    values = np.asarray(values, dtype=np.float32)
    ids = np.array([str(row) for row in range(len(values))])
    return ProbabilityTable(ids, classes, values, "m", "validation"), np.asarray(truth)


def test_threshold_by_hand():
    given_to_truth = np.linspace(0.1, 0.9, 9)
    assert set_threshold(given_to_truth, 0.9) == pytest.approx(0.1, abs=2e-5)
    assert set_threshold(given_to_truth, 0.8) == pytest.approx(0.2, abs=2e-5)
    assert set_threshold(given_to_truth, 0.91) == 0.0, "one row of ten may be missed, not fewer"
    assert set_threshold(np.zeros(0), 0.9) == 0.0


@pytest.mark.parametrize(("coverage", "rows"), [(0.9, 9), (0.95, 19), (0.99, 99), (0.5, 1)])
def test_rows_needed_are_just_enough(coverage, rows):
    assert rows_needed_for_sets(coverage) == rows
    assert set_threshold(np.full(rows, 0.7), coverage) > 0
    assert set_threshold(np.full(rows - 1, 0.7), coverage) == 0


@settings(max_examples=80, deadline=None)
@given(st.lists(st.sampled_from([0.0, 0.2, 0.5, 0.5001, 1.0]), min_size=1, max_size=60),
       st.floats(0.05, 0.99))  # fmt: skip
def test_ties_are_taken_together_and_more_asked_is_never_less(values, coverage):
    values = np.array(values)
    limit = set_threshold(values, coverage)
    assert set_threshold(values, min(0.995, coverage + 0.1)) <= max(0.0, limit)
    missed = (values < limit).sum()
    assert missed <= (1 - coverage) * (len(values) + 1)
    assert limit <= 0 or not (abs(values - limit) < 1e-7).any() or (values == 0).any()


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 30), st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_sets_are_never_empty_and_hold_the_most_probable_class(rows, classes, seed):
    rng = np.random.default_rng(seed)
    values = rng.dirichlet(np.full(classes, 0.5), rows).astype(np.float32)
    held = prediction_sets(values, rng.random(classes).tolist())
    assert held[np.arange(rows), values.argmax(axis=1)].all()
    assert prediction_sets(values, [0.0] * classes).all()


def test_coverage_is_what_was_asked_on_average():
    rng, found = np.random.default_rng(6), []
    for _ in range(150):
        tables, truths = run_of(300, 1.5, rng, 1000)
        found.append(conformal(tables, truths, 0.9).marginal.test)
    assert np.mean([test.unfilled_coverage for test in found]) == pytest.approx(0.9, abs=0.01)
    assert np.mean([test.coverage for test in found]) == pytest.approx(0.9, abs=0.01)


def test_more_is_covered_only_where_the_most_probable_class_alone_does():
    tables, truths = run_of(300, 6.0, np.random.default_rng(1))
    test = conformal(tables, truths, 0.9).marginal.test
    assert test.singletons == 1.0 and test.mean_size == 1.0 and test.filled > 0
    assert test.coverage == pytest.approx((tables["test"].labels == truths["test"]).mean())
    assert test.unfilled_coverage < 0.95 < test.coverage


def test_each_class_is_covered_by_a_threshold_of_its_own():
    rng = np.random.default_rng(2)
    tables, truths = run_of(2000, 1.5, rng)
    for split in tables:  # the last class is given far too little
        values = tables[split].probabilities.copy()
        values[:, 3] *= 0.1
        values /= values.sum(axis=1, keepdims=True)
        tables[split] = ProbabilityTable(
            tables[split].ids, tables[split].classes, values, "m", split
        )
    found = conformal(tables, truths, 0.9)
    assert found.marginal.test.by_class[3].coverage < 0.8
    assert all(0.86 < each.coverage < 0.94 for each in found.by_class.test.by_class)


def test_a_class_with_too_few_rows_is_in_every_set():
    values = [[0.7, 0.2, 0.1]] * 40 + [[0.1, 0.8, 0.1]] * 5
    marginal, by_class = set_thresholds(*one_by_one(values, [0] * 40 + [1] * 5), 0.9)
    assert by_class[0] == pytest.approx(0.7, abs=2e-5)
    assert by_class[1:] == [0.0, 0.0], "five rows, and none at all"
    assert len(set(marginal)) == 1


@pytest.mark.parametrize("rows", [1, 10, 18])
def test_few_rows_promise_nothing_but_every_class(rows):
    tables, truths = run_of(rows, 2.0, np.random.default_rng(rows), 50)
    found = conformal(tables, truths, 0.95)
    assert found.rows_needed == 19 and found.marginal.thresholds == [0.0] * 4
    assert found.marginal.test.mean_size == 4.0 and found.marginal.test.coverage == 1.0
    assert found.marginal.test.sizes == [0, 0, 0, 50]


def test_results_hold_it_for_members_and_committees():
    results, evidence = small_run({"A": 1.5, "B": 1.2}, committee=("A", "B"))
    found = analysed(results, evidence, abstaining=AbstentionSettings(coverage=0.8))
    for entry in (*found.members.values(), *found.committees.values()):
        assert entry.conformal.coverage_asked == 0.8
        test = entry.conformal.marginal.test
        assert sum(test.sizes) == test.rows == 300
        assert test.mean_size == pytest.approx(np.dot(test.sizes, [1, 2, 3, 4]) / 300)
