"""Layers as another package may bring them: one that learns, one that joins, one that stands for
others, and an activation.
"""

from typing import Any

from pydantic import Field, TypeAdapter

from vestry.members.networks.activations import ActivationBlock, register_activation
from vestry.members.networks.block import (
    Block,
    JoinBlock,
    Parameter,
    ParameterSpec,
    Tensor,
    functional,
)
from vestry.members.networks.layer import Layer, Nodes, Place, Shape, Value, register


@register("gain")
class Gain(Layer):
    """Multiplies each channel by a factor that is learnt; `gain` is where it starts.

    Its `pool` does nothing, but is a layer's name too.
    """

    gain: float = Field(gt=0)
    pool: int = 1

    def parameters(self, shape: Shape) -> tuple[int, int]:
        return shape[-1], shape[-1]

    def blocks(self, place: Place) -> list[Block]:
        return [GainBlock(place.step.input_shape[-1], self.gain)]

    def nodes(self, to: Nodes, value: Value) -> Value:
        shape = (-1, 1, 1) if value.layout == "channels_first" else (-1,)
        factors = to.constant(to.weights_of("factor").reshape(shape), "factor")
        return Value(to.add("Mul", value.name, factors), value.shape, value.layout)


class GainBlock(Block):
    factor: Parameter

    def __init__(self, channels: int, start: float) -> None:
        self.specs = {"factor": ParameterSpec((channels,), start=start)}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.input = x
        return x * self.factor.as_type(x.dtype)

    def backward(self, gradient: Tensor) -> Tensor:
        each = (gradient * self.input).flatten(0, -2).float()
        self.factor.gradient.copy_(each.sum(0))
        return gradient * self.factor.as_type(gradient.dtype)


@register("summed")
class Summed(Layer):
    """Adds an earlier output of the same shape."""

    summed: str

    @property
    def joins(self) -> str:
        return self.summed

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        if shape != joined:
            raise ValueError(f"summed takes outputs of one shape, not {joined} and {shape}")
        return shape

    def blocks(self, place: Place) -> list[Block]:
        return [SummedBlock()]

    def nodes(self, to: Nodes, value: Value) -> Value:
        name = to.add("Add", to.planes(to.joined).name, to.planes(value).name)
        return Value(name, value.shape, "channels_first")


class SummedBlock(JoinBlock):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        return x + self.other.to(x.dtype)

    def backward(self, gradient: Tensor) -> Tensor:
        self.other_gradient = gradient
        return gradient


@register("twice")
class Twice(Layer):
    """A way to write the same layers two times."""

    twice: tuple[dict[str, Any], ...]

    def expanded(self) -> tuple[Layer, ...]:
        from vestry.members.networks.layers import Layers

        return TypeAdapter(Layers).validate_python(self.twice * 2)


@register_activation("softsign")
class Softsign(ActivationBlock):
    operator = "Softsign"

    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.input = x
        return functional.softsign(x)

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient / (1 + self.input.abs()).square()
