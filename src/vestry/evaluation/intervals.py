"""How far a figure may be from the truth because the rows it was measured on are few."""

from math import sqrt
from statistics import NormalDist


def wilson(accuracy: float, rows: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's score interval (Wilson 1927) for an accuracy measured on `rows` images.

    Returns (low, high) as fractions. It stays inside 0..1 and is right near both ends, where the
    textbook interval is not.
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    spread = z * z / rows
    centre = (accuracy + spread / 2) / (1 + spread)
    half = z * sqrt(accuracy * (1 - accuracy) / rows + spread / (4 * rows)) / (1 + spread)
    return max(0.0, centre - half), min(1.0, centre + half)
