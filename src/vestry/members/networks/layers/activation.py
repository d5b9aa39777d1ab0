"""An activation as a layer of its own, such as after batch normalisation."""

from vestry.members.networks.activations import (
    ACTIVATIONS,
    Activation,
    activated,
    activation_node,
)
from vestry.members.networks.block import Block, Tensor
from vestry.members.networks.layer import Layer, Nodes, Place, Value, register
from vestry.members.networks.own_weights import Own


@register("activation")
class Activated(Layer):
    """A function of each value."""

    activation: Activation

    def blocks(self, place: Place) -> list[Block]:
        """What it leaves alone, others may read: the layer before kept it, or a later one joins it
        in.
        """
        kind = ACTIVATIONS[self.activation]
        if kind is None:
            return []
        block = kind()
        block.keeps_input = True
        return [block]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        return activated(self.activation, x)

    def nodes(self, to: Nodes, value: Value) -> Value:
        return Value(activation_node(to, self.activation, value.name), value.shape, value.layout)
