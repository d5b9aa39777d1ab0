"""A convolution without its activation, as a matrix product over patches.

Every output pixel sees a patch of kernel height x kernel width x channels numbers. With the patches
as the rows of a matrix, the forward pass and the gradient of the weights are one product each, and
both share the patches. At the sizes of small networks this beats the library's convolution in most
cases (Chellapilla, Puri and Simard, 2006, is the source of the method).
"""

import math
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from vestry.members.blocks.block import Block
from vestry.members.blocks.dense import store_product
from vestry.members.parameters import Parameter

InputGradient = Literal["fold", "transposed"]
"""How the gradient of the input is made: patch gradients summed in place, or a transposed
convolution.
"""


SHORT_RUN = 16


@dataclass(frozen=True)
class Geometry:
    """Which pixels of the padded image (height, width, channels) each output pixel sees."""

    image: tuple[int, int, int]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    pads: tuple[tuple[int, int], tuple[int, int]]
    output: tuple[int, int]
    """Output pixels that are made; fewer than fit, where the pool after drops the last ones."""
    window: tuple[int, int] = (1, 1)
    """The pool's window, by which output pixels are arranged: all first ones of a window, then all
    second...
    """

    @property
    def windows(self) -> tuple[int, int]:
        return self.output[0] // self.window[0], self.output[1] // self.window[1]

    @property
    def padded(self) -> tuple[int, int, int]:
        (top, bottom), (left, right) = self.pads
        height, width, channels = self.image
        return height + top + bottom, width + left + right, channels

    @property
    def apart(self) -> bool:
        """No two patches share a pixel."""
        return self.stride[0] >= self.kernel[0] and self.stride[1] >= self.kernel[1]

    def pad(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.pads
        if not (top or bottom or left or right):
            return x.contiguous()
        return functional.pad(x, (0, 0, left, right, top, bottom))

    def patches(self, padded: Tensor) -> Tensor:
        """An overlapping view: (place in window: 2, n, window: 2, place in kernel: 2, channels)."""
        n = padded.shape[0]
        image, row, column, channel = padded.stride()
        down, right = row * self.stride[0], column * self.stride[1]
        return padded.as_strided(
            (*self.window, n, *self.windows, *self.kernel, self.image[2]),
            (
                down,
                right,
                image,
                down * self.window[0],
                right * self.window[1],
                row,
                column,
                channel,
            ),
            padded.storage_offset(),
        )

    def raster(self, rows: Tensor) -> Tensor:
        """Rows (output pixels, filters), in the order of `patches`, as images."""
        (ph, pw), (height, width) = self.window, self.windows
        arranged = rows.view(ph, pw, -1, height, width, rows.shape[1])
        return arranged.permute(2, 3, 0, 4, 1, 5).reshape(-1, *self.output, rows.shape[1])


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
        input_gradient: InputGradient = "fold",
        first: bool = False,
    ) -> None:
        kh, kw = geometry.kernel
        self.geometry = geometry
        self.filters = filters
        self.compute = compute
        self.input_gradient = input_gradient
        self.first = first
        self.shapes = ((kh * kw * geometry.image[2], filters), (filters,))

    def bind(self, parameters: list[Parameter]) -> None:
        super().bind(parameters)
        self.weight, self.bias = parameters

    def forward(self, x: Tensor, training: bool) -> Tensor:
        dtype = self.compute if training else torch.float32
        self.outside = x.dtype
        patches = self.gather(self.geometry.pad(x.to(dtype)))
        if training:
            self.patches = patches
        y = torch.addmm(self.bias.as_type(dtype), patches, self.weight.as_type(dtype))
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

    def backward(self, gradient: Tensor) -> Tensor | None:
        gradient = gradient.to(self.compute)
        rows = gradient.reshape(-1, self.filters)
        store_product(self.weight.gradient, self.patches.t(), rows)
        self.bias.gradient.copy_(rows.sum(0))
        if self.first:
            return None
        fold = self.fold if self.input_gradient == "fold" else self.transposed
        return fold(rows).to(self.outside)

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
        return self.crop(padded)

    def transposed(self, rows: Tensor) -> Tensor:
        """The same sum by the library's transposed convolution."""
        geometry = self.geometry
        kernel = self.weight.as_type(self.compute).view(*geometry.kernel, -1, self.filters)
        (height, width), (kh, kw), (sh, sw) = geometry.output, geometry.kernel, geometry.stride
        images = geometry.raster(rows)
        rest = (
            geometry.padded[0] - ((height - 1) * sh + kh),
            geometry.padded[1] - ((width - 1) * sw + kw),
        )
        inner = (min(rest[0], sh - 1), min(rest[1], sw - 1))
        padded = functional.conv_transpose2d(
            images.permute(0, 3, 1, 2),
            kernel.permute(3, 2, 0, 1),
            stride=geometry.stride,
            output_padding=inner,
        ).permute(0, 2, 3, 1)
        if rest != inner:
            padded = functional.pad(padded, (0, 0, 0, rest[1] - inner[1], 0, rest[0] - inner[0]))
        return self.crop(padded)

    def crop(self, padded: Tensor) -> Tensor:
        (top, _), (left, _) = self.geometry.pads
        height, width, _ = self.geometry.image
        return padded[:, top : top + height, left : left + width].contiguous()
