"""Reliability of confidences: bins, their errors and what chance makes of them."""

import json
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from makers import analysed, small_run, table
from sklearn.metrics import brier_score_loss
from sklearn.metrics import log_loss as sklearn_log_loss

from vestry.evaluation.calibration import brier_parts, calibration, error_by_chance, reliability
from vestry.evaluation.intervals import holds
from vestry.evaluation.score_intervals import overconfidence
from vestry.predictions.calibration import Temperature
from vestry.predictions.sums import equal_mass_bins
from vestry.predictions.table import ProbabilityTable


@pytest.fixture
def tables():
    rng = np.random.default_rng(5)
    truths = {split: rng.integers(0, 4, 700) for split in ("validation", "test")}
    return {split: table(truth, 1.2, rng, split) for split, truth in truths.items()}, truths


def test_scores_agree_with_scikit_learn_and_with_loops(tables):
    made, truths = tables
    values, truth = made["test"].probabilities.astype(np.float64), truths["test"]
    found = reliability(made["test"], truth)
    assert found.log_loss == pytest.approx(
        sklearn_log_loss(truth, values / values.sum(axis=1, keepdims=True))
    )
    by_class = [brier_score_loss(truth == k, values[:, k]) for k in range(4)]
    assert found.brier == pytest.approx(sum(by_class))
    rows = sorted(zip(values.max(axis=1), values.argmax(axis=1) == truth, strict=True))
    sizes = [47] * 10 + [46] * 5
    gaps, start = 0.0, 0
    for size, entry in zip(sizes, found.bins, strict=True):
        part = rows[start : start + size]
        start += size
        sure, right = (np.mean([row[i] for row in part]) for i in (0, 1))
        assert (entry.rows, entry.confidence) == (size, pytest.approx(sure))
        assert entry.accuracy == pytest.approx(right)
        assert entry.interval[0] <= right <= entry.interval[1]
        gaps += size * abs(sure - right)
    assert found.ece == pytest.approx(gaps / 700)
    assert found.confidence == pytest.approx(values.max(axis=1).mean())


def test_after_is_the_table_at_the_temperature_of_validation(tables):
    made, truths = tables
    found = calibration(made, truths)
    fitted = Temperature.fit(made["validation"], truths["validation"])
    assert (found.temperature, found.fitted_on, found.rows) == (fitted.value, 700, 700)
    assert found.after == reliability(fitted.apply(made["test"]), truths["test"])
    assert found.before == reliability(made["test"], truths["test"])
    # The test labels have no say in the temperature.
    assert calibration(made, truths | {"test": truths["test"][::-1]}).temperature == fitted.value


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(1, 120), st.integers(1, 3))
def test_parts_of_brier_make_it_up(seed, rows, digits):
    """Rounded confidences, so that many are equal."""
    rng = np.random.default_rng(seed)
    confidence = np.round(rng.uniform(0.2, 1, rows), digits)
    right = rng.random(rows) < 0.7
    bins = equal_mass_bins(confidence)
    parts = brier_parts(confidence, right, bins)
    binned = confidence.copy()
    for part in bins:
        binned[part] = confidence[part].mean()
    three = parts.reliability - parts.resolution + parts.uncertainty
    assert three == pytest.approx(((binned - right) ** 2).mean(), abs=1e-12)
    assert parts.score == pytest.approx(((confidence - right) ** 2).mean())
    assert three + parts.within_bins == pytest.approx(parts.score, abs=1e-12)
    assert parts.uncertainty == pytest.approx(right.var())
    assert min(parts.reliability, parts.resolution, parts.uncertainty) >= 0


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from([0.1, 0.2, 0.25, 0.5, 0.75, 1.0]), min_size=1, max_size=80),
    st.integers(1, 20),
)
def test_bins_hold_every_row_once_and_equal_values_together(values, bins):
    values = np.array(values)
    parts = equal_mass_bins(values, bins)
    assert sorted(np.concatenate(parts)) == list(range(len(values)))
    assert len(parts) <= bins
    for one, other in pairwise(parts):
        assert values[one].max() < values[other].min()


def test_bins_of_unlike_values_are_of_one_size():
    parts = equal_mass_bins(np.random.default_rng(0).random(32), 15)
    assert [len(part) for part in parts] == [3, 3] + [2] * 13


def test_error_of_equal_confidences_does_not_hang_on_the_rows_order():
    """Rows sorted by class, as folders give them, and a model that is always as sure."""
    values = np.full((90, 3), 0.2, dtype=np.float32)
    values[:, 0] = 0.6
    ids = np.array([str(i) for i in range(90)])
    truth = np.repeat([0, 1, 2], 30)
    same = ProbabilityTable(ids, ("a", "b", "c"), values, "m", "test")
    assert reliability(same, truth).ece == pytest.approx(0.6 - 1 / 3, abs=1e-6)


