"""What looking often does to the best figure, by chance alone."""

from math import sqrt
from statistics import NormalDist


def best_of(looks: int, accuracy: float, rows: int) -> float:
    """How far the best of `looks` equally good models lies above their true accuracy on average.

    A share of 1. accuracy: of each of them; rows: test images. Each is taken as a draw of its own,
    so that this is the most that chance does: models that err on the same images move less. The
    mean of the largest of n normal values is by Blom (1958), "Statistical estimates and transformed
    beta-variables".
    """
    if looks < 2:
        return 0.0
    highest = NormalDist().inv_cdf((looks - 0.375) / (looks + 0.25))
    return highest * sqrt(accuracy * (1 - accuracy) / rows)
