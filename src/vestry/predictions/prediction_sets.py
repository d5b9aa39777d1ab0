"""Thresholds on probabilities, at work: which classes are likely enough to stand in an answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

_LAST_DIGITS = 1e-5
"""By so much the probabilities of an exported file may differ from those it was made from."""


def just_below(value: float, next_lower: float) -> float:
    """A threshold that takes what is as high as `value`, and not what is only `next_lower`.

    Forests and votes give the same few values to many images. Were `value` itself the threshold,
    another runtime's last digit would turn all of these away.
    """
    return value - min(_LAST_DIGITS, (value - next_lower) / 2)


def prediction_sets(
    probabilities: NDArray[np.float32], thresholds: Sequence[float]
) -> NDArray[np.bool_]:
    """(n, classes), which classes each row's set holds: those whose probability is not below the
    class's threshold, and always the most probable one, so that no set is empty.

    probabilities: (n, classes). thresholds: one a class.
    """
    held = probabilities >= np.asarray(thresholds, dtype=np.float64)
    held[np.arange(len(held)), probabilities.argmax(axis=1)] = True
    return np.asarray(held)
