"""Which pixels a convolution sees, and how its output is arranged."""

from dataclasses import dataclass

from torch import Tensor
from torch.nn import functional


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

    @property
    def used(self) -> tuple[int, int]:
        """How much of the padded image the output pixels see; a pool may drop the rest."""
        (height, width), (kh, kw), (sh, sw) = self.output, self.kernel, self.stride
        return (height - 1) * sh + kh, (width - 1) * sw + kw

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

    def windowed(self, images: Tensor) -> Tensor:
        """Images in the order of `patches`: what `raster` takes apart."""
        (ph, pw), (height, width) = self.window, self.windows
        apart = images.view(-1, height, ph, width, pw, images.shape[-1])
        return apart.permute(2, 4, 0, 1, 3, 5).reshape(ph * pw, -1, height, width, images.shape[-1])

    def raster(self, rows: Tensor) -> Tensor:
        """Rows (output pixels, filters), in the order of `patches`, as images."""
        (ph, pw), (height, width) = self.window, self.windows
        arranged = rows.view(ph, pw, -1, height, width, rows.shape[1])
        return arranged.permute(2, 3, 0, 4, 1, 5).reshape(-1, *self.output, rows.shape[1])
