"""How many images McNemar's test would need to see a difference as large as the one found."""

from math import ceil, sqrt
from statistics import NormalDist
from typing import Final

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.paired_tests import FEW_DISCORDANT

POWER: Final = 0.8
MOST_ROWS: Final = 10_000_000
_EXACT_UP_TO = 20_000
"""Discordant pairs; with more of them the normal approximation is as good."""
_DEVIATIONS = 8.0
_STEP = 1.01


def rows_needed(
    only_one: int, only_other: int, rows: int, level: float, power: float = POWER
) -> int | None:
    """Images in all that show the difference at `level`, two-sided, with probability `power`.

    only_one, only_other: of `rows` images, those that only the one, only the other gets right;
    their shares are taken for the truth. Where the normal approximation of Connor ("Sample size for
    testing differences in proportions for the paired-sample design", Biometrics 43, 1987) falls
    short, as it does where a few images decide, more are taken until the test that is made here has
    the power. None where the two are level, or more than 10 million images would be needed.
    """
    one, other = only_one / rows, only_other / rows
    if one == other:
        return None
    needed = _connor(one, other, level, power)
    while needed * (one + other) <= _EXACT_UP_TO and _power(one, other, needed, level) < power:
        needed = ceil(_STEP * needed)
    return needed if needed <= MOST_ROWS else None


def _connor(one: float, other: float, level: float, power: float) -> int:
    normal, difference, discordant = NormalDist(), abs(one - other), one + other
    chance, success = normal.inv_cdf(1 - level / 2), normal.inv_cdf(power)
    spread = sqrt(discordant - difference**2)
    return ceil(((chance * sqrt(discordant) + success * spread) / difference) ** 2)


def _power(one: float, other: float, rows: int, level: float) -> float:
    """The chance that McNemar's test is below `level` on so many images. one, other: the shares
    that only the one, only the other gets right."""
    from scipy.special import bdtr, gammaln, xlog1py, xlogy  # noqa: PLC0415 - studies are read without it

    both = min(1.0, one + other)
    reach = _DEVIATIONS * sqrt(rows * both * (1 - both)) + _DEVIATIONS**2
    first, last = max(0, int(rows * both - reach)), min(rows, int(rows * both + reach))
    differ = np.arange(first, last + 1)
    ways = gammaln(rows + 1) - gammaln(differ + 1) - gammaln(rows - differ + 1)
    weights = np.exp(ways + xlogy(differ, both) + xlog1py(rows - differ, -both))
    few = _most_of_fewer(differ, level)
    share = one / both
    seen = bdtr(np.maximum(few, 0), differ, share) + bdtr(np.maximum(few, 0), differ, 1 - share)
    return float(weights @ np.where(few < 0, 0.0, seen))


def _most_of_fewer(differ: NDArray[np.int64], level: float) -> NDArray[np.int64]:
    """Of so many discordant images, the most that the loser may win for a p below `level`; -1 where
    none is."""
    low, high = np.full(len(differ), -1), differ // 2
    while (low < high).any():
        middle = (low + high + 1) // 2
        enough = _mcnemar_p(middle, differ) < level
        low, high = np.where(enough, middle, low), np.where(enough, high, middle - 1)
    return low


def _mcnemar_p(few: NDArray[np.int64], differ: NDArray[np.int64]) -> NDArray[np.float64]:
    """`paired_tests.mcnemar` of many counts at once."""
    from scipy.special import bdtr  # noqa: PLC0415 - studies are read without it

    up_to, below = (
        bdtr(few, differ, 0.5),
        np.where(few > 0, bdtr(np.maximum(few - 1, 0), differ, 0.5), 0.0),
    )
    return np.asarray(np.where(differ < FEW_DISCORDANT, 2 * up_to, up_to + below))
