"""The smallest difference of two accuracies that so many images can show."""

from collections.abc import Sequence
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL, normal_quantile

Right = NDArray[np.bool_]
LEAST_DISCORDANT = 6
"""So many images, all won by one of two, are the fewest that McNemar's test tells from chance."""
NEXT = 3


def resolution(rights: Sequence[Right]) -> dict[str, Any] | None:
    """`rows`, and `difference`: about the smallest that they show between the first and the next.

    rights: (rows,) of each maker, whether it is right, in the order of the ranking. Of the three
    that follow the first, the one that differs from it on most images counts. None for fewer than
    two makers.
    """
    if len(rights) < 2:
        return None
    first, rows = rights[0], len(rights[0])
    differ = max(int((first != other).sum()) for other in rights[1 : 1 + NEXT])
    return {"rows": rows, "difference": smallest_shown(differ, rows)}


def smallest_shown(differ: int, rows: int) -> float:
    """A share in 0..1. differ: images that only one of two gets right.

    From there on McNemar's test is under 0.05, by its normal approximation, and never under six
    images: 2 * 0.5^6 is the first below. 1 where even all images would not do.
    """
    normal = normal_quantile(LEVEL) * sqrt(differ) / rows
    return min(1.0, max(LEAST_DISCORDANT / rows, normal))
