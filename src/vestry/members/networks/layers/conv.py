"""Two-dimensional convolution: as a layer, and two ways to compute it in training.

Which way is faster, in which arithmetic, differs from shape to shape; `precision.py` tries them.
Inference always goes over patches in float32, whose speed has no pathological shapes.
"""

import math
from dataclasses import asdict
from typing import Any, Literal

from vestry.members.networks.activations import (
    ACTIVATIONS,
    Activation,
    activation_blocks,
    activation_node,
)
from vestry.members.networks.block import (
    PLAIN,
    Block,
    Computation,
    Parameter,
    ParameterSpec,
    ProductBlock,
    Tensor,
    functional,
    store_product,
    torch,
)
from vestry.members.networks.geometry import Geometry, Pair, Size, pair, require_room, same_padding
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

_FEW_FILTERS = 16
"""Below this, torch's max pool, which takes 16 channels at a time, is far slower than `WindowMax`.
"""
_SHORT_RUN = 16


@register("conv")
class Conv(Layer):
    """Two-dimensional convolution; `conv` is the number of filters."""

    conv: Count
    kernel: Size
    stride: Size = 1
    padding: Literal["valid", "same"] = "valid"
    activation: Activation = "relu"

    def pads(self, shape: Shape) -> tuple[Pair, Pair]:
        """Rows added above and below, columns added left and right."""
        if self.padding == "valid":
            return (0, 0), (0, 0)
        (kh, kw), (sh, sw) = pair(self.kernel), pair(self.stride)
        return same_padding(shape[0], kh, sh), same_padding(shape[1], kw, sw)

    def output_shape(self, shape: Shape, joined: Shape = ()) -> Shape:
        require_image(shape)
        (kh, kw), (sh, sw) = pair(self.kernel), pair(self.stride)
        (top, bottom), (left, right) = self.pads(shape)
        height = (shape[0] + top + bottom - kh) // sh + 1
        width = (shape[1] + left + right - kw) // sw + 1
        return require_room((height, width, self.conv), shape, f"a {kh} x {kw} kernel")

    def parameters(self, shape: Shape) -> tuple[int, int]:
        count = (math.prod(pair(self.kernel)) * shape[2] + 1) * self.conv
        return count, count

    def multiply_adds(self, shape: Shape, output: Shape) -> int:
        return math.prod(output) * math.prod(pair(self.kernel)) * shape[2]

    def absorbs(self, after: Layer) -> bool:
        """An activation that rises commutes with a maximum. Before a max pool, it is put after the
        pool, on a fraction of the values, and pixels that the pool would drop are not made.
        """
        block = ACTIVATIONS[self.activation]
        rises = block is None or block.rises
        return rises and isinstance(after, Pool) and after.kind == "max"

    def blocks(self, place: Place) -> list[Block]:
        pool = place.absorbed if isinstance(place.absorbed, Pool) else None
        geometry = self._geometry(place.step, pool)
        block = _convolution(geometry, self.conv, place.computation, place.needs_input_gradient)
        pools = [] if pool is None else [pool.block(is_windowed=geometry.is_windowed)]
        return [block, *pools, *activation_blocks(self.activation)]

    def _geometry(self, step: TracedLayer, pool: Pool | None) -> Geometry:
        height, width, channels = step.input_shape
        output, window = (step.output_shape[0], step.output_shape[1]), (1, 1)
        if pool is not None:
            (ph, pw), (sh, sw) = pool.window, pool.strides
            output = (output[0] - ph) // sh * sh + ph, (output[1] - pw) // sw * sw + pw
            if pool.window == pool.strides and self.conv < _FEW_FILTERS:
                window = pool.window
        image, pads = (height, width, channels), self.pads(step.input_shape)
        return Geometry(image, pair(self.kernel), pair(self.stride), pads, output, window)

    def nodes(self, to: Nodes, value: Value) -> Value:
        (top, bottom), (left, right) = self.pads(to.step.input_shape)
        kernel = to.weights_of("kernel").reshape(*pair(self.kernel), -1, self.conv)
        name = to.add(
            "Conv",
            to.planes(value).name,
            to.constant(kernel.transpose(3, 2, 0, 1), "kernel"),
            to.weight("bias"),
            kernel_shape=pair(self.kernel),
            strides=pair(self.stride),
            pads=[top, left, bottom, right],
        )
        name = activation_node(to, self.activation, name)
        return Value(name, to.step.output_shape, "channels_first")


