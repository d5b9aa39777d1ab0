"""Every score against scikit-learn (or its definition) on random tables."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics

from vestry.predictions.scores import SCORES, score


@st.composite
def tables(draw):
    classes = draw(st.integers(2, 12))
    rows = draw(st.integers(1, 200))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    sharpness = draw(st.sampled_from([0.1, 1.0, 10.0]))
    values = rng.dirichlet(np.full(classes, 1 / sharpness), rows).astype(np.float32)
    truth = rng.integers(0, draw(st.integers(1, classes)), rows)
    return values, truth.astype(np.int64), tuple(f"class {k}" for k in range(classes))


@settings(max_examples=150, deadline=None)
@given(tables())
def test_scores_agree_with_scikit_learn(table):
    values, truth, classes = table
    ours = score(values, truth, classes)
    wide = values.astype(np.float64)
    predicted = wide.argmax(axis=1)
    assert set(SCORES) | {"per_class", "confusion"} == set(ours)
    assert ours["accuracy"] == pytest.approx(metrics.accuracy_score(truth, predicted), abs=1e-9)
    for kind in ("macro", "weighted"):
        theirs = metrics.precision_recall_fscore_support(
            truth, predicted, labels=np.unique(truth), average=kind, zero_division=0
        )
        names = (f"precision_{kind}", f"recall_{kind}", f"f1_{kind}")
        assert [ours[name] for name in names] == pytest.approx(theirs[:3], abs=1e-9)
    labels = range(len(classes))
    wide /= wide.sum(axis=1, keepdims=True)
    expected = metrics.log_loss(truth, wide, labels=labels)
    assert ours["log_loss"] == pytest.approx(expected, abs=1e-9, rel=1e-9)
    assert ours["confusion"] == metrics.confusion_matrix(truth, predicted, labels=labels).tolist()
    by_class = metrics.precision_recall_fscore_support(
        truth, predicted, labels=labels, zero_division=0
    )
    for k, name in enumerate(classes):
        row = ours["per_class"][name]
        found = [row["precision"], row["recall"], row["f1"], row["support"]]
        assert found == pytest.approx([column[k] for column in by_class], abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(tables())
def test_micro_at_half_is_scikit_learns_micro_average_of_thresholded_outputs(table):
    values, truth, classes = table
    ours = score(values, truth, classes)
    claimed = (values > 0.5).astype(int)
    one_hot = np.eye(len(classes), dtype=int)[truth]
    assert ours["precision_micro_at_half"] == pytest.approx(
        metrics.precision_score(one_hot, claimed, average="micro", zero_division=0), abs=1e-9
    )
    assert ours["recall_micro_at_half"] == pytest.approx(
        metrics.recall_score(one_hot, claimed, average="micro", zero_division=0), abs=1e-9
    )


@settings(max_examples=100, deadline=None)
@given(tables())
def test_brier_is_the_mean_squared_distance_from_the_truth(table):
    values, truth, classes = table
    one_hot = np.eye(len(classes))[truth]
    expected = ((values.astype(np.float64) - one_hot) ** 2).sum(axis=1).mean()
    assert score(values, truth, classes)["brier"] == pytest.approx(expected, abs=1e-9)


def test_calibration_error_is_0_when_confidence_is_right_and_the_gap_when_it_is_not():
    truth = np.array([0] * 70 + [1] * 30)
    honest = np.tile(np.array([[0.7, 0.3]], np.float32), (100, 1))
    boastful = np.tile(np.array([[0.95, 0.05]], np.float32), (100, 1))
    order = np.random.default_rng(0).permutation(100)
    # Equal confidences share a bin, or bins would measure the shuffle.
    error = SCORES["ece"]
    assert error.of(honest[order], truth[order]) == pytest.approx(0.0, abs=1e-6)
    assert error.of(boastful[order], truth[order]) == pytest.approx(0.25, abs=1e-6)
