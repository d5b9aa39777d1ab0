"""How far a figure may be from the truth because what it was measured on is little."""

from bisect import bisect_left
from collections.abc import Callable, Sequence
from functools import lru_cache
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Interval = tuple[float, float]
LEVEL = 0.95
_EXACT = 1e-16


def share_interval(found: int, rows: int, level: float = LEVEL) -> Interval:
    """Interval of a share of which `found` of `rows` images were seen: accuracy, recall, precision.

    Blaker's exact interval, "Confidence curves and improved exact confidence intervals for discrete
    distributions", Canadian Journal of Statistics 28 (2000): every share under which what was
    found, and all that is at least as unusual, has a chance above 1 - `level`. Returns (low, high)
    as fractions, which hold the truth at least `level` of the time whatever it is, and lie inside
    Clopper and Pearson's. Raises ValueError where `found` is not among 0 to `rows`, or rows is 0.
    """
    if not 0 <= found <= rows or not rows:
        raise ValueError(f"a share needs images, and not more found than there are: {found}/{rows}")
    return 1 - _highest_share(rows - found, rows, level), _highest_share(found, rows, level)


def class_intervals(confusion: NDArray[np.int64]) -> list[dict[str, Interval | None]]:
    """Of each class's `precision_interval` and `recall_interval`.

    confusion: (classes, classes) counts, rows truth. None where nothing is called so, or is there.
    """
    named = {"precision_interval": confusion.sum(axis=0), "recall_interval": confusion.sum(axis=1)}
    return [
        {
            name: share_interval(int(hits), int(rows[label])) if rows[label] else None
            for name, rows in named.items()
        }
        for label, hits in enumerate(confusion.diagonal())
    ]


_FOLDED = 1.5
"""How much larger the variance of a share is out of fold than on rows that one model is asked
about: each fold has another model, most of whose rows the others have, too, and the model that
stays is yet another. Nadeau and Bengio, "Inference for the generalization error", Machine Learning
52 (2003), arrive at 2.25 for five folds at most. By this, intervals of the models that five folds
choose hold as they should (benchmarks/folds.py)."""


def out_of_fold_interval(share: float, interval: Interval) -> Interval:
    """For the share of all such images that a model of all rows gets right, where `share` were
    right out of fold. interval: as of rows that one model is asked about."""
    wider = sqrt(_FOLDED)
    low, high = (share + wider * (end - share) for end in interval)
    return max(0.0, low), min(1.0, high)


@lru_cache(maxsize=100_000)
def _highest_share(found: int, rows: int, level: float) -> float:
    """The upper end of Blaker's interval.

    The upper tail that is as unusual as the lower one starts at some count, which rises with the
    share. Between two of these steps the sum of both tails is largest at an end, so that the one
    step before Clopper and Pearson's end and the stretch after it are all there is to look at.
    """
    from scipy.special import bdtr, bdtrc, betaincinv  # noqa: PLC0415 - studies are read without it

    if found == rows:
        return 1.0
    rare = 1 - level
    most = float(betaincinv(found + 1, rows - found, 1 - rare / 2))
    counts = range(found + 1, rows + 1)
    reached = bisect_left(counts, True, key=lambda count: bdtrc(count - 1, rows, most) <= rare / 2)
    step = counts[reached] - 1 if reached < len(counts) else rows

    def tails(share: float) -> float:
        above = bdtrc(step, rows, share) if step < rows else 0.0
        return float(bdtr(found, rows, share) + above)

    start = _root(lambda share: bdtr(found, rows, share) - bdtrc(step - 1, rows, share), 0.0, most)
    return _root(lambda share: tails(share) - rare, start, most) if tails(start) > rare else start


def _root(falling: Callable[[float], float], low: float, high: float) -> float:
    """Where it crosses 0; the end that is nearer where rounding lets it cross nowhere between."""
    from scipy.optimize import brentq  # noqa: PLC0415 - studies are read without it

    if falling(low) <= 0:
        return low
    if falling(high) >= 0:
        return high
    return float(brentq(falling, low, high, xtol=_EXACT))


def fault_quantile(mean: float, variance: float, share: float, ends_at_1: bool) -> float:
    """Of a beta distribution with this mean and variance, or a gamma where it has no end at 1.

    What a count of faults, each of so much, may be in truth; the mean where it does not vary.
    """
    from scipy.special import betaincinv, gammaincinv  # noqa: PLC0415 - studies are read without it

    if not mean or not variance:
        return mean
    if not ends_at_1:
        return float(gammaincinv(mean**2 / variance, share) * variance / mean)
    if mean >= 1:
        return 1.0
    rows = mean * (1 - mean) / variance
    return float(betaincinv(mean * rows, (1 - mean) * rows, share))


def paired_difference(only_one: int, only_other: int, rows: int, level: float = LEVEL) -> Interval:
    """Interval of the difference of two accuracies that were measured on the same images.

    only_one, only_other: images that only the one, only the other model gets right; rows: all
    images. Returns (low, high) of the one's accuracy less the other's, as fractions. This is
    Wald's interval for matched pairs after one image is added to each of these two counts, and two
    to all: Bonett and Price, "Adjusted Wald confidence interval for a difference of binomial
    proportions based on paired data", Journal of Educational and Behavioral Statistics 37 (2012).
    Raises ValueError without images.
    """
    if rows < 1:
        raise ValueError("a difference needs at least one image")
    one, other = (only_one + 1) / (rows + 2), (only_other + 1) / (rows + 2)
    difference = one - other
    half = normal_quantile(level) * sqrt((one + other - difference**2) / (rows + 2))
    return max(-1.0, difference - half), min(1.0, difference + half)


def normal_quantile(level: float) -> float:
    """How many deviations hold `level` of a normal distribution."""
    return NormalDist().inv_cdf((1 + level) / 2)


def t_quantile(level: float, freedom: float) -> float:
    """As `normal_quantile`, of Student's distribution."""
    from scipy.special import stdtrit  # noqa: PLC0415 - studies are read without it

    return float(stdtrit(freedom, (1 + level) / 2))


def holds(interval: Sequence[float], value: float = 0.0) -> bool:
    low, high = interval
    return bool(low <= value <= high)
