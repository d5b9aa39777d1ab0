"""Curves of the rarest class: scikit-learn's areas, and intervals that hold."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from vestry.evaluation.predictions import Predictions
from vestry.evaluation.rank_curves import rank_curves
from vestry.predictions.choosing import choosing_score
from vestry.predictions.table import ProbabilityTable

CLASSES = ("many", "few", "some")


def predictions(rng, counts, lead):
    truth = np.repeat(np.arange(len(counts)), counts)
    scores = rng.normal(size=(len(truth), len(counts)))
    scores[np.arange(len(truth)), truth] += lead
    values = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    ids = np.arange(len(truth)).astype(str)
    table = ProbabilityTable(ids, CLASSES[: len(counts)], values.astype(np.float32), "m", "test")
    truths = {"training": truth, "validation": truth, "test": truth}
    return Predictions({"m": {"test": table, "validation": table}}, truths)


@pytest.mark.parametrize("counts", [(300, 30), (300, 30, 100)])
def test_areas_are_scikit_learns(counts):
    evidence = predictions(np.random.default_rng(0), counts, 1.0)
    found = rank_curves(["m"], evidence, CLASSES[: len(counts)])
    assert (found.positive, found.rows) == ("few", 30)
    is_few, said = evidence.truth == 1, evidence.tested["m"].probabilities[:, 1]
    curve = found.models["m"]
    assert curve.roc_area == pytest.approx(roc_auc_score(is_few, said))
    assert curve.precision_area == pytest.approx(average_precision_score(is_few, said))
    if len(counts) == 2:
        area = choosing_score("roc_auc").of(evidence.tested["m"].probabilities, evidence.truth)
        assert curve.roc_area == pytest.approx(area)
    assert curve.roc[0] == (0.0, 0.0) and curve.roc[-1] == (1.0, 1.0) and len(curve.roc) <= 100
    assert curve.precision[-1] == pytest.approx((1.0, found.share), abs=1e-4)


def test_balanced_classes_and_rows_of_one_kind_have_none():
    rng = np.random.default_rng(1)
    assert rank_curves(["m"], predictions(rng, (100, 20), 1.0), CLASSES[:2]) is None
    few = predictions(rng, (100, 10), 1.0)
    alone = Predictions(few.tables, few.truths | {"test": np.zeros(110, dtype=np.int64)})
    assert rank_curves(["m"], alone, CLASSES[:2]) is None


@pytest.mark.parametrize(("few", "lead"), [(10, 0.7), (10, 2.6), (40, 1.5)])
def test_intervals_hold_the_true_areas(few, lead):
    rng = np.random.default_rng(few)
    many = predictions(rng, (200_000, 20_000), lead)
    said = many.tested["m"].probabilities[:, 1]
    true = roc_auc_score(many.truth == 1, said), average_precision_score(many.truth == 1, said)
    held = np.zeros(2)
    for _ in range(200):
        found = rank_curves(["m"], predictions(rng, (10 * few, few), lead), CLASSES[:2])
        curve = found.models["m"]
        for place, (low, high) in enumerate((curve.roc_interval, curve.precision_interval)):
            held[place] += low <= true[place] <= high
    assert (held / 200 >= 0.9).all()


def test_rows_that_are_all_in_order_are_no_certainty():
    evidence = predictions(np.random.default_rng(2), (60, 6), 30.0)
    curve = rank_curves(["m"], evidence, CLASSES[:2]).models["m"]
    assert (curve.roc_area, curve.precision_area) == pytest.approx((1, 1))
    assert 0.6 < curve.roc_interval[0] < 0.95 and curve.precision_interval[0] < 0.9
