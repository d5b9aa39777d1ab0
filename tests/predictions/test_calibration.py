"""Temperature scaling of probability tables."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.errors import TableError
from vestry.predictions.calibration import FLOOR, HIGHEST, LOWEST, Temperature
from vestry.predictions.scores import SCORES
from vestry.predictions.table import ProbabilityTable


def table(values, split="validation"):
    values = np.asarray(values, dtype=np.float32)
    ids = np.array([f"{split}/{i}" for i in range(len(values))])
    classes = tuple(f"class {k}" for k in range(values.shape[1]))
    return ProbabilityTable(ids, classes, values, "m", split)


def softmax(scores):
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return raised / raised.sum(axis=1, keepdims=True)


def drawn(rng, probabilities):
    """A label a row, each class with its probability."""
    return (probabilities.cumsum(axis=1) < rng.random((len(probabilities), 1))).sum(axis=1)


@pytest.mark.parametrize("planted", [0.4, 1.0, 2.5])
def test_planted_temperature_is_found(planted):
    rng = np.random.default_rng(1)
    scores = rng.normal(scale=1.5, size=(20_000, 5))
    truth = drawn(rng, softmax(scores))
    found = Temperature.fit(table(softmax(scores * planted)), truth)
    assert found.value == pytest.approx(planted, rel=0.04)
    assert found.edge is None
    mended = found.apply(table(softmax(scores * planted), "test"))
    assert mended.split == "test" and mended.maker == "m"
    np.testing.assert_allclose(mended.probabilities, softmax(scores), atol=0.02)


def test_scaling_is_that_of_the_scores_behind_a_softmax():
    scores = np.random.default_rng(2).normal(size=(50, 4))
    scaled = Temperature(1.7).apply(table(softmax(scores)))
    np.testing.assert_allclose(scaled.probabilities, softmax(scores / 1.7), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(1, 60), st.floats(0.2, 5))
def test_fit_is_never_worse_than_its_neighbours(seed, classes, rows, scale):
    rng = np.random.default_rng(seed)
    given_table = table(softmax(scale * rng.normal(size=(rows, classes))))
    truth = rng.integers(0, classes, rows)
    found = Temperature.fit(given_table, truth)
    assert LOWEST <= found.value <= HIGHEST

    def loss(value):
        return SCORES["log_loss"].of(Temperature(value).apply(given_table).probabilities, truth)

    best = loss(found.value)
    for other in (1.0, found.value * 0.8, found.value * 1.25):
        if LOWEST <= other <= HIGHEST:
            assert best <= loss(other) + 1e-5


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.floats(0.1, 10))
def test_scaling_keeps_the_answers(seed, value):
    values = softmax(3 * np.random.default_rng(seed).normal(size=(40, 5)))
    top = np.sort(values, axis=1)
    clear = top[:, -1] - top[:, -2] > 1e-4  # nearer ones may become equal in float32
    before = table(values)
    after = Temperature(value).apply(before)
    assert (after.labels == before.labels)[clear].all()


def test_zeros_are_raised_to_the_floor_so_that_they_can_be_scaled():
    forest = table([[1.0, 0.0, 0.0], [0.5, 0.5, 0.0]])
    same = Temperature(1.0).apply(forest).probabilities
    assert same[0] == pytest.approx([1 - 2 * FLOOR, FLOOR, FLOOR], abs=1e-9)
    softer = Temperature(2.0).apply(forest).probabilities
    assert softer[0, 1] == pytest.approx(np.sqrt(FLOOR), rel=1e-2)


def test_model_without_mistakes_says_that_its_temperature_is_at_the_edge():
    sure = table(np.full((5, 3), 0.1) + 0.7 * np.eye(3)[[0, 1, 2, 0, 1]])
    assert Temperature.fit(sure, np.array([0, 1, 2, 0, 1])).edge == "low"
    assert Temperature.fit(sure, np.array([1, 2, 0, 1, 2])).edge == "high"


def test_test_tables_are_refused_with_what_to_do():
    values = softmax(np.random.default_rng(0).normal(size=(6, 3)))
    message = r"temperature cannot be fitted on the test table of m: fit on its validation table"
    with pytest.raises(TableError, match=message):
        Temperature.fit(table(values, "test"), np.zeros(6, dtype=int))


def test_labels_of_other_rows_are_refused():
    values = table(softmax(np.random.default_rng(0).normal(size=(6, 3))))
    with pytest.raises(TableError, match="6 rows, 5 labels"):
        Temperature.fit(values, np.zeros(5, dtype=int))
    empty = replace(values, ids=values.ids[:0], probabilities=values.probabilities[:0])
    with pytest.raises(TableError, match="0 rows"):
        Temperature.fit(empty, np.zeros(0, dtype=int))


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan"), float("inf")])
def test_no_such_temperature(value):
    with pytest.raises(ValueError, match="above 0"):
        Temperature(value)
