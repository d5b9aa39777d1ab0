"""Whether two ways of computing the same model answer alike."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_TIE = 1e-6
"""Classes whose probabilities are nearer than this tie: a forest of 30 trees may be for two of them
15 to 15, and which comes first then hangs on the order in which somebody adds."""


@dataclass(frozen=True)
class SameAnswers:
    """equal: rows of the same answer, `ties` among them: the classes that differ tie there."""

    equal: int
    ties: int


def same_answers(given: NDArray[np.float32], wanted: NDArray[np.float32]) -> SameAnswers:
    """given, wanted: (n, classes) probabilities of the same rows, `wanted` those of the source."""
    rows = np.arange(len(wanted))
    said = given.argmax(axis=1)
    same = said == wanted.argmax(axis=1)
    tied = ~same & (wanted.max(axis=1) - wanted[rows, said] < _TIE)
    return SameAnswers(int((same | tied).sum()), int(tied.sum()))
