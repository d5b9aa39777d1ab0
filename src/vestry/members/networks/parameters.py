"""All parameters of a network in one flat vector, so that an optimizer step is one kernel call."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

ALIGNMENT = 16
"""Parameters start at multiples of this many numbers: 64 bytes, a cache line and an AVX-512
register.
"""


@dataclass(frozen=True)
class Parameter:
    """Views of one parameter: its value, its bfloat16 copy, and the gradient of the batch's mean
    loss.
    """

    value: Tensor
    half: Tensor
    gradient: Tensor

    def as_type(self, dtype: torch.dtype) -> Tensor:
        return self.half if dtype == torch.bfloat16 else self.value


class ParameterVector:
    """`values`, `halves` and `gradients` hold every parameter end to end, padded to cache lines.

    Values and gradients are float32 unless `dtype` says otherwise. `halves` is a bfloat16 copy of
    the values for the layers that compute in it; `refresh` brings it up to date after each step.
    """

    def __init__(
        self, shapes: Sequence[tuple[int, ...]], dtype: torch.dtype = torch.float32
    ) -> None:
        sizes = [math.prod(shape) for shape in shapes]
        padded = [-(-size // ALIGNMENT) * ALIGNMENT for size in sizes]
        starts = [sum(padded[:index]) for index in range(len(padded))]
        self.values = torch.zeros(sum(padded), dtype=dtype)
        self.halves = torch.zeros(sum(padded), dtype=torch.bfloat16)
        self.gradients = torch.zeros(sum(padded), dtype=dtype)
        self.parameters = [
            Parameter(
                *(
                    vector[start : start + size].view(shape)
                    for vector in (self.values, self.halves, self.gradients)
                )
            )
            for shape, size, start in zip(shapes, sizes, starts, strict=True)
        ]

    def refresh(self) -> None:
        self.halves.copy_(self.values)
