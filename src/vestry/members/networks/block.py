"""What every block of a network can do, and the parameters that blocks learn.

Blocks are written by hand, forward and backward, instead of left to autograd: at the batch sizes
of small networks most of autograd's time is bookkeeping, and a hand-written pass may share
the patches of a convolution, pool before the activation, and write gradients where the optimizer
reads them. Each block's backward is tested against autograd.

Images are (n, height, width, channels), vectors (n, features), both contiguous. Between `forward`
with `training=True` and `backward`, a block keeps what it needs. The gradient that a block
returns has the type of the input that it took, whatever the block computes in.

Blocks stand in the files of their layers, which a study is read with, so torch is imported when
something of it is first used: `from vestry.members.networks.block import Tensor, torch`.
"""

import importlib
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch as torch  # noqa: PLC0414 - passed on
    from torch import Tensor as Tensor  # noqa: PLC0414
    from torch.nn import functional as functional  # noqa: PLC0414
else:

    class _Later:
        """A module that is imported when something of it is first asked for, and then kept."""

        def __init__(self, name):
            self._name = name

        def __getattr__(self, name):
            if name.startswith("__"):  # somebody only looks at what this is
                raise AttributeError(name)
            found = getattr(importlib.import_module(self._name), name)
            setattr(self, name, found)
            return found

    torch, functional, Tensor = _Later("torch"), _Later("torch.nn.functional"), Any

_ALIGNMENT = 16
"""Parameters start at multiples of this many numbers: 64 bytes, a cache line and an AVX-512
register.
"""


@dataclass(frozen=True)
class ParameterSpec:
    """A parameter of a block before it is there.

    fans: inputs and outputs of one value, for one that starts at random (Glorot and Bengio, 2010);
    None for one that starts at `start`.
    """

    shape: tuple[int, ...]
    fans: tuple[int, int] | None = None
    start: float = 0.0


@dataclass(frozen=True)
class Parameter:
    """Views of one parameter: its value, its bfloat16 copy, and the gradient of the batch's mean
    loss.
    """

    value: Tensor
    half: Tensor
    gradient: Tensor

    def as_type(self, dtype: "torch.dtype") -> Tensor:
        return self.half if dtype == torch.bfloat16 else self.value


class ParameterVector:
    """`values`, `halves` and `gradients` hold every parameter end to end, padded to cache lines, so
    that an optimizer step is one kernel call.

    Values and gradients are float32 unless `dtype` says otherwise. `halves` is a bfloat16 copy of
    the values for the layers that compute in it; `refresh` brings it up to date after each step.
    """

    def __init__(
        self,
        shapes: Sequence[tuple[int, ...]],
        dtype: "torch.dtype | None" = None,
        device: str = "cpu",
    ) -> None:
        sizes = [math.prod(shape) for shape in shapes]
        padded = [-(-size // _ALIGNMENT) * _ALIGNMENT for size in sizes]
        starts = [sum(padded[:index]) for index in range(len(padded))]
        self.values = torch.zeros(sum(padded), dtype=dtype or torch.float32, device=device)
        self.halves = torch.zeros_like(self.values, dtype=torch.bfloat16)
        self.gradients = torch.zeros_like(self.values)
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


class Block:
    """One step of a network; `backward` follows the `forward` of the same batch."""

    specs: Mapping[str, ParameterSpec] = {}
    """Its trainable parameters, by the names that files and attributes have for them."""
    measures = False
    """Whether it predicts by statistics that are measured over training rows, once they are
    learnt from."""

    @property
    def filter_bank(self) -> Parameter | None:
        """Its filters, where each sees all of several channels: the matrix (inputs, filters) for
        optimizers that go by matrices. None where it has no such.
        """
        return None

    def bind(self, parameters: Mapping[str, Parameter]) -> None:
        """Take the views that hold its parameters, as attributes; once, before the first batch."""
        if parameters.keys() != self.specs.keys():
            raise ValueError(f"parameters {list(self.specs)} expected, {list(parameters)} given")
        for name, parameter in parameters.items():
            setattr(self, name, parameter)

    def state(self) -> dict[str, Tensor]:
        """Tensors that are learnt but not trained, to be stored and restored in place."""
        return {}

    def seed(self, random: np.random.Generator) -> None:
        """Draw what is drawn in training from `random` from now on."""

    def start_measuring(self) -> None:
        """Take statistics from all rows that pass through `forward`, without training, from now."""

    def stop_measuring(self) -> None:
        """Predict by what was measured."""

    def forward(self, x: Tensor, training: bool) -> Tensor:
        raise NotImplementedError

    def differentiable(self, x: Tensor, weights: Sequence[Tensor]) -> Tensor:
        """What it computes, by operations that autograd follows; NotImplementedError where it has
        no such form. weights: in the order of `specs`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no form that autograd follows")

    def backward(self, gradient: Tensor) -> Tensor | None:
        """Store the parameters' gradients; return the input's, or None where nobody needs it."""
        raise NotImplementedError


class JoinBlock(Block):
    """Takes an earlier output too: the network sets `other` before `forward`, and reads
    `other_gradient`, of its shape or flattened, after `backward`.
    """

    other: Tensor
    other_gradient: Tensor


# Blocks that multiply matrices: how is decided by trial.


@dataclass(frozen=True)
class Computation:
    """How a layer's products are computed in training; `precision.py` finds it by trial.

    compute: fp32 or bf16; fp64 is what these are held against. method: one of the block's own.
    """

    compute: str = "fp32"
    method: str = "fold"

    @property
    def dtype(self) -> "torch.dtype":
        return {"fp32": torch.float32, "bf16": torch.bfloat16, "fp64": torch.float64}[self.compute]


PLAIN = Computation()


class ProductBlock(Block):
    """A block that multiplies matrices, in training as `computation` says; inference is always in
    float32.

    input_shape: of one row. needs_input_gradient: False where nothing before it learns.
    """

    def __init__(
        self, input_shape: tuple[int, ...], computation: Computation, needs_input_gradient: bool
    ) -> None:
        self.input_shape = input_shape
        self.dtype = computation.dtype
        self.needs_input_gradient = needs_input_gradient

    @property
    def methods(self) -> tuple[str, ...]:
        """The ways to compute it that are worth a trial."""
        return ("fold",)

    def computed(self, computation: Computation) -> "ProductBlock":
        """The same block, computed otherwise."""
        raise NotImplementedError

    def trial_key(self) -> dict[str, Any]:
        """What the fastest way depends on, JSON-able; kept trials are found by it."""
        shapes = [spec.shape for spec in self.specs.values()]
        # "first" is what trials say that machines have kept already
        return {"shapes": shapes, "first": not self.needs_input_gradient}


def store_product(target: Tensor, left: Tensor, right: Tensor) -> None:
    """target = left @ right, where target is float32 and the factors may not be."""
    if left.dtype == target.dtype:
        torch.mm(left, right, out=target)
    else:
        target.copy_(left @ right)
