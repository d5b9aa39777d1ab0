"""How far a figure may be from the truth because what it was measured on is little."""

from collections.abc import Sequence
from math import ceil, sqrt
from statistics import NormalDist, fmean, variance

Interval = tuple[float, float]
LEVEL = 0.95


def wilson(accuracy: float, rows: int, level: float = LEVEL) -> Interval:
    """Wilson's score interval (Wilson 1927) for an accuracy measured on `rows` images.

    Returns (low, high) as fractions. It stays inside 0..1 and is right near both ends, where the
    textbook interval is not.
    """
    z = normal_quantile(level)
    spread = z * z / rows
    centre = (accuracy + spread / 2) / (1 + spread)
    half = z * sqrt(accuracy * (1 - accuracy) / rows + spread / (4 * rows)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)


def paired_difference(only_one: int, only_other: int, rows: int, level: float = LEVEL) -> Interval:
    """Interval of the difference of two accuracies that were measured on the same images.

    only_one, only_other: images that only the one, only the other model gets right; rows: all
    images. Returns (low, high) of the one's accuracy less the other's, as fractions. This is
    Wald's interval for matched pairs after half an image is added to each cell of the two-by-two
    table: Agresti and Min, "Simple improved confidence intervals for comparing matched
    proportions", Statistics in Medicine 24 (2005). Raises ValueError without images.
    """
    if rows < 1:
        raise ValueError("a difference needs at least one image")
    one, other, total = only_one + 0.5, only_other + 0.5, rows + 2
    difference = (one - other) / total
    half = normal_quantile(level) * sqrt(one + other - (one - other) ** 2 / total) / total
    return max(-1.0, difference - half), min(1.0, difference + half)


def mean_difference(
    values: Sequence[float], others: Sequence[float], level: float = LEVEL
) -> Interval | None:
    """Interval of the difference of two means, values of one seed each (Welch 1947).

    Returns (low, high) of the mean of `values` less that of `others`; the two may differ in
    number and in spread. None where neither moves from seed to seed, so that seeds say nothing of
    chance. Raises ValueError where one of them has fewer than two values.
    """
    if min(len(values), len(others)) < 2:
        raise ValueError("a mean over seeds needs at least two of them")
    one, other = variance(values) / len(values), variance(others) / len(others)
    if not one + other:
        return None
    freedom = (one + other) ** 2 / (one**2 / (len(values) - 1) + other**2 / (len(others) - 1))
    difference, half = fmean(values) - fmean(others), t_quantile(level, freedom) * sqrt(one + other)
    return difference - half, difference + half


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


# How many images McNemar's test would need to see a difference as large as the one found.


FAMILY_LEVEL = 0.05
_POWER = 0.8
_NO_REALISTIC_NUMBER = 10_000_000


def rows_needed(
    only_one: int, only_other: int, rows: int, level: float = FAMILY_LEVEL, power: float = _POWER
) -> int | None:
    """Images in all that show the difference at `level`, two-sided, with probability `power`.

    only_one, only_other: of `rows` images, those that only the one, only the other gets right;
    their shares are taken for the truth. The normal approximation of Connor, "Sample size for
    testing differences in proportions for the paired-sample design", Biometrics 43 (1987). None
    where the two are level, or more than 10 million images would be needed.
    """
    difference = abs(only_one - only_other) / rows
    discordant = (only_one + only_other) / rows
    if not difference:
        return None
    normal = NormalDist()
    chance, success = normal.inv_cdf(1 - level / 2), normal.inv_cdf(power)
    spread = sqrt(discordant - difference**2)
    needed = ((chance * sqrt(discordant) + success * spread) / difference) ** 2
    return ceil(needed) if needed <= _NO_REALISTIC_NUMBER else None
