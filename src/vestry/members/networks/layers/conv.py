"""Two-dimensional convolution."""

import math
from typing import ClassVar, Literal, Self

from pydantic import model_validator

from vestry.members.networks.activations import (
    ACTIVATIONS,
    Activation,
    activated,
    activation_blocks,
    activation_node,
)
from vestry.members.networks.block import Block, Tensor, functional
from vestry.members.networks.convolution import Filters, convolution
from vestry.members.networks.geometry import (
    Border,
    Geometry,
    Pair,
    Size,
    pair,
    require_room,
    same_padding,
)
from vestry.members.networks.layer import (
    Count,
    Layer,
    Nodes,
    Place,
    Shape,
    TracedLayer,
    Value,
    register,
    require_image,
)
from vestry.members.networks.layers.pool import Pool
from vestry.members.networks.own_weights import Own
from vestry.members.networks.padding import (
    PadBlock,
    PaddingMode,
    pad_node,
    padded,
    require_pixels,
)

_FEW_FILTERS = 16
"""Below this, torch's max pool, which takes 16 channels at a time, is far slower than `WindowMax`.
"""


class Convolving(Layer):
    """What all layers that convolve have in common; how many filters there are, and how many groups
    they form, each says of itself.
    """

    newer: ClassVar[frozenset[str]] = frozenset({"padding_mode", "bias"})

    kernel: Size
    stride: Size = 1
    padding: Literal["valid", "same"] | Border = "valid"
    activation: Activation = "relu"
    padding_mode: PaddingMode = "zeros"
    bias: bool = True

    @property
    def window(self) -> Pair:
        """Sides of its kernel."""
        return pair(self.kernel)

    def filters(self, channels: int) -> Filters:
        """For so many channels; ValueError where they cannot be grouped so."""
        raise NotImplementedError

    def pads(self, shape: Shape) -> tuple[Pair, Pair]:
        """Rows added above and below, columns added left and right."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        if self.padding != "same":
            down, across = pair(self.padding)
            return (down, down), (across, across)
        (kh, kw), (sh, sw) = self.window, pair(self.stride)
        return same_padding(shape[0], kh, sh), same_padding(shape[1], kw, sw)

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        require_image(shape)
        require_pixels(shape, self.pads(shape), self.padding_mode)
        (kh, kw), (sh, sw) = self.window, pair(self.stride)
        (top, bottom), (left, right) = self.pads(shape)
        height = (shape[0] + top + bottom - kh) // sh + 1
        width = (shape[1] + left + right - kw) // sw + 1
        count = self.filters(shape[2]).count
        return require_room((height, width, count), shape, f"a {kh} x {kw} kernel")

    def _inputs(self, channels: int) -> int:
        """Values that one filter sees at once."""
        return math.prod(self.window) * channels // self.filters(channels).groups

    def parameters(self, shape: Shape) -> tuple[int, int]:
        count = (self._inputs(shape[2]) + self.bias) * self.filters(shape[2]).count
        return count, count

    def multiply_adds(self, shape: Shape, output: Shape) -> int:
        return math.prod(output) * self._inputs(shape[2])

    def absorbs(self, after: Layer) -> bool:
        """An activation that rises commutes with a maximum. Before a max pool, it is put after the
        pool, on a fraction of the values, and pixels that the pool would drop are not made.
        """
        block = ACTIVATIONS[self.activation]
        rises = block is None or block.rises
        return rises and isinstance(after, Pool) and after.kind == "max"

    def blocks(self, place: Place) -> list[Block]:
        step, pool = place.step, place.absorbed if isinstance(place.absorbed, Pool) else None
        geometry, filters = self._geometry(step, pool), self.filters(step.input_shape[2])
        block = convolution(geometry, filters, place.computation, place.needs_input_gradient)
        pools = [] if pool is None else [pool.block(is_windowed=geometry.is_windowed)]
        return [*self._padding(step), block, *pools, *activation_blocks(self.activation)]

    def plain(self, own: Own, x: Tensor, joined: Tensor | None) -> Tensor:
        filters, pads = self.filters(x.shape[-1]), self.pads(own.step.input_shape)
        x = padded(x, pads, self.padding_mode).permute(0, 3, 1, 2)
        kernel = own.weight("kernel").reshape(*self.window, -1, filters.count).permute(3, 2, 0, 1)
        bias = own.weight("bias") if self.bias else None
        y = functional.conv2d(x, kernel, bias, pair(self.stride), groups=filters.groups)
        return activated(self.activation, y).permute(0, 2, 3, 1)

    def _padding(self, step: TracedLayer) -> list[Block]:
        """A block before the convolution, which pads with zeros alone."""
        if self.padding_mode == "zeros":
            return []
        height, width, _ = step.input_shape
        return [PadBlock((height, width), self.pads(step.input_shape), self.padding_mode)]

    def _geometry(self, step: TracedLayer, pool: Pool | None) -> Geometry:
        height, width, channels = step.input_shape
        output, window = (step.output_shape[0], step.output_shape[1]), (1, 1)
        if pool is not None:
            (ph, pw), (sh, sw) = pool.window, pool.strides
            output = (output[0] - ph) // sh * sh + ph, (output[1] - pw) // sw * sw + pw
            if pool.window == pool.strides and step.output_shape[2] < _FEW_FILTERS:
                window = pool.window
        pads = self.pads(step.input_shape)
        if self.padding_mode != "zeros":
            height, width, pads = height + sum(pads[0]), width + sum(pads[1]), ((0, 0), (0, 0))
        image = (height, width, channels)
        return Geometry(image, self.window, pair(self.stride), pads, output, window)

    def nodes(self, to: Nodes, value: Value) -> Value:
        shape, pads = to.step.input_shape, self.pads(to.step.input_shape)
        filters, name = self.filters(shape[2]), to.planes(value).name
        if self.padding_mode != "zeros":
            name, pads = pad_node(to, name, pads, self.padding_mode), ((0, 0), (0, 0))
        kernel = to.weights_of("kernel").reshape(*self.window, -1, filters.count)
        name = to.add(
            "Conv",
            name,
            to.constant(kernel.transpose(3, 2, 0, 1), "kernel"),
            *([to.weight("bias")] if self.bias else []),
            kernel_shape=self.window,
            strides=pair(self.stride),
            pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
            group=filters.groups,
        )
        name = activation_node(to, self.activation, name)
        return Value(name, to.step.output_shape, "channels_first")


@register("conv")
class Conv(Convolving):
    """`conv` is the number of filters. In `groups`, each filter sees only its part of the channels
    (Krizhevsky, Sutskever and Hinton, 2012).
    """

    newer: ClassVar[frozenset[str]] = Convolving.newer | {"groups"}

    conv: Count
    groups: Count = 1

    def filters(self, channels: int) -> Filters:
        if channels % self.groups:
            raise ValueError(f"{channels} channels cannot be put into {self.groups} equal groups")
        return Filters(self.conv, self.groups, self.bias)

    @model_validator(mode="after")
    def _groups_are_equal(self) -> Self:
        if self.conv % self.groups:
            raise ValueError(f"{self.conv} filters cannot be put into {self.groups} equal groups")
        return self
