"""What explaining a member may cost, and what its answers cost."""

import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""Raw images (n, height, width[, 3]) to probabilities (n, classes)."""


class Budget:
    """So many seconds, from its making on."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self.clock = clock
        self.end = clock() + seconds

    def left(self) -> float:
        return self.end - self.clock()

    def answer_seconds(self, predict: Predict, images: NDArray[np.uint8]) -> float:
        """What `predict` takes for one of `images` when all are given at once.

        The first call, in which libraries make themselves ready, is not counted.
        """
        predict(images[:1])
        started = self.clock()
        predict(images)
        return (self.clock() - started) / len(images)
