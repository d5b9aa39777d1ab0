"""How far every score may be from the truth because the images that it was measured on are few.

The method of each was chosen by simulation (`benchmarks/coverage.py`), which a bootstrap's
percentiles do not stand: near a perfect score the rows that would show how far it moves are those
that were not drawn.

A share of images has an exact interval. Any other score is the sum of what its rows add to it, so
that it has a variance, and its distance from a perfect score is like a count of faults: so many
faults of so much each as have that mean and that variance. The interval is that of such a count:
Clopper and Pearson's with effective counts for scores that end at both sides (Korn and Graubard,
"Confidence intervals for proportions with small expected number of positive counts", Survey
Methodology 24, 1998), the gamma interval of weighted counts for others (Fay and Feuer, "Confidence
intervals for directly standardized rates", Statistics in Medicine 16, 1997). As in these, the end
away from perfect is that with one more fault than was seen: a row that is answered wrong, and as
the model's own second choices have it. Images are taken to be drawn anew, classes and all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import (
    LEVEL,
    Interval,
    fault_quantile,
    normal_quantile,
    share_interval,
    t_quantile,
)
from vestry.predictions.scores import SCORES, Score
from vestry.predictions.sums import (
    Floats,
    Sums,
    along,
    equal_mass_bins,
    of_class,
    predicted,
    slopes,
    sums_of_rows,
)
from vestry.predictions.table import Labels, ProbabilityTable

Bins = Sequence[NDArray[np.intp]]
ROWS_FOR_BINS = 300
"""Below 20 rows a bin no method that was tried held."""
_MOSTLY = 0.5
"""Of its answers: a model that errs more often is mostly wrong."""


def calibration_interval(values: Floats, truth: Labels) -> Interval | None:
    """Of the calibration error of (rows, classes) probabilities; None below 300 rows.

    On average chance adds something between nothing and the mean size of the gaps that it makes
    by itself, and it moves the error by no more than it moves the gaps together; so both ends hold
    whatever the true gaps are. Nor is the error below the gap of all rows together.
    """
    if len(truth) < ROWS_FOR_BINS:
        return None
    confidence, right = values.max(axis=1), values.argmax(axis=1) == truth
    gaps, deviations = _gaps(confidence, right, equal_mass_bins(confidence))
    found, z = float(np.abs(gaps).sum()), normal_quantile(LEVEL)
    moved = z * float(np.sqrt((deviations**2).sum()))
    added = sqrt(2 / pi) * float(deviations.sum())
    surely = max(found - added, abs(float(gaps.sum())))
    return max(0.0, surely - moved), min(1.0, found + moved)


def overconfidence(confidence: Floats, right: NDArray[np.bool_]) -> tuple[float, Interval]:
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
    rare = (1 - LEVEL) / 2
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


ROWS_OF_A_CLASS = 10
"""A mean of classes has no interval where one of them has fewer rows: nothing tried held."""
ANSWERS_OF_A_CLASS = 20
"""A mean of precisions or F1 needs more rows of each, and as many answers."""
ROWS_BY_CLASS = 5
"""Nor a weighted mean of classes with fewer rows to a class on average."""
_NO_SPREAD = 1e-9
_TEMPER = 1 / 3
"""Rows err where they are unsure, but a model that is too sure errs elsewhere, too."""


def score_intervals(table: ProbabilityTable, truth: Labels) -> dict[str, Interval | None]:
    """The interval of every score, None where no method holds or the score does not move.

    truth: (n,) labels of the table's rows.
    """
    values = table.probabilities.astype(np.float64)
    return {name: score_interval(score, values, truth) for name, score in SCORES.items()}


def score_interval(score: Score, values: Floats, truth: Labels) -> Interval | None:
    """Of one score of (rows, classes) probabilities against (rows,) labels."""
    if score.is_binned:
        return _with_spread(calibration_interval(values, truth))
    sums = sums_of_rows(values, truth, dict.fromkeys([*score.facts, predicted, of_class]))
    if score.counted:
        found, rows = (round(float(each[0, 0])) for each in score.counted(sums))
        return share_interval(found, rows) if rows else None
    if score.faultless is None or _too_few(score, sums):
        return None
    return _with_spread(_by_faults(score, sums, values, truth))


def _too_few(score: Score, sums: Sums) -> bool:
    """Rows for a mean of classes; predicting counts where precision has a part in it."""
    present = sums.support > 0
    if not score.is_mean_of_classes:
        return bool(of_class in score.facts and sums.rows < ROWS_BY_CLASS * present.sum())
    rarest, least = sums.support[present].min(), sums[predicted][0, present, 0].min()
    if predicted in score.facts:
        return bool(min(rarest, least) < ANSWERS_OF_A_CLASS)
    return bool(rarest < ROWS_OF_A_CLASS)


def _with_spread(interval: Interval | None) -> Interval | None:
    """None for a point: ten of ten say something of the eleventh, if not how much."""
    return interval if interval and interval[1] - interval[0] > _NO_SPREAD else None


@dataclass(frozen=True)
class _Faults:
    """How far a score is from a perfect one: with its variance, and what one more fault adds."""

    mean: float
    variance: float
    more: float
    more_squared: float


def _by_faults(score: Score, sums: Sums, values: Floats, truth: Labels) -> Interval:
    best = score.faultless or 0.0
    sign = score.sign
    found = _faults(score, sums, values, truth, sign * best)
    rare = (1 - LEVEL) / 2
    near = fault_quantile(found.mean, found.variance, rare, score.is_share)
    far = fault_quantile(
        found.mean + found.more, found.variance + found.more_squared, 1 - rare, score.is_share
    )
    low, high = sorted((best - sign * near, best - sign * far))
    return low, high


def _faults(score: Score, sums: Sums, values: Floats, truth: Labels, best: float) -> _Faults:
    slope = slopes(score.value, sums, score.facts)
    each = score.sign * along(slope, values, truth)
    swapped, weights = wrong_instead(values, truth, score.is_mean_of_classes)
    one_more = each.mean() - score.sign * along(slope, swapped, truth)
    rows = len(truth)
    return _Faults(
        mean=max(0.0, best - score.sign * float(score.value(sums)[0, 0])),
        variance=float(each.var() * rows * rows / max(1, rows - 1)) * _as_student(rows),
        more=max(0.0, float(weights @ one_more)),
        more_squared=float(weights @ one_more**2),
    )


def _as_student(rows: int) -> float:
    """How much wider a variance that is itself measured makes it: Student's t for a normal."""
    return (t_quantile(LEVEL, max(1, rows - 1)) / normal_quantile(LEVEL)) ** 2


def wrong_instead(
    values: Floats, truth: Labels, by_class: bool = False
) -> tuple[Floats, NDArray[np.float64]]:
    """The rows as if each were answered wrong, and how likely each is to be the one fault more.

    A row that is right gives its second choice for its first. Likely are rows that are unsure;
    by_class: each class has the same share, since a row of a rare one weighs more.
    """
    first = values.argmax(axis=1)
    rows = np.arange(len(truth))
    others = values.copy()
    others[rows, first] = -1
    second = others.argmax(axis=1)
    right = first == truth
    swapped = values.copy()
    swapped[rows[right], first[right]] = values[rows[right], second[right]]
    swapped[rows[right], second[right]] = values[rows[right], first[right]]
    weights = (1 - values[rows, first]).clip(1e-12) ** _TEMPER
    if by_class:
        weights /= np.bincount(truth, weights, values.shape[1])[truth]
    return swapped, weights / weights.sum()
