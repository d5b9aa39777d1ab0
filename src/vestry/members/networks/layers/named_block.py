"""Layers that are known together by a name."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

from vestry.members.networks.activations import Activation
from vestry.members.networks.geometry import Size
from vestry.members.networks.layer import Count, Layer, register
from vestry.members.networks.layers.activation import Activated
from vestry.members.networks.layers.add import Add
from vestry.members.networks.layers.batch_norm import BatchNorm
from vestry.members.networks.layers.conv import Conv
from vestry.members.networks.layers.depthwise import Depthwise

_NARROWER = 4
"""Times, in a bottleneck's middle."""


@register("block")
class NamedBlock(Layer):
    """Convolutions with batch normalisation after (or before) each, ending in `filters` channels;
    the first one that is wider than a pixel has the stride.
    """

    block: Literal["residual", "preactivation", "bottleneck", "separable"]
    filters: Count
    kernel: Size = 3
    stride: Size = 1
    activation: Activation = "relu"

    def expanded(self) -> Sequence[Layer]:
        return _BLOCKS[self.block](self)


def _residual(by: NamedBlock) -> list[Layer]:
    """The plain block of residual networks (He, Zhang, Ren and Sun, 2016)."""
    first = [_conv(by.filters, by.kernel, by.stride), _NORM, Activated(activation=by.activation)]
    return [_sum([*first, _conv(by.filters, by.kernel), _NORM], by.activation)]


def _preactivation(by: NamedBlock) -> list[Layer]:
    """With normalisation and activation before each convolution (the same, later in 2016)."""
    before = [_NORM, Activated(activation=by.activation)]
    first = [*before, _conv(by.filters, by.kernel, by.stride)]
    return [_sum([*first, *before, _conv(by.filters, by.kernel)], "none")]


def _bottleneck(by: NamedBlock) -> list[Layer]:
    """Through a quarter of the channels and back, the stride in the middle."""
    narrow = max(by.filters // _NARROWER, 1)
    acts = Activated(activation=by.activation)
    middle = [_conv(narrow, by.kernel, by.stride), _NORM, acts]
    inner = [_conv(narrow, 1), _NORM, acts, *middle, _conv(by.filters, 1), _NORM]
    return [_sum(inner, by.activation)]


def _separable(by: NamedBlock) -> list[Layer]:
    """Each channel by itself, then all of each pixel (Howard and others, MobileNets, 2017); nothing
    is added.
    """
    acts = Activated(activation=by.activation)
    each = Depthwise(depthwise=1, kernel=by.kernel, stride=by.stride, **_PLAIN)
    return [each, _NORM, acts, _conv(by.filters, 1), _NORM, acts]


_BLOCKS: dict[str, Callable[[NamedBlock], list[Layer]]] = {
    "residual": _residual,
    "preactivation": _preactivation,
    "bottleneck": _bottleneck,
    "separable": _separable,
}
_NORM = BatchNorm(batch_norm=True)
_PLAIN: dict[str, Any] = {"padding": "same", "activation": "none", "bias": False}


def _conv(filters: int, kernel: Size, stride: Size = 1) -> Conv:
    return Conv(conv=filters, kernel=kernel, stride=stride, **_PLAIN)


def _sum(inner: list[Layer], activation: Activation) -> Add:
    return Add(add=tuple(inner), activation=activation)
