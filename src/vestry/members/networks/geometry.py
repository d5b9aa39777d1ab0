"""Which pixels a convolution or a pool sees, and how a convolution's output is arranged."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated

from pydantic import Field

from vestry.members.networks.block import Tensor, functional
from vestry.members.networks.layer import Count, Shape

Size = Count | tuple[Count, Count]
_Pixels = Annotated[int, Field(ge=0, le=1024)]
Border = _Pixels | tuple[_Pixels, _Pixels]
Pair = tuple[int, int]


def pair(size: int | Pair) -> Pair:
    return (size, size) if isinstance(size, int) else size


def same_padding(length: int, kernel: int, stride: int) -> Pair:
    """Pixels added before and after, as TensorFlow does it: the odd one goes to the end."""
    total = max((math.ceil(length / stride) - 1) * stride + kernel - length, 0)
    return total // 2, total - total // 2


def require_room(output: Shape, shape: Shape, what: str) -> Shape:
    if min(output[:2]) < 1:
        raise ValueError(
            f"{what} does not fit a {shape[0]} x {shape[1]} image, which would shrink below 1 x 1; "
            'take a smaller one, padding = "same", or fewer pools'
        )
    return output


@dataclass(frozen=True)
class Geometry:
    """Which pixels of the padded image (height, width, channels) each output pixel sees."""

    image: tuple[int, int, int]
    kernel: Pair
    stride: Pair
    pads: tuple[Pair, Pair]
    output: Pair
    """Output pixels that are made; fewer than fit, where the pool after drops the last ones."""
    window: Pair = (1, 1)
    """The pool's window, by which output pixels are arranged: all first ones of a window, then all
    second...
    """

    @cached_property
    def windows(self) -> Pair:
        return self.output[0] // self.window[0], self.output[1] // self.window[1]

    @cached_property
    def padded(self) -> tuple[int, int, int]:
        (top, bottom), (left, right) = self.pads
        height, width, channels = self.image
        return height + top + bottom, width + left + right, channels

    @cached_property
    def used(self) -> Pair:
        """How much of the padded image the output pixels see; a pool may drop the rest."""
        (height, width), (kh, kw), (sh, sw) = self.output, self.kernel, self.stride
        return (height - 1) * sh + kh, (width - 1) * sw + kw

    @cached_property
    def even_pads(self) -> Pair | None:
        """Rows added above and below, columns added left and right, where these are as many and all
        output pixels that fit are made; else None.
        """
        (top, bottom), (left, right) = self.pads
        (kh, kw), (sh, sw), (height, width, _) = self.kernel, self.stride, self.padded
        fitting = (height - kh) // sh + 1, (width - kw) // sw + 1
        even = (top, left) == (bottom, right) and fitting == self.output
        return (top, left) if even else None

    @property
    def is_windowed(self) -> bool:
        return self.window != (1, 1)

    @property
    def apart(self) -> bool:
        """No two patches share a pixel."""
        return self.stride[0] >= self.kernel[0] and self.stride[1] >= self.kernel[1]

    def pad(self, x: Tensor) -> Tensor:
        (top, bottom), (left, right) = self.pads
        if not (top or bottom or left or right):
            return x.contiguous()
        return functional.pad(x, (0, 0, left, right, top, bottom))

    def crop(self, padded: Tensor) -> Tensor:
        """The image without its padding."""
        (top, _), (left, _) = self.pads
        height, width, _ = self.image
        return padded[:, top : top + height, left : left + width].contiguous()

    def fill(self, used: Tensor) -> Tensor:
        """The gradient of what was used, with zeros for the rest of the padded image."""
        (height, width, _), (used_height, used_width) = self.padded, self.used
        if (height, width) == (used_height, used_width):
            return used
        return functional.pad(used, (0, 0, 0, width - used_width, 0, height - used_height))

    def patches(self, padded: Tensor) -> Tensor:
        """The pixels under each output pixel, as an overlapping view that copies nothing.

        padded: (n, padded height, padded width, channels). Gives (ph, pw, n, windows down, windows
        across, kh, kw, channels), with (ph, pw) the pool's window. Output pixel (r, c) of a window
        (i, j) is output row i * ph + r, whose patch begins at padded row (i * ph + r) * stride: so
        a step along r is `down`, one along i is ph times as long, and likewise across.
        """
        (ph, pw), (sh, sw) = self.window, self.stride
        image, row, column, channel = padded.stride()
        down, right = row * sh, column * sw
        return padded.as_strided(
            (ph, pw, len(padded), *self.windows, *self.kernel, self.image[2]),
            (down, right, image, down * ph, right * pw, row, column, channel),
            padded.storage_offset(),
        )

    def windowed(self, images: Tensor) -> Tensor:
        """Images (n, height, width, filters) in the order of `patches`: (ph * pw, n, windows down,
        windows across, filters); what `raster` takes apart.
        """
        (ph, pw), (height, width) = self.window, self.windows
        apart = images.view(-1, height, ph, width, pw, images.shape[-1])
        return apart.permute(2, 4, 0, 1, 3, 5).reshape(ph * pw, -1, height, width, images.shape[-1])

    def raster(self, rows: Tensor) -> Tensor:
        """Rows (output pixels, filters), in the order of `patches`, as images."""
        (ph, pw), (height, width) = self.window, self.windows
        arranged = rows.view(ph, pw, -1, height, width, rows.shape[1])
        return arranged.permute(2, 3, 0, 4, 1, 5).reshape(-1, *self.output, rows.shape[1])
