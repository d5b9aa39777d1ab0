"""Evaluation of many rows: in parts it comes to the same, and takes the memory of a part."""

import tracemalloc

import numpy as np
import pytest

from vestry.evaluation import chosen_by
from vestry.predictions import sums
from vestry.predictions.choosing import choosing_score


def tables(rows, count=2, classes=4):
    random = np.random.default_rng(0)
    truth = np.sort(random.integers(0, classes, rows))
    given = random.random((count, rows, classes), np.float32)
    given[:, np.arange(rows), truth] += 0.5
    return given / given.sum(axis=2, keepdims=True), truth


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "log_loss", "roc_auc"])
def test_resamples_in_parts_are_those_of_all_at_once(name, monkeypatch):
    given, truth = tables(300)
    score = choosing_score(name)
    monkeypatch.setattr(chosen_by, "RESAMPLES", 50)
    whole = chosen_by._on_resamples(score, given, truth)
    monkeypatch.setattr(sums, "_CELLS", 700)
    parts = chosen_by._on_resamples(score, (one for one in given), truth)
    assert whole.shape == (2, 50)
    np.testing.assert_allclose(parts, whole, rtol=1e-12)


def test_facts_of_rows_are_made_once_for_all_resamples(monkeypatch):
    given, truth = tables(300)
    asked = []
    score = choosing_score("accuracy")
    made = sums.ResampledSums.__init__

    def counted(self, *args):
        asked.append(1)
        made(self, *args)

    monkeypatch.setattr(sums.ResampledSums, "__init__", counted)
    monkeypatch.setattr(sums, "_CELLS", 700)
    chosen_by._on_resamples(score, given, truth)
    assert len(asked) == 1


def test_memory_of_resamples_does_not_grow_with_their_number(monkeypatch):
    given, truth = tables(100_000)
    score = choosing_score("accuracy")
    peaks = []
    for resamples in (20, 60):
        monkeypatch.setattr(chosen_by, "RESAMPLES", resamples)
        tracemalloc.start()
        chosen_by._on_resamples(score, (one for one in given), truth)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
