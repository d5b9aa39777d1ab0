"""How far a figure may be from the truth because what it was measured on is little."""

from collections.abc import Sequence
from math import sqrt
from statistics import NormalDist

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
