"""Small versions of `benchmarks/coverage.py`, other seeds, and what intervals are made of."""

import numpy as np
import pytest
from scipy.stats import beta
from sklearn import metrics

from vestry.evaluation.intervals import class_intervals, fault_quantile, holds, share_interval
from vestry.evaluation.score_intervals import calibration_interval, score_interval, score_intervals
from vestry.predictions.scores import SCORES, Score, score
from vestry.predictions.sums import along, slopes, sums_of_rows
from vestry.predictions.table import ProbabilityTable

CLASSES = tuple("abcdefghij")


def simulated(rng, truth, lean=2.6, sure=1.3, classes=10):
    """(rows, classes) of a model that leans to the truth and is surer than it is right."""
    values = rng.standard_normal((len(truth), classes))
    values[np.arange(len(truth)), truth] += lean
    shares = np.exp(sure * lean * (values - values.max(axis=1, keepdims=True)))
    return shares / shares.sum(axis=1, keepdims=True)


def resampled(score_of, values, truth, rng, resamples=200):
    """The method before: percentiles of a bootstrap, class by class."""
    start = np.searchsorted(truth, truth)
    size = np.bincount(truth)[truth]
    found = []
    for _ in range(resamples):
        rows = start + (rng.random(len(truth)) * size).astype(int)
        found.append(score_of(values[rows], truth[rows]))
    return np.quantile(found, [0.025, 0.975])


@pytest.mark.parametrize(
    ("lean", "rows", "scores"),
    [
        (5.2, 100, ("log_loss", "brier", "recall_macro")),
        (3.9, 50, ("log_loss", "brier")),
        (2.6, 300, ("log_loss", "brier", "f1_macro", "precision_macro", "recall_macro", "ece")),
    ],
)
def test_intervals_hold_the_truth_where_resamples_do_not(lean, rows, scores):
    rng = np.random.default_rng(11)
    many, truth = np.arange(200_000) % 10, np.sort(np.arange(rows) % 10)
    true = score(simulated(rng, many, lean), many, CLASSES)
    held, before = dict.fromkeys(scores, 0), 0
    shown = dict.fromkeys(scores, 0)
    for _ in range(240):
        values = simulated(rng, truth, lean)
        for name in scores:
            interval = score_interval(SCORES[name], values, truth)
            if interval is not None:
                shown[name] += 1
                held[name] += holds(interval, true[name])
    for _ in range(40):
        values = simulated(rng, truth, lean)
        before += holds(resampled(SCORES["log_loss"].of, values, truth, rng), true["log_loss"])
    for name in scores:
        assert shown[name] > 100 and held[name] / shown[name] >= 0.92, (name, held, shown)
    if lean > 3:
        assert before / 40 < 0.85


@pytest.mark.parametrize("rows", [10, 40, 400])
def test_all_right_is_no_point(rows):
    """Ten of ten say something of the eleventh: no "100.0% (100.0 to 100.0)"."""
    truth = np.arange(rows) % 2
    values = np.where(np.eye(2)[truth] > 0, 0.97, 0.03)
    table = ProbabilityTable(truth.astype(str), ("a", "b"), values.astype(np.float32), "m", "test")
    found = score_intervals(table, truth)
    for name in ("accuracy", "recall_weighted", "precision_micro_at_half"):
        assert found[name] == share_interval(rows, rows) and found[name][0] < 1
    for name, interval in found.items():
        assert interval is None or interval[1] - interval[0] > 0.001, name
    assert (found["f1_macro"] is None) == (rows == 10)
    assert (found["ece"] is None) == (rows < 300)
    if rows == 40:
        low, high = found["f1_macro"]
        assert high == 1 and low == pytest.approx(share_interval(rows, rows)[0], abs=0.04)


def test_where_classes_have_few_rows_their_means_have_no_interval():
    rng = np.random.default_rng(2)
    for rarest, answers in ((9, None), (12, "recall only"), (18, "recall only"), (40, "all")):
        truth = np.repeat([0, 1, 2], [60, 50, rarest])
        values = simulated(rng, truth, 3.0, classes=3)
        if rarest == 12:  # the rarest class is hardly ever answered
            values[:, 2] *= 1e-6
            values /= values.sum(axis=1, keepdims=True)
        found = {
            name: score_interval(SCORES[name], values, truth)
            for name in ("recall_macro", "precision_macro", "f1_macro", "accuracy", "log_loss")
        }
        assert (found["recall_macro"] is not None) == (answers is not None)
        assert (found["precision_macro"] is not None) == (answers == "all")
        assert (found["f1_macro"] is not None) == (answers == "all")
        assert found["accuracy"] is not None and found["log_loss"] is not None