def test_bias_is_what_calibrated_models_show():
    rng = np.random.default_rng(3)
    confidence = rng.uniform(0.3, 1, 3000)
    bins = equal_mass_bins(confidence)
    errors = []
    for _ in range(300):
        right = rng.random(3000) < confidence
        gaps = [abs(right[part].sum() - confidence[part].sum()) for part in bins]
        errors.append(sum(gaps) / 3000)
    found = error_by_chance(confidence, bins)
    assert found.mean() == pytest.approx(np.mean(errors), rel=0.04)
    assert np.quantile(found, 0.95) == pytest.approx(np.quantile(errors, 0.95), rel=0.06)
    assert np.array_equal(error_by_chance(confidence, bins), found)


def test_the_calibration_test_and_the_debiased_error_see_what_is_there_and_no_more():
    """Calibrated models fail the test 5 times in 100, and much of their error is chance."""
    rng = np.random.default_rng(8)
    alarms, seen, plain, left = 0, 0, [], []
    for _ in range(120):
        values, truth = calibrated_values(rng, 400)
        true = reliability(made_table(values), truth)
        alarms += true.ece_p < 0.05
        plain.append(true.ece)
        left.append(true.ece_debiased)
        boasting = values**3 / (values**3).sum(axis=1, keepdims=True)
        found = reliability(made_table(boasting), truth)
        seen += found.ece_p < 0.05
        assert found.overconfidence_interval[0] > 0
    assert alarms <= 12 and seen == 120
    assert np.mean(left) < 0.7 * np.mean(plain)


def test_on_average_too_sure_is_said_where_it_is_so_and_rarely_where_not():
    rng = np.random.default_rng(9)
    said = {"calibrated": 0, "near perfect": 0}
    for _ in range(300):
        values, truth = calibrated_values(rng, 60)
        said["calibrated"] += not holds(reliability_of(values, truth))
        top = rng.uniform(0.97, 1.0, 60)
        sure = np.stack([top, 1 - top], axis=1)
        said["near perfect"] += not holds(reliability_of(sure, (rng.random(60) > top).astype(int)))
    assert max(said.values()) <= 0.07 * 300


def reliability_of(values, truth):
    confidence, right = values.max(axis=1), values.argmax(axis=1) == truth
    return overconfidence(confidence, right)[1]


def calibrated_values(rng, rows):
    """Labels that are drawn from the probabilities themselves."""
    values = rng.dirichlet(np.full(4, 0.4), rows)
    return values, (values.cumsum(axis=1) > rng.random((rows, 1))).argmax(axis=1)


def made_table(values, split="test"):
    ids = np.array([str(i) for i in range(len(values))])
    classes = tuple("abcdefgh"[: values.shape[1]])
    return ProbabilityTable(ids, classes, values.astype(np.float32), "m", split)


def test_a_temperature_is_said_to_help_where_it_does_and_rarely_where_there_is_nothing_to_mend():
    rng = np.random.default_rng(4)
    claimed, mended = 0, 0
    for _ in range(120):
        parts = {split: calibrated_values(rng, 200) for split in ("validation", "test")}
        truths = {split: truth for split, (_, truth) in parts.items()}
        for power in (1, 3):
            tables = {
                split: made_table(values**power / (values**power).sum(axis=1, keepdims=True), split)
                for split, (values, _) in parts.items()
            }
            _, high = calibration(tables, truths).log_loss_change_interval
            if power == 1:
                claimed += high < 0
            else:
                mended += high < 0
    assert claimed <= 4 and mended >= 112


def test_every_maker_of_a_run_has_it_and_it_is_json():
    results, evidence = small_run({"A": 2.0, "B": 1.0}, committee=("A", "B"))
    found = analysed(results, evidence)
    for entry in (*found.members.values(), *found.committees.values()):
        assert entry.calibration.before.ece == entry.scores.test.number("ece")
        assert entry.calibration.before.brier == entry.scores.test.number("brier")
        assert len(entry.abstention.at_coverage) == 4
        json.dumps([entry.calibration.as_json(), entry.abstention.as_json()], allow_nan=False)


def test_draws_that_are_made_in_parts_are_the_same(monkeypatch):
    confidence = np.random.default_rng(0).uniform(0.3, 1, 500)
    bins = equal_mass_bins(confidence)
    whole = error_by_chance(confidence, bins)
    for cells in (1, 37, 5000):
        monkeypatch.setattr("vestry.evaluation.calibration._CELLS", cells)
        assert np.array_equal(error_by_chance(confidence, bins), whole)
