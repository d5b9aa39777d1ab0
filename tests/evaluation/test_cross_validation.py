"""Held-out folds: scores, and the out-of-fold table."""

import numpy as np
import pytest

from vestry.data.subset import CrossValidation
from vestry.evaluation.comparison import fold_scores, learning_curve, out_of_fold, table_scores
from vestry.predictions.scores import score
from vestry.predictions.table import ProbabilityTable
from vestry.schema.base import OnSplits
from vestry.schema.scores import Scores

CLASSES = ("a", "b", "c")


@pytest.fixture
def rows():
    truth = np.random.default_rng(0).integers(0, 3, 50)
    return np.array([f"train/{row:05d}" for row in range(50)]), truth


def fold_tables(ids, truth, repeats=1):
    rng = np.random.default_rng(1)
    tables = []
    for part in CrossValidation(folds=5, repeats=repeats).parts():
        _, out = part.rows(truth)
        values = rng.dirichlet(np.ones(3), len(out)).astype(np.float32)
        tables.append(ProbabilityTable(ids[out], CLASSES, values, "x", "training"))
    return tables


def test_each_fold_is_scored_on_its_own_rows(rows):
    ids, truth = rows
    tables = fold_tables(ids, truth)
    found = fold_scores(tables, ids, truth)
    place = {name: row for row, name in enumerate(ids)}
    expected = [
        np.mean(table.labels == truth[[place[name] for name in table.ids]]) for table in tables
    ]
    assert found["accuracy"].values == pytest.approx(expected)
    assert found["accuracy"].mean == pytest.approx(np.mean(expected))
    assert found["accuracy"].deviation == pytest.approx(np.std(expected, ddof=1))


def test_the_out_of_fold_table_has_every_row_once_in_their_order(rows):
    ids, truth = rows
    tables = fold_tables(ids, truth)
    whole = out_of_fold(tables, ids, "x")
    assert whole.ids.tolist() == ids.tolist() and whole.split == "training"
    for table in tables:
        index = [ids.tolist().index(name) for name in table.ids]
        assert np.allclose(whole.probabilities[index], table.probabilities, atol=1e-7)
    expected = score(whole.probabilities, truth, CLASSES)
    found = table_scores(whole, truth).scores.as_json()
    for row in found["per_class"].values():
        for name in ("precision", "recall"):
            low, high = row.pop(f"{name}_interval")
            assert 0 <= low <= row[name] <= high <= 1
    assert found == expected


def test_repeats_are_averaged(rows):
    ids, truth = rows
    tables = fold_tables(ids, truth, repeats=2)
    whole = out_of_fold(tables, ids, "x")
    first, second = out_of_fold(tables[:5], ids, "x"), out_of_fold(tables[5:], ids, "x")
    mean = (first.probabilities.astype(float) + second.probabilities) / 2
    assert np.abs(whole.probabilities - mean).max() < 1e-6


def test_a_learning_curve_has_a_mean_a_size_and_no_spread_for_one_seed():
    def scores(value):
        each = {"accuracy": value, "log_loss": 1 - value, "f1_macro": value}
        names = [
            *("precision_macro", "recall_macro", "precision_weighted", "recall_weighted"),
            *("f1_weighted", "precision_micro_at_half", "recall_micro_at_half", "brier", "ece"),
        ]
        whole = Scores(per_class={}, confusion=[], **each, **dict.fromkeys(names, 0.5))
        return OnSplits(validation=whole, test=whole)

    curve = learning_curve({5: [scores(0.5)], 10: [scores(0.6), scores(0.8)]}, classes=10)
    assert curve.images_per_class == [5, 10] and curve.training_rows == [50, 100]
    first, second = curve.test["accuracy"]
    assert first.deviation is None and first.mean == 0.5
    assert second.mean == pytest.approx(0.7) and second.deviation == pytest.approx(0.1414214)
