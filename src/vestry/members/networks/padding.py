"""What stands around an image: zeros, or pixels of its own."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vestry.members.networks.block import Block, Tensor, functional, torch
from vestry.members.networks.geometry import Pair
from vestry.members.networks.layer import Nodes, Shape

PaddingMode = Literal["zeros", "reflect", "edge", "wrap"]
"""zeros; mirrored at the outermost pixel, which is not doubled; that pixel again and again; what
stands at the other end. numpy's and ONNX's words."""


def require_pixels(shape: Shape, pads: tuple[Pair, Pair], mode: PaddingMode) -> None:
    """ValueError where the image has too few pixels to pad with."""
    for length, ends in zip(shape[:2], pads, strict=True):
        if max(ends) > (most := {"reflect": length - 1, "wrap": length}.get(mode, max(ends))):
            raise ValueError(
                f"a side of {length} pixels can be padded by {most} at most with "
                f'padding_mode = "{mode}", not by {max(ends)}; take "zeros" or "edge"'
            )


class PadBlock(Block):
    """Pads with pixels of the image; each gradient goes back to the pixel that it came from."""

    def __init__(self, sides: Pair, pads: tuple[Pair, Pair], mode: PaddingMode) -> None:
        self.sources = [
            torch.from_numpy(_sources(length, ends, mode))
            for length, ends in zip(sides, pads, strict=True)
        ]
        self.sides = sides

    def forward(self, x: Tensor, training: bool) -> Tensor:
        for axis, source in enumerate(self.sources):
            x = x.index_select(axis + 1, source)
        return x

    def backward(self, gradient: Tensor) -> Tensor:
        for axis, source in enumerate(self.sources):
            shape = list(gradient.shape)
            shape[axis + 1] = self.sides[axis]
            gradient = gradient.new_zeros(shape).index_add_(axis + 1, source, gradient)
        return gradient


def padded(x: Tensor, pads: tuple[Pair, Pair], mode: PaddingMode) -> Tensor:
    """Images (n, height, width, channels), by operations that autograd follows."""
    if mode == "zeros":
        (top, bottom), (left, right) = pads
        return functional.pad(x, (0, 0, left, right, top, bottom))
    for axis, ends in enumerate(pads, 1):
        source = torch.from_numpy(_sources(x.shape[axis], ends, mode))
        x = x.index_select(axis, source.to(x.device))
    return x


def _sources(length: int, ends: Pair, mode: PaddingMode) -> NDArray[np.int64]:
    """Of each pixel along a padded side: which pixel of the image it is."""
    return np.pad(np.arange(length), ends, mode="constant" if mode == "zeros" else mode)


def pad_node(to: Nodes, value: str, pads: tuple[Pair, Pair], mode: PaddingMode) -> str:
    """Adds the padding of channels-first images to the graph."""
    (top, bottom), (left, right) = pads
    ends = np.array([0, 0, top, left, 0, 0, bottom, right], np.int64)
    return to.add("Pad", value, to.constant(ends, "pads"), mode=mode)