class Convolution(ProductBlock):
    """Weights (kernel height, kernel width, channels, filters) as a matrix, in Keras's order.

    Gives (n, height, width, filters) or, where the geometry names a pool's window, (places in the
    window, n, windows down, windows across, filters) for `WindowMax`.
    """

    kernel: Parameter
    bias: Parameter

    def __init__(
        self,
        geometry: Geometry,
        filters: int,
        computation: Computation = PLAIN,
        needs_input_gradient: bool = True,
    ) -> None:
        super().__init__(geometry.image, computation, needs_input_gradient)
        self.geometry = geometry
        self.filters = filters
        self.method = computation.method
        pixels, channels = math.prod(geometry.kernel), geometry.image[2]
        fans = pixels * channels, pixels * filters
        kernel = ParameterSpec((pixels * channels, filters), fans)
        self.specs = {"kernel": kernel, "bias": ParameterSpec((filters,))}

    @property
    def filter_bank(self) -> Parameter | None:
        return self.kernel if self.geometry.image[2] > 1 else None

    @property
    def methods(self) -> tuple[str, ...]:
        if self.needs_input_gradient and not self.geometry.apart:
            return ("fold", "library", "transposed")
        return ("fold", "library")

    def computed(self, computation: Computation) -> "Convolution":
        return _convolution(self.geometry, self.filters, computation, self.needs_input_gradient)

    def trial_key(self) -> dict[str, Any]:
        return super().trial_key() | {"geometry": asdict(self.geometry)}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.outside = x.dtype
        if training:
            return self._train(self.geometry.pad(x.to(self.dtype)))
        return self._product(self._gather(self.geometry.pad(x.float())))

    def _train(self, padded: Tensor) -> Tensor:
        """The output for a padded image in the type that is computed in."""
        raise NotImplementedError

    def _weights(self) -> Tensor:
        """(kernel height, kernel width, channels, filters)."""
        return self.kernel.as_type(self.dtype).view(*self.geometry.kernel, -1, self.filters)

    def _product(self, patches: Tensor) -> Tensor:
        bias, kernel = self.bias.as_type(patches.dtype), self.kernel.as_type(patches.dtype)
        y = torch.addmm(bias, patches, kernel)
        if not self.geometry.is_windowed:
            return y.view(-1, *self.geometry.output, self.filters)
        return y.view(math.prod(self.geometry.window), -1, *self.geometry.windows, self.filters)

    def _gather(self, padded: Tensor) -> Tensor:
        """The patches as a matrix (output pixels, kernel height x kernel width x channels).

        A row is made of runs, kernel width x channels long, and short runs copy slowly. Then the
        matrix is made transposed, where a row of output pixels is one run.
        """
        view = self.geometry.patches(padded)
        size = self.specs["kernel"].shape[0]
        if self.geometry.kernel[1] * padded.shape[3] >= _SHORT_RUN:
            return view.reshape(-1, size)
        return view.permute(5, 6, 7, 0, 1, 2, 3, 4).reshape(size, -1).t()


class LibraryConvolution(Convolution):
    """By the library's own kernels, forward and backward; they want channels before pixels."""

    def _train(self, padded: Tensor) -> Tensor:
        geometry = self.geometry
        height, width = geometry.used
        self.seen = padded[:, :height, :width].contiguous().permute(0, 3, 1, 2)
        self.weights_seen = self._weights().permute(3, 2, 0, 1)
        bias = self.bias.as_type(self.dtype)
        y = torch.conv2d(self.seen, self.weights_seen, bias, geometry.stride)
        images = y.permute(0, 2, 3, 1).contiguous()
        return geometry.windowed(images) if geometry.is_windowed else images

    def backward(self, gradient: Tensor) -> Tensor | None:
        geometry = self.geometry
        rows = gradient.to(self.dtype).reshape(-1, self.filters)
        used, kernel, bias = torch.ops.aten.convolution_backward(
            geometry.raster(rows).permute(0, 3, 1, 2),
            self.seen,
            self.weights_seen,
            [self.filters],
            geometry.stride,
            [0, 0],  # padding, dilation, not transposed, output padding, groups
            [1, 1],
            False,
            [0, 0],
            1,
            [self.needs_input_gradient, True, True],
        )
        own = self.kernel.gradient.view(*geometry.kernel, -1, self.filters)
        own.copy_(kernel.permute(2, 3, 1, 0))
        self.bias.gradient.copy_(bias)
        if not self.needs_input_gradient:
            return None
        return geometry.crop(geometry.fill(used.permute(0, 2, 3, 1))).to(self.outside)


class PatchConvolution(Convolution):
    """As a matrix product over patches.

    The method says how the input's gradient is made: "fold", patch gradients summed in place, or
    "transposed", a transposed convolution.
    """

    def _train(self, padded: Tensor) -> Tensor:
        self.patches = self._gather(padded)
        return self._product(self.patches)

    def backward(self, gradient: Tensor) -> Tensor | None:
        rows = gradient.to(self.dtype).reshape(-1, self.filters)
        store_product(self.kernel.gradient, self.patches.t(), rows)
        self.bias.gradient.copy_(rows.sum(0))
        if not self.needs_input_gradient:
            return None
        fold = self.transposed if self.method == "transposed" else self.fold
        return self.geometry.crop(fold(rows)).to(self.outside)

    def fold(self, rows: Tensor) -> Tensor:
        """Add each patch's gradient to the pixels it came from."""
        geometry = self.geometry
        gradients = rows @ self.kernel.as_type(self.dtype).t()
        count = len(rows) // math.prod(geometry.output)
        padded = gradients.new_zeros(count, *geometry.padded)
        target = geometry.patches(padded)
        source = gradients.view(target.shape)
        if geometry.apart:
            target.copy_(source)
            return padded
        for row in range(geometry.kernel[0]):  # of one place in the kernel, no two share a pixel
            for column in range(geometry.kernel[1]):
                target[..., row, column, :].add_(source[..., row, column, :])
        return padded

    def transposed(self, rows: Tensor) -> Tensor:
        """The same sum by the library's transposed convolution."""
        images = self.geometry.raster(rows).permute(0, 3, 1, 2)
        kernel = self._weights().permute(3, 2, 0, 1)
        used = functional.conv_transpose2d(images, kernel, stride=self.geometry.stride)
        return self.geometry.fill(used.permute(0, 2, 3, 1))


def _convolution(
    geometry: Geometry, filters: int, computation: Computation, needs_input_gradient: bool
) -> Convolution:
    by = LibraryConvolution if computation.method == "library" else PatchConvolution
    return by(geometry, filters, computation, needs_input_gradient)
