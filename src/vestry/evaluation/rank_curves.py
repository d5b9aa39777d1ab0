"""How well a model's probabilities put one rare class before the others: ROC and precision-recall
curves, their areas and how sure these are."""

from collections.abc import Sequence
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL, Interval, normal_quantile
from vestry.evaluation.predictions import Predictions
from vestry.predictions.sums import Floats
from vestry.schema.scores import RankCurve, RankCurves

UNBALANCED = 0.2
"""Rows of the rarest class over those of the commonest, below which curves are drawn."""
_POINTS = 100


def rank_curves(
    names: Sequence[str], evidence: Predictions, classes: Sequence[str]
) -> RankCurves | None:
    """Of the rarest class against all others, on the test rows; None where classes are balanced, or
    the test rows lack one of the two."""
    counts = np.bincount(evidence.known, minlength=len(classes))
    there = np.flatnonzero(counts)
    rarest = int(there[counts[there].argmin()])
    positive = np.asarray(evidence.truth == rarest)
    if counts[rarest] >= UNBALANCED * counts.max() or not 0 < positive.sum() < len(positive):
        return None
    return RankCurves(
        positive=classes[rarest],
        rows=int(positive.sum()),
        share=float(positive.mean()),
        models={
            name: _curve(evidence.tested[name].probabilities[:, rarest], positive) for name in names
        },
    )


def _curve(scores: Floats, positive: NDArray[np.bool_]) -> RankCurve:
    found, passed = _counts(scores, positive)
    share_found, share_passed = found / found[-1], passed / passed[-1]
    precision = found / (found + passed)
    area = float(np.trapezoid(np.r_[0, share_found], np.r_[0, share_passed]))
    average = float((np.diff(np.r_[0, share_found]) * precision).sum())
    return RankCurve(
        roc_area=area,
        roc_interval=_roc_interval(scores, positive, area),
        precision_area=average,
        precision_interval=_precision_interval(average, int(positive.sum())),
        roc=_thinned(np.r_[0, share_passed], np.r_[0, share_found]),
        precision=_thinned(share_found, precision),
    )


def _counts(scores: Floats, positive: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """(levels,) positive and other rows at or above each score, falling."""
    order = np.argsort(-scores, kind="stable")
    ends = np.flatnonzero(np.r_[np.diff(scores[order]) != 0, True])
    found = np.cumsum(positive[order])[ends].astype(np.float64)
    return found, ends + 1 - found


def _thinned(x: Floats, y: Floats) -> list[tuple[float, float]]:
    """At most some hundred points, the first and the last among them, with four digits."""
    places = np.unique(np.linspace(0, len(x) - 1, _POINTS).round().astype(int))
    return [(round(float(x[p]), 4), round(float(y[p]), 4)) for p in places]


def _roc_interval(scores: Floats, positive: NDArray[np.bool_], area: float) -> Interval:
    """DeLong, DeLong and Clarke-Pearson, "Comparing the areas under two or more correlated receiver
    operating characteristic curves", Biometrics 44 (1988), on the logit scale, so that it stays
    inside 0..1. Rows that are all in order do not count as certainty: the lower end is that of an
    area to which a quarter of a row of the rarer kind is added on the wrong side, the upper end
    that of one with half a pair."""
    from scipy.stats import rankdata  # noqa: PLC0415 - studies are read without it

    ones, others = scores[positive], scores[~positive]
    m, n = len(ones), len(others)
    ranks = rankdata(np.r_[ones, others])
    won = (ranks[:m] - rankdata(ones)) / n
    lost = 1 - (ranks[m:] - rankdata(others)) / m
    parts = ((won, m), (lost, n))
    own = sum(float(np.var(part, ddof=1)) / size if size > 1 else 0.25 for part, size in parts)
    ends = []
    for count, added in ((min(m, n), 0.25), (m * n, 0.5)):
        value = (area * count + added) / (count + 2 * added)
        least = value * (1 - value) / (min(m, n) + 1) ** 2
        ends.append(_logit_interval(value, sqrt(own + least)))
    return min(ends[0][0], area), max(ends[1][1], area)


def _precision_interval(area: float, rows: int) -> Interval:
    """Boyd, Eng and Page, "Area under the precision-recall curve: point estimates and confidence
    intervals", ECML PKDD 2013: the logit interval; half a row is added on either side. rows: those
    of the class."""
    value = (area * rows + 0.5) / (rows + 1)
    return _logit_interval(value, sqrt(value * (1 - value) / rows))


def _logit_interval(value: float, error: float) -> Interval:
    middle = log(value / (1 - value))
    half = normal_quantile(LEVEL) * error / (value * (1 - value))
    low, high = (1 / (1 + exp(-min(max(end, -500), 500))) for end in (middle - half, middle + half))
    return low, high
