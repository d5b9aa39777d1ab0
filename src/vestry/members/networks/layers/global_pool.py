"""Average or maximum over a whole channel."""

from typing import Literal

from vestry.members.networks.block import Block, Tensor
from vestry.members.networks.layer import (
    Layer,
    Nodes,
    Place,
    Shape,
    Value,
    register,
    require_image,
)
from vestry.members.networks.own_weights import Own


@register("global_pool")
class GlobalPool(Layer):
    """Each channel becomes one number."""

    global_pool: Literal["average", "max"]

    @property
    def operator(self) -> str:
        """Its ONNX node."""
        return "GlobalAveragePool" if self.global_pool == "average" else "GlobalMaxPool"

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        require_image(shape)
        return (shape[2],)

    def blocks(self, place: Place) -> list[Block]:
        return [_GlobalAveragePool() if self.global_pool == "average" else _GlobalMaxPool()]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        # A maximum's first place takes the gradient, as its block has it; `amax` would share it.
        return x.mean((1, 2)) if self.global_pool == "average" else x.flatten(1, 2).max(1)[0]

    def nodes(self, to: Nodes, value: Value) -> Value:
        name = to.add(self.operator, to.planes(value).name)
        return Value(
            to.graph.reshape(name, -1, *to.step.output_shape), to.step.output_shape, "flat"
        )


class _GlobalAveragePool(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.shape = x.shape
        return x.mean((1, 2))

    def backward(self, gradient: Tensor) -> Tensor:
        n, height, width, channels = self.shape
        spread = gradient.div(height * width).view(n, 1, 1, channels)
        return spread.expand(self.shape).contiguous()


class _GlobalMaxPool(Block):
    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.shape = x.shape
        y, places = x.flatten(1, 2).max(1)
        self.places = places
        return y

    def backward(self, gradient: Tensor) -> Tensor:
        n, height, width, channels = self.shape
        spread = gradient.new_zeros(n, height * width, channels)
        spread.scatter_(1, self.places.unsqueeze(1), gradient.unsqueeze(1))
        return spread.view(self.shape)
