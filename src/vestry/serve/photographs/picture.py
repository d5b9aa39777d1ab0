"""A photographed object as an array on an empty ground: grey or in colour, fitted, centred."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.serve.photographs.background import Background, Floats

Pixels = NDArray[np.uint8]
Shape = tuple[int, ...]

GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R 601, as Pillow turns colours to grey."""
WHITE = 255.0


def is_darker(pixels: Floats, level: Floats, background: Background) -> bool:
    """Whether the object is darker than its background; without a plain one, whether the border
    is light. pixels, level: (height, width) in grey, 0 to 255."""
    if not background.plain:
        return bool(np.median(level) >= WHITE / 2)
    return bool(np.median((pixels - level)[background.object]) < 0)


def strength(pixels: Floats, level: Floats, background: Background, darker: bool) -> Floats:
    """(height, width): 0 for background, 255 for black on it (or white, where the object is
    lighter). Dividing by the background's level takes a shadow's slope out.

    Without a plain background nothing is taken out.
    """
    if not background.plain:
        return WHITE - pixels if darker else pixels
    most = level if darker else WHITE - level
    difference = level - pixels if darker else pixels - level
    share = np.clip(difference / np.maximum(most, 1), 0, 1)
    return np.asarray(share * WHITE * background.matte, np.float32)


def on_ground(pixels: Floats, background: Background, ground: int) -> Floats:
    """(height, width, 3): the object in its colours on an even ground."""
    matte = background.matte[:, :, None]
    laid: Floats = pixels * matte + ground * (1 - matte)
    return laid


def fitted(values: Floats, shape: Shape) -> Floats:
    """The longer edge resized to the model's, the shorter by the same factor.

    Lanczos' filter keeps edges sharp; the published method sharpens after subsampling instead.
    """
    height, width = values.shape[:2]
    factor = min(shape[0] / height, shape[1] / width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = Image.fromarray(as_pixels(values)).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(small, np.float32)


def centred(values: Floats, shape: Shape, ground: int) -> Pixels:
    """(height, width[, 3]) uint8 of the model's shape, `ground` around `values`."""
    whole = np.full(shape, ground, np.uint8)
    top, left = (shape[0] - values.shape[0]) // 2, (shape[1] - values.shape[1]) // 2
    whole[top : top + values.shape[0], left : left + values.shape[1]] = as_pixels(values)
    return whole


def as_pixels(values: Floats) -> Pixels:
    return np.clip(np.rint(values), 0, WHITE).astype(np.uint8)
