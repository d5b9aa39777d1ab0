"""A convolution without its activation; two ways to compute it in training stand beside this file.

Which way is faster, in which arithmetic, differs from shape to shape; `precision.py` tries them.
Inference always goes over patches in float32, whose speed has no pathological shapes.
"""

import math
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from vestry.members.networks.blocks.block import Block
from vestry.members.networks.blocks.dense import store_product
from vestry.members.networks.blocks.geometry import Geometry
from vestry.members.networks.parameters import Parameter

SHORT_RUN = 16


class Convolution(Block):
    """Weights (kernel height, kernel width, channels, filters) as a matrix, in Keras's order.

    Gives (n, height, width, filters) or, where the geometry names a pool's window, (places in the
    window, n, windows down, windows across, filters) for `WindowMax`. `first` says that nobody
    needs the input's gradient.
    """

    def __init__(
        self,
        geometry: Geometry,
        filters: int,
        compute: torch.dtype = torch.float32,
        first: bool = False,
    ) -> None:
        kh, kw = geometry.kernel
        self.geometry = geometry
        self.filters = filters
        self.compute = compute
        self.first = first
        self.shapes = ((kh * kw * geometry.image[2], filters), (filters,))

    def bind(self, parameters: list[Parameter]) -> None:
        super().bind(parameters)
        self.weight, self.bias = parameters

    def forward(self, x: Tensor, training: bool) -> Tensor:
        self.outside = x.dtype
        if training:
            return self.train(self.geometry.pad(x.to(self.compute)))
        return self.product(self.gather(self.geometry.pad(x.float())))

    def train(self, padded: Tensor) -> Tensor:
        """The output for a padded image in the type that is computed in."""
        raise NotImplementedError

    def product(self, patches: Tensor) -> Tensor:
        bias, weight = self.bias.as_type(patches.dtype), self.weight.as_type(patches.dtype)
        y = torch.addmm(bias, patches, weight)
        if self.geometry.window == (1, 1):
            return y.view(-1, *self.geometry.output, self.filters)
        return y.view(math.prod(self.geometry.window), -1, *self.geometry.windows, self.filters)

    def gather(self, padded: Tensor) -> Tensor:
        """The patches as a matrix, a row each.

        A row is made of runs, kernel width x channels long, and short runs copy slowly. Then the
        matrix is made transposed, where a row of output pixels is one run.
        """
        view = self.geometry.patches(padded)
        size = self.shapes[0][0]
        if self.geometry.kernel[1] * padded.shape[3] >= SHORT_RUN:
            return view.reshape(-1, size)
        return view.permute(5, 6, 7, 0, 1, 2, 3, 4).reshape(size, -1).t()


# A convolution by the library's own kernels, forward and backward.


aten = torch.ops.aten


class LibraryConvolution(Convolution):
    def train(self, padded: Tensor) -> Tensor:
        geometry = self.geometry
        height, width = geometry.used
        self.seen = padded[:, :height, :width].contiguous().permute(0, 3, 1, 2)
        weight = self.weight.as_type(self.compute).view(*geometry.kernel, -1, self.filters)
        self.kernel = weight.permute(3, 2, 0, 1)
        y = torch.conv2d(self.seen, self.kernel, self.bias.as_type(self.compute), geometry.stride)
        images = y.permute(0, 2, 3, 1).contiguous()
        return images if geometry.window == (1, 1) else geometry.windowed(images)

    def backward(self, gradient: Tensor) -> Tensor | None:
        geometry = self.geometry
        rows = gradient.to(self.compute).reshape(-1, self.filters)
        used, kernel, bias = aten.convolution_backward(
            geometry.raster(rows).permute(0, 3, 1, 2),
            self.seen,
            self.kernel,
            [self.filters],
            geometry.stride,
            [0, 0],
            [1, 1],
            False,
            [0, 0],
            1,
            [not self.first, True, True],
        )
        self.weight.gradient.view(*geometry.kernel, -1, self.filters).copy_(
            kernel.permute(2, 3, 1, 0)
        )
        self.bias.gradient.copy_(bias)
        if self.first:
            return None
        padded = geometry.fill(used.permute(0, 2, 3, 1))
        return geometry.crop(padded).to(self.outside)


# A convolution as a matrix product over patches.


InputGradient = Literal["fold", "transposed"]
"""How the gradient of the input is made: patch gradients summed in place, or a transposed
convolution.
"""


class PatchConvolution(Convolution):
    def __init__(
        self,
        geometry: Geometry,
        filters: int,
        compute: torch.dtype = torch.float32,
        first: bool = False,
        input_gradient: InputGradient = "fold",
    ) -> None:
        super().__init__(geometry, filters, compute, first)
        self.input_gradient = input_gradient

    def train(self, padded: Tensor) -> Tensor:
        self.patches = self.gather(padded)
        return self.product(self.patches)

    def backward(self, gradient: Tensor) -> Tensor | None:
        gradient = gradient.to(self.compute)
        rows = gradient.reshape(-1, self.filters)
        store_product(self.weight.gradient, self.patches.t(), rows)
        self.bias.gradient.copy_(rows.sum(0))
        if self.first:
            return None
        fold = self.fold if self.input_gradient == "fold" else self.transposed
        return self.geometry.crop(fold(rows)).to(self.outside)

    def fold(self, rows: Tensor) -> Tensor:
        """Add each patch's gradient to the pixels it came from."""
        geometry = self.geometry
        gradients = rows @ self.weight.as_type(self.compute).t()
        padded = gradients.new_zeros(
            len(rows) // (geometry.output[0] * geometry.output[1]), *geometry.padded
        )
        target = geometry.patches(padded)
        source = gradients.view(target.shape)
        if geometry.apart:
            target.copy_(source)
        else:
            for row in range(geometry.kernel[0]):
                for column in range(geometry.kernel[1]):
                    target[..., row, column, :].add_(source[..., row, column, :])
        return padded

    def transposed(self, rows: Tensor) -> Tensor:
        """The same sum by the library's transposed convolution."""
        geometry = self.geometry
        kernel = self.weight.as_type(self.compute).view(*geometry.kernel, -1, self.filters)
        used = functional.conv_transpose2d(
            geometry.raster(rows).permute(0, 3, 1, 2),
            kernel.permute(3, 2, 0, 1),
            stride=geometry.stride,
        ).permute(0, 2, 3, 1)
        return geometry.fill(used)
