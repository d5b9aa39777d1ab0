"""One layer tried on fixed random values: how far off it is, and how long it takes."""

import math
import time

import torch
from torch import Tensor

from vestry.members.networks.assembly import Computation
from vestry.members.networks.blocks.block import Block
from vestry.members.networks.blocks.convolution import Convolution
from vestry.members.networks.blocks.dense import Dense
from vestry.members.networks.parameters import ParameterVector

ROUNDS, SECONDS = 8, 0.02
"""Each candidate is timed in so many turns of about so long; its fastest turn counts."""


def fastest_turns(trials: dict[Computation, "Trial"]) -> dict[Computation, float]:
    repeats = {c: max(1, int(SECONDS / trial.turn(2))) for c, trial in trials.items()}
    times = dict.fromkeys(trials, float("inf"))
    for _ in range(ROUNDS if len(trials) > 1 else 1):
        for computation, trial in trials.items():
            times[computation] = min(times[computation], trial.turn(repeats[computation]))
    return times


class Trial:
    """One block on fixed random values: images in [0, 1], gradients and weights around zero."""

    def __init__(
        self, block: Convolution | Dense, computation: Computation, batch_size: int
    ) -> None:
        random = torch.Generator().manual_seed(0)
        dtype = computation.compute
        self.block = rebuilt(block, computation)
        vector = ParameterVector(
            block.shapes, torch.float64 if dtype == torch.float64 else torch.float32
        )
        inputs = block.shapes[0][0]
        for parameter in vector.parameters:
            parameter.value.copy_(
                torch.randn(parameter.value.shape, generator=random) / inputs**0.5
            )
        vector.refresh()
        self.parameters = vector.parameters
        self.block.bind(self.parameters)
        geometry = getattr(block, "geometry", None)
        shape = (inputs,) if geometry is None else geometry.image
        self.input = torch.rand((batch_size, *shape), generator=random).to(dtype)
        output = self.block.forward(self.input, training=True)
        self.gradient = torch.randn(output.shape, generator=random).to(dtype)

    def run(self) -> list[Tensor]:
        output = self.block.forward(self.input, training=True)
        back = self.block.backward(self.gradient)
        results = [output, *(parameter.gradient for parameter in self.parameters)]
        return results if back is None else [*results, back]

    def turn(self, repeats: int) -> float:
        """Seconds a run."""
        start = time.perf_counter()
        for _ in range(repeats):
            self.block.forward(self.input, training=True)
            self.block.backward(self.gradient)
        return (time.perf_counter() - start) / repeats


def rebuilt(block: Convolution | Dense, computation: Computation) -> Block:
    if isinstance(block, Dense):
        inputs, units = block.shapes[0]
        return Dense(inputs, units, computation.compute, block.first)
    return computation.convolution(block.geometry, block.filters, block.first)


def relative_error(results: list[Tensor], reference: list[Tensor]) -> float:
    """The largest over outputs and gradients of |result - reference| / |reference|; infinite for
    NaN.
    """
    errors = [
        float((result.double() - exact).norm() / exact.norm())
        for result, exact in zip(results, reference, strict=True)
    ]
    worst = max(errors)
    return float("inf") if any(map(math.isnan, errors)) else worst
