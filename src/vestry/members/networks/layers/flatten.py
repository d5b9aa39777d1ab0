"""An image becomes a vector."""

import math
from typing import Literal

from vestry.members.networks.block import Block, Tensor
from vestry.members.networks.layer import Layer, Nodes, Place, Shape, Value, register
from vestry.members.networks.own_weights import Own


@register("flatten")
class Flatten(Layer):
    """An image becomes a vector, row by row, channels fastest."""

    flatten: Literal[True]

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        return (math.prod(shape),)

    def blocks(self, place: Place) -> list[Block]:
        return [_FlattenBlock()]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        return x.reshape(len(x), -1)

    def nodes(self, to: Nodes, value: Value) -> Value:
        return to.flat(value)


class _FlattenBlock(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.shape = x.shape
        return x.reshape(len(x), -1)

    def backward(self, gradient: Tensor) -> Tensor:
        return gradient.view(self.shape)