def test_an_absent_class_drags_no_macro_average_and_agrees_with_scikit_learn():
    rng = np.random.default_rng(5)
    truth = rng.choice([0, 1, 2, 4, 5, 6, 7, 8, 9], 300)
    values = simulated(rng, truth, 2.0)
    ours, labels = score(values, truth, CLASSES), values.argmax(axis=1)
    assert (labels == 3).any()  # and yet it is called
    theirs = metrics.precision_recall_fscore_support(
        truth, labels, labels=np.unique(truth), average="macro", zero_division=0
    )
    found = [ours[f"{name}_macro"] for name in ("precision", "recall", "f1")]
    assert found == pytest.approx(theirs[:3])
    assert ours["recall_macro"] > 1.09 * metrics.recall_score(
        truth, labels, labels=range(10), average="macro", zero_division=0
    )


@pytest.mark.parametrize("name", ["f1_macro", "precision_macro", "recall_macro", "f1_weighted"])
def test_what_a_row_adds_is_what_leaving_it_out_takes(name):
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 10, 600)
    values, each = simulated(rng, truth, 2.0), SCORES[name]
    sums = sums_of_rows(values, truth, each.facts)
    moved = along(slopes(each.value, sums, each.facts), values, truth)
    moved -= moved.mean()
    for row in range(0, 600, 37):
        kept = np.arange(600) != row
        without = each.of(values, truth) - each.of(values[kept], truth[kept])
        assert without == pytest.approx(moved[row], rel=0.1, abs=2e-6)


def test_a_mean_of_equal_faults_has_the_interval_of_a_share():
    """Of a plain share the variance and the one fault more are those of Clopper and Pearson."""
    right = np.arange(200) >= 14
    share = Score("s", "S", "s", (lambda v, t: v[:, 0] > 0.5,), None)
    share = Score(
        "s", "S", "s", share.facts, lambda sums: sums[share.facts[0]] / sums.rows, best=1.0
    )
    values = np.where(right[:, None], [0.9, 0.1], [0.1, 0.9])
    low, high = score_interval(share, values, np.zeros(200, dtype=int))
    assert low == pytest.approx(beta.ppf(0.025, 186, 15), abs=0.004)
    assert high == pytest.approx(beta.ppf(0.975, 187, 14), abs=0.004)


def test_quantiles_have_their_mean_and_variance():
    assert fault_quantile(0.2, 0.0, 0.9, True) == 0.2 and fault_quantile(1.0, 0.1, 0.9, True) == 1
    assert fault_quantile(0.2, 0.004, 0.975, True) == pytest.approx(
        beta.ppf(0.975, 0.2 * 40, 0.8 * 40)
    )
    assert fault_quantile(3.0, 3.0, 0.5, False) == pytest.approx(2.674, abs=0.001)


def test_a_score_whose_best_is_not_known_has_no_interval():
    rng = np.random.default_rng(0)
    truth = np.arange(100) % 10
    gain = Score("g", "G", "g", SCORES["log_loss"].facts, SCORES["log_loss"].value, unit="bits")
    assert score_interval(gain, simulated(rng, truth), truth) is None


def test_every_class_has_its_shares_intervals():
    found = class_intervals(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 0]]))
    assert found[0] == {
        "precision_interval": share_interval(8, 9),
        "recall_interval": share_interval(8, 10),
    }
    assert found[2] == {"precision_interval": None, "recall_interval": None}


def test_the_calibration_error_of_a_calibrated_model_may_be_0():
    rng = np.random.default_rng(6)
    held = 0
    for _ in range(60):
        values = rng.dirichlet(np.full(4, 0.4), 400)
        truth = (values.cumsum(axis=1) > rng.random((400, 1))).argmax(axis=1)
        low, high = calibration_interval(values, truth)
        assert low <= SCORES["ece"].of(values, truth) <= high
        held += low == 0
    assert held >= 55
    assert calibration_interval(values[:299], truth[:299]) is None
