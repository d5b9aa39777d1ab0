"""Every scalar score of many resamples at once, by matrix products.

A score is made from sums over rows: of losses, of squares, of rows that are right or that a class
was claimed for. Those of a resample are the rows' facts times how often it holds each row.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.scores import (
    CALIBRATION_BINS,
    Labels,
    ScalarScore,
    equal_mass_bins,
    row_briers,
    row_log_losses,
)

Floats = NDArray[np.float64]
_DENSE = ("log_loss", "brier", "right_at_half", "claimed_at_half")


@dataclass(frozen=True)
class RowFacts:
    """dense: (makers * 4, rows), the facts of `DENSE`. sparse: a scipy matrix with three blocks of
    a maker each: (classes, rows) predicted, (classes, rows) predicted and right, and
    (bins, rows) confidence less right.
    """

    dense: Floats
    sparse: Any

    def sums(self, counts: Floats) -> "Sums":
        """counts: (rows, resamples) how often each row stands in each resample."""
        return Sums(self.dense @ counts, self.sparse @ counts)


@dataclass(frozen=True)
class Sums:
    """Sums of dense and of sparse facts over resamples: (facts, resamples)."""

    dense: Floats
    sparse: Floats


def row_facts(probabilities: list[NDArray[np.float32]], truth: Labels) -> RowFacts:
    """probabilities: (rows, classes) of each maker. truth: (rows,) labels."""
    from scipy.sparse import vstack  # noqa: PLC0415 - studies are read without it

    tables = [values.astype(np.float64) for values in probabilities]
    return RowFacts(
        np.concatenate([_dense_facts(values, truth) for values in tables]),
        vstack([block for values in tables for block in _sparse_facts(values, truth)], "csr"),
    )


def _dense_facts(values: Floats, truth: Labels) -> Floats:
    claimed = values > 0.5
    return np.stack(
        [
            row_log_losses(values, truth),
            row_briers(values, truth),
            claimed[np.arange(len(truth)), truth],
            claimed.sum(axis=1),
        ]
    )


def _sparse_facts(values: Floats, truth: Labels) -> list[Any]:
    rows, classes = values.shape
    predicted, confidence = values.argmax(axis=1), values.max(axis=1)
    right = predicted == truth
    bins = np.empty(rows, dtype=np.int64)
    for number, part in enumerate(equal_mass_bins(confidence)):
        bins[part] = number
    return [
        _one_entry_a_row(predicted, np.ones(rows), classes),
        _one_entry_a_row(predicted, right.astype(np.float64), classes),
        _one_entry_a_row(bins, confidence - right, CALIBRATION_BINS),
    ]


def _one_entry_a_row(place: Labels, value: Floats, size: int) -> Any:
    """(size, rows): each row's value at its place."""
    from scipy.sparse import csr_matrix  # noqa: PLC0415 - studies are read without it

    return csr_matrix((value, (place, np.arange(len(place)))), shape=(size, len(place)))


@dataclass(frozen=True)
class ResampledScores:
    """scores: (makers, resamples) of each, as `predictions.scores.score` defines it.

    gaps: (makers, bins, resamples), confidence less right, summed over a bin and over all rows.
    """

    scores: dict[ScalarScore, Floats]
    gaps: Floats


def scores_of(sums: Sums, support: Labels, makers: int) -> ResampledScores:
    """support: (classes,) rows of each, the same in every resample."""
    rows, classes = support.sum(), len(support)
    dense = dict(
        zip(_DENSE, sums.dense.reshape(makers, len(_DENSE), -1).swapaxes(0, 1), strict=True)
    )
    blocks = sums.sparse.reshape(makers, 2 * classes + CALIBRATION_BINS, -1)
    predicted, right = blocks[:, :classes], blocks[:, classes : 2 * classes]
    gaps = blocks[:, 2 * classes :] / rows
    scores: dict[ScalarScore, Floats] = {
        "accuracy": right.sum(axis=1) / rows,
        "log_loss": dense["log_loss"] / rows,
        **_averages(predicted, right, support[:, None].astype(np.float64)),
        "precision_micro_at_half": _ratio(dense["right_at_half"], dense["claimed_at_half"]),
        "recall_micro_at_half": dense["right_at_half"] / rows,
        "brier": dense["brier"] / rows,
        "ece": np.abs(gaps).sum(axis=1),
    }
    return ResampledScores(scores, gaps)


def _averages(predicted: Floats, right: Floats, support: Floats) -> dict[ScalarScore, Floats]:
    """Macro and weighted precision, recall and F1 from (makers, classes, resamples) counts.

    support: (classes, 1). A class that neither truth nor prediction names has no score to average.
    """
    named = ((predicted > 0) | (support > 0)).astype(np.float64)
    precision, recall = _ratio(right, predicted), _ratio(right, support)
    f1 = _ratio(2 * right, predicted + support)
    count = named.sum(axis=1)
    return {
        "precision_macro": (precision * named).sum(axis=1) / count,
        "recall_macro": (recall * named).sum(axis=1) / count,
        "f1_macro": (f1 * named).sum(axis=1) / count,
        "precision_weighted": (precision * support).sum(axis=1) / support.sum(),
        "recall_weighted": (recall * support).sum(axis=1) / support.sum(),
        "f1_weighted": (f1 * support).sum(axis=1) / support.sum(),
    }


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole, 0 where `whole` is."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
