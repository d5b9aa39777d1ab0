"""Arrays of images in any usual order of axes, as (n, height, width[, 3])."""

from math import isqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

_CHANNELS = (1, 3, 4)
_WHITE = 255


def in_our_axes(images: NDArray[Any], key: str) -> tuple[NDArray[Any], list[str]]:
    """`images` with channels last and without a lone one, and notes on what was done.

    images: bytes, or floats of the same meaning. Channels first are taken where they are 1, 3 or 4
    and the last axis is none of these; rows of pixels where they make a square, in grey or colour;
    transparency is laid on white. Anything else is given back as it came, to be refused.
    """
    notes: list[str] = []
    if images.ndim == 2 and (shape := _square(images.shape[1])):
        images = images.reshape(len(images), *shape)
        notes.append(f"{key}: rows of pixels were taken for images of {shape[0]} x {shape[1]}")
    if images.ndim == 4 and images.shape[1] in _CHANNELS and images.shape[3] not in _CHANNELS:
        images = np.moveaxis(images, 1, -1)
        notes.append(f"{key}: channels came first and were put last")
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim == 4 and images.shape[3] == 4 and images.dtype == np.uint8:
        images = _on_white(images)
        notes.append(f"{key}: transparent pixels were laid on white")
    return images, notes


def _square(pixels: int) -> tuple[int, ...] | None:
    """(side, side) or (side, side, 3) of so many values; None where they make neither."""
    for channels in (1, 3):
        side = isqrt(pixels // channels)
        if side > 1 and side * side * channels == pixels:
            return (side, side) if channels == 1 else (side, side, 3)
    return None


def _on_white(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    opaque = images[..., 3:].astype(np.uint16)
    mixed = images[..., :3] * opaque + _WHITE * (_WHITE - opaque)
    return ((mixed + _WHITE // 2) // _WHITE).astype(np.uint8)
