"""The moving average of a network's weights, which is what is validated and kept."""

import contextlib
from collections.abc import Iterator

from torch import Tensor


class MovingAverage:
    """Of `values`, which change in place; `decay` of it stays at every step.

    In the first steps less of it stays, (1 + steps) / (10 + steps), so that it does not begin with
    weights that nothing has learnt yet (as TensorFlow's ExponentialMovingAverage has it).
    """

    def __init__(self, values: Tensor, decay: float) -> None:
        self.values = values
        self.decay = decay
        self.mean = values.clone()

    def add(self, steps: int) -> None:
        """Take the values after so many steps."""
        kept = min(self.decay, (1 + steps) / (10 + steps))
        self.mean.lerp_(self.values, 1 - kept)

    @contextlib.contextmanager
    def in_place(self) -> Iterator[None]:
        """The values are the average meanwhile, and what they were afterwards."""
        own = self.values.clone()
        self.values.copy_(self.mean)
        try:
            yield
        finally:
            self.values.copy_(own)
