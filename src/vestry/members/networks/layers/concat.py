"""An earlier layer's output joined to the current vector."""

import math

from vestry.members.networks.block import Block, JoinBlock, Tensor, torch
from vestry.members.networks.layer import (
    Layer,
    Nodes,
    Place,
    Shape,
    Value,
    describe,
    register,
)
from vestry.members.networks.own_weights import Own


@register("concat")
class Concat(Layer):
    """Puts an earlier layer's output, flattened, in front of the current vector."""

    concat: str

    @property
    def joins(self) -> str:
        return self.concat

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        if len(shape) != 1:
            raise ValueError(
                f"concat joins flat vectors, but a {describe(shape)} image arrives; "
                "put { flatten = true } before it"
            )
        return (shape[0] + math.prod(joined),)

    def blocks(self, place: Place) -> list[Block]:
        return [_ConcatBlock()]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        assert joined is not None  # noqa: S101 - for the type checker
        return torch.cat((joined.reshape(len(x), -1), x), 1)

    def nodes(self, to: Nodes, value: Value) -> Value:
        assert to.joined is not None  # noqa: S101 - for the type checker
        names = to.flat(to.joined).name, to.flat(value).name
        return Value(to.add("Concat", *names, axis=1), to.step.output_shape, "flat")


class _ConcatBlock(JoinBlock):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        front = self.other.reshape(len(x), -1).to(x.dtype)
        self.width = front.shape[1]
        return torch.cat((front, x), 1)

    def backward(self, gradient: Tensor) -> Tensor:
        self.other_gradient = gradient[:, : self.width]
        return gradient[:, self.width :].contiguous()
