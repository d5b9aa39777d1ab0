"""Whether a model is shown to lie within a margin of another one, on the same images."""

from functools import lru_cache
from math import sqrt

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Counts = NDArray[np.int64]

_NUISANCES = 120
"""At so many values the share is tried that only the other model gets right, which is not known."""
_DEVIATIONS = 9.0
_ROUNDING = 1e-9


@lru_cache(maxsize=4096)
def within_margin(only_best: int, only_other: int, rows: int, margin: float) -> float:
    """One-sided p that the other is `margin` or more behind the best; small: shown that it is not.

    only_best, only_other: images of `rows` that only the best, only the other gets right. margin: a
    share in 0..1; nothing is ever shown to be within 0.

    An exact unconditional test: outcomes are ordered by the score of Tango, "Equivalence test and
    confidence interval for the difference in proportions for the paired-sample design", Statistics
    in Medicine 17 (1998), and p is the largest chance of one as extreme, over all shares that only
    the other may get right: Hsueh, Liu and Chen, "Unconditional exact tests for equivalence or
    noninferiority for paired binary endpoints", Biometrics 57 (2001). So it keeps its level with
    few images, where the score's normal approximation does not: no difference on n images shows a
    margin of 0.01 from n = 299 on, where 0.99^n falls under 0.05. Raises ValueError for counts
    that cannot be.
    """
    if min(only_best, only_other) < 0 or only_best + only_other > rows or rows < 1:
        raise ValueError(f"of {rows} images {only_best} and {only_other} cannot differ")
    if margin <= 0 or only_best - only_other >= margin * rows:
        return 1.0
    best, other = np.array([only_best]), np.array([only_other])
    reached = float(_score(best, other, rows, margin)[0]) - _ROUNDING
    most = _most_only_best(rows, margin, reached)
    shares = [0.0, *np.geomspace(0.01 / rows, (1 - margin) / 2, _NUISANCES).tolist()]
    return min(1.0, max(_chance(most, rows, margin, share) for share in shares))


def _score(only_best: Counts, only_other: Counts, rows: int, margin: float) -> Floats:
    """Tango's score: above 0 where the best is less than `margin` ahead."""
    linear = only_best + only_other + (only_best - only_other - 2 * rows) * margin
    root = np.sqrt(linear**2 + 8 * rows * only_other * margin * (1 - margin))
    # The share that only the other gets right, most likely were the difference the margin.
    share = np.maximum((linear + root) / (4 * rows), 0.0)
    spread = np.sqrt(rows * (2 * share + margin * (1 - margin)))
    return np.asarray((rows * margin - only_best + only_other) / spread)


def _most_only_best(rows: int, margin: float, reached: float) -> Counts:
    """(rows + 1,) by the number of images on which the two differ: the most of them that only the
    best may get right for a score of `reached` or more; -1 where none does."""
    differ = np.arange(rows + 1)
    low, high = np.full(rows + 1, -1), differ.copy()
    while (low < high).any():
        middle = (low + high + 1) // 2
        enough = _score(middle, differ - middle, rows, margin) >= reached
        low, high = np.where(enough, middle, low), np.where(enough, high, middle - 1)
    return low


def _chance(most: Counts, rows: int, margin: float, share: float) -> float:
    """Of an outcome as extreme, where only the other gets `share` right and the best is `margin`
    ahead."""
    from scipy.special import bdtr, gammaln, xlog1py, xlogy  # noqa: PLC0415 - studies are read without it

    both = min(1.0, 2 * share + margin)
    reach = _DEVIATIONS * sqrt(rows * both * (1 - both)) + _DEVIATIONS**2
    first, last = max(0, int(rows * both - reach)), min(rows, int(rows * both + reach))
    differ = np.arange(first, last + 1)
    ways = gammaln(rows + 1) - gammaln(differ + 1) - gammaln(rows - differ + 1)
    weights = np.exp(ways + xlogy(differ, both) + xlog1py(rows - differ, -both))
    kept = most[first : last + 1]
    below = np.where(kept < 0, 0.0, bdtr(np.maximum(kept, 0), differ, (share + margin) / both))
    return float(weights @ below)
