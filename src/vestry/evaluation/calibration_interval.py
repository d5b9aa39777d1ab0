"""How far a calibration error may be from the truth, and how much of it is chance.

The error is a mean of sizes of gaps, one a bin, so chance makes it larger and never smaller: a
model whose every confidence is true shows one above 0.
"""

from collections.abc import Sequence
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL, Interval, fault_quantile, normal_quantile
from vestry.predictions.sums import Floats, equal_mass_bins
from vestry.predictions.table import Labels

Bins = Sequence[NDArray[np.intp]]
ROWS_FOR_BINS = 300
"""Below 20 rows a bin no method that was tried held."""
_MOSTLY = 0.5
"""Of its answers: a model that errs more often is mostly wrong."""


def calibration_interval(values: Floats, truth: Labels, level: float = LEVEL) -> Interval | None:
    """Of the calibration error of (rows, classes) probabilities; None below 300 rows.

    On average chance adds something between nothing and the mean size of the gaps that it makes
    by itself, and it moves the error by no more than it moves the gaps together; so both ends hold
    whatever the true gaps are. Nor is the error below the gap of all rows together.
    """
    if len(truth) < ROWS_FOR_BINS:
        return None
    confidence, right = values.max(axis=1), values.argmax(axis=1) == truth
    gaps, deviations = _gaps(confidence, right, equal_mass_bins(confidence))
    found, z = float(np.abs(gaps).sum()), normal_quantile(level)
    moved = z * float(np.sqrt((deviations**2).sum()))
    added = sqrt(2 / pi) * float(deviations.sum())
    surely = max(found - added, abs(float(gaps.sum())))
    return max(0.0, surely - moved), min(1.0, found + moved)


def overconfidence(
    confidence: Floats, right: NDArray[np.bool_], level: float = LEVEL
) -> tuple[float, Interval]:
    """How much surer than right a model is on average, and the paired interval of that.

    confidence, right: (rows,). The variance is that of confidence minus correctness, row by row,
    which is less than that of the accuracy where confidence knows what is right. As in
    `score_intervals`, the error rate is taken for a count of faults, with one more at its far end
    (of a model that is mostly wrong, its successes are counted so, too, for where all are wrong a
    few may be right in truth); and where none is wrong, the confidence itself is still that of a
    few rows, with one more of the unsurest.
    """
    rows = len(right)
    unsure, wrong = float(1 - confidence.mean()), float(1 - right.mean())
    variance = float((confidence - right).var()) / max(1, rows - 1)
    rare = (1 - level) / 2
    low = fault_quantile(wrong, variance, rare, True)
    high = fault_quantile(min(1.0, wrong + 1 / rows), variance + 1 / rows**2, 1 - rare, True)
    if wrong > _MOSTLY:
        right_share = min(1.0, 1 - wrong + 1 / rows)
        most_right = fault_quantile(right_share, variance + 1 / rows**2, 1 - rare, True)
        low = min(low, 1 - most_right)
    own, most = float(confidence.var()) / max(1, rows - 1), float(1 - confidence.min()) / rows
    less = fault_quantile(unsure, own, rare, True)
    more = fault_quantile(min(1.0, unsure + most), own + most**2, 1 - rare, True)
    gap = wrong - unsure
    return gap, (gap - max(wrong - low, more - unsure), gap + max(high - wrong, unsure - less))


def debiased(confidence: Floats, right: NDArray[np.bool_], bins: Bins) -> float:
    """The calibration error less what chance adds to it, as Kumar, Liang and Ma, "Verified
    uncertainty calibration" (2019), correct it: the gaps found are taken for the true ones, and
    what chance would add to these is taken off. Not below 0.

    confidence, right: (rows,); bins: rows of each.
    """
    gaps, deviations = _gaps(confidence, right, bins)
    return max(0.0, float(2 * np.abs(gaps).sum() - _mean_size(gaps, deviations).sum()))


def _gaps(
    confidence: Floats, right: NDArray[np.bool_], bins: Bins
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Each bin's part of the error with its sign, and that part's standard deviation.

    A bin in which all are right has a variance, too: the one that its confidence claims.
    """
    rows = len(right)
    gaps, variances = [], []
    for part in bins:
        size, kept, claimed = len(part), right[part].mean(), confidence[part]
        gaps.append(float((claimed - right[part]).sum()) / rows)
        found = kept * (1 - kept) * size / max(1, size - 1)
        variances.append(size * max(found, float((claimed * (1 - claimed)).mean())) / rows**2)
    return np.array(gaps), np.sqrt(variances)


def _mean_size(gaps: NDArray[np.float64], deviations: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean of the size of a normal value, by bin (the folded normal distribution)."""
    from scipy.special import ndtr  # noqa: PLC0415 - studies are read without it

    safe = np.maximum(deviations, np.finfo(np.float64).tiny)
    in_deviations = np.clip(gaps / safe, -_FAR, _FAR)
    return np.asarray(
        safe * sqrt(2 / pi) * np.exp(-(in_deviations**2) / 2)
        + gaps * (1 - 2 * ndtr(-in_deviations))
    )


_FAR = 40.0
"""Deviations from which on the normal density is 0 in a double."""
