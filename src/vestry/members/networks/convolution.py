"""Two ways to compute a two-dimensional convolution in training.

Which way is faster, in which arithmetic, differs from shape to shape; `precision.py` tries them.
Inference is in float32: of many images by the library, which is mostly 1.2 to 3.5 times as fast
(ten networks of reports and a narrow ResNet-9, batches of 256, one core), of few over patches,
which take 0.6 to 0.9 of its time for one image.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

from vestry.members.networks.block import (
    PLAIN,
    Computation,
    Parameter,
    ParameterSpec,
    ProductBlock,
    Tensor,
    functional,
    store_product,
    torch,
)
from vestry.members.networks.geometry import Geometry

_SHORT_RUN, _MANY = 16, 32


@dataclass(frozen=True)
class Filters:
    """How many, in how many groups, each of which sees as large a part of the channels, and whether
    each has a bias.
    """

    count: int
    groups: int = 1
    bias: bool = True


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
        filters: Filters,
        computation: Computation = PLAIN,
        needs_input_gradient: bool = True,
    ) -> None:
        super().__init__(geometry.image, computation, needs_input_gradient)
        self.geometry = geometry
        self.filters = filters
        self.method = computation.method
        pixels, channels = math.prod(geometry.kernel), geometry.image[2]
        inputs = pixels * channels // filters.groups
        fans = inputs, pixels * filters.count // filters.groups
        self.specs = {"kernel": ParameterSpec((inputs, filters.count), fans)}
        if filters.bias:
            self.specs["bias"] = ParameterSpec((filters.count,))

    @property
    def methods(self) -> tuple[str, ...]:
        if self.filters.groups > 1:
            return ("library",)
        if self.needs_input_gradient and not self.geometry.apart:
            return ("fold", "library", "transposed")
        return ("fold", "library")

    @property
    def filter_bank(self) -> Parameter | None:
        return self.kernel if self.filters.groups == 1 < self.geometry.image[2] else None

    def computed(self, computation: Computation) -> "Convolution":
        return convolution(self.geometry, self.filters, computation, self.needs_input_gradient)

    def trial_key(self) -> dict[str, Any]:
        key = super().trial_key() | {"geometry": asdict(self.geometry)}
        return key if self.filters.groups == 1 else key | {"groups": self.filters.groups}

    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.outside = x.dtype
        if training:
            return self._train(x.to(self.dtype))
        if self.filters.groups > 1 or len(x) >= _MANY:  # groups have no product over patches
            return self._library(self._seen(x.float()), self._filters_first(torch.float32))
        return self._product(self._gather(self.geometry.pad(x.float())))

    def _train(self, x: Tensor) -> Tensor:
        """The output for an image in the type that is computed in."""
        raise NotImplementedError

    def _weights(self, dtype: "torch.dtype") -> Tensor:
        """(kernel height, kernel width, channels, filters)."""
        return self.kernel.as_type(dtype).view(*self.geometry.kernel, -1, self.filters.count)

    def _filters_first(self, dtype: "torch.dtype") -> Tensor:
        """The same as the library wants them: (filters, channels, kernel height, kernel width)."""
        return self._weights(dtype).permute(3, 2, 0, 1)

    def _biases(self, dtype: "torch.dtype") -> Tensor | None:
        return self.bias.as_type(dtype) if self.filters.bias else None

    def _seen(self, x: Tensor) -> Tensor:
        """The part of the image that the library is given, channels before pixels."""
        if self.geometry.even_pads is None:
            height, width = self.geometry.used
            x = self.geometry.pad(x)[:, :height, :width]
        return x.contiguous().permute(0, 3, 1, 2)

    def _library(self, x: Tensor, weights: Tensor) -> Tensor:
        """The output by the library's own kernel, in the type of what it is given."""
        stride, pads = self.geometry.stride, self.geometry.even_pads or (0, 0)
        bias = self._biases(x.dtype)
        y = torch.conv2d(x, weights, bias, stride, pads, 1, self.filters.groups)
        images = y.permute(0, 2, 3, 1).contiguous()
        return self.geometry.windowed(images) if self.geometry.is_windowed else images

    def _product(self, patches: Tensor) -> Tensor:
        geometry, count = self.geometry, self.filters.count
        bias, kernel = self._biases(patches.dtype), self.kernel.as_type(patches.dtype)
        y = patches @ kernel if bias is None else torch.addmm(bias, patches, kernel)
        if not geometry.is_windowed:
            return y.view(-1, *geometry.output, count)
        return y.view(math.prod(geometry.window), -1, *geometry.windows, count)

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
    """By the library's own kernels, forward and backward; they want channels before pixels.

    They pad by themselves where both ends of a side get as much, which saves copies of the image.
    """

    def _train(self, x: Tensor) -> Tensor:
        self.seen, self.weights_seen = self._seen(x), self._filters_first(self.dtype)
        return self._library(self.seen, self.weights_seen)

    def backward(self, gradient: Tensor) -> Tensor | None:
        geometry, count = self.geometry, self.filters.count
        used, kernel, bias = torch.ops.aten.convolution_backward(
            geometry.raster(gradient.to(self.dtype).reshape(-1, count)).permute(0, 3, 1, 2),
            self.seen,
            self.weights_seen,
            [count],
            geometry.stride,
            geometry.even_pads or (0, 0),
            [1, 1],  # dilation, not transposed, output padding
            False,
            [0, 0],
            self.filters.groups,
            [self.needs_input_gradient, True, self.filters.bias],
        )
        own = self.kernel.gradient.view(*geometry.kernel, -1, count)
        own.copy_(kernel.permute(2, 3, 1, 0))
        if self.filters.bias:
            self.bias.gradient.copy_(bias)
        return self._unpadded(used.permute(0, 2, 3, 1)) if self.needs_input_gradient else None

    def _unpadded(self, used: Tensor) -> Tensor:
        if self.geometry.even_pads is None:
            used = self.geometry.crop(self.geometry.fill(used))
        return used.contiguous().to(self.outside)


class PatchConvolution(Convolution):
    """As a matrix product over patches.

    The method says how the input's gradient is made: "fold", patch gradients summed in place, or
    "transposed", a transposed convolution.
    """

    def _train(self, x: Tensor) -> Tensor:
        self.patches = self._gather(self.geometry.pad(x))
        return self._product(self.patches)

    def backward(self, gradient: Tensor) -> Tensor | None:
        rows = gradient.to(self.dtype).reshape(-1, self.filters.count)
        store_product(self.kernel.gradient, self.patches.t(), rows)
        if self.filters.bias:
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
        kernel = self._filters_first(self.dtype)
        used = functional.conv_transpose2d(images, kernel, stride=self.geometry.stride)
        return self.geometry.fill(used.permute(0, 2, 3, 1))


def convolution(
    geometry: Geometry, filters: Filters, computation: Computation, needs_input_gradient: bool
) -> Convolution:
    library = computation.method == "library" or filters.groups > 1
    by = LibraryConvolution if library else PatchConvolution
    return by(geometry, filters, computation, needs_input_gradient)
