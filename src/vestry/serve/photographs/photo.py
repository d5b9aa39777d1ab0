"""Photographs as the model's training images look.

After section 2 of Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017): trim what has the background's
colour, resize the longer edge, extend the shorter one with the object in the middle, negate, grey.
Here the background is estimated along the whole border and removed, since a photograph's is uneven.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import on_white
from vestry.data.orientation import set_upright
from vestry.export.bundle import Bundle
from vestry.serve.photographs.photo_steps import photograph
from vestry.serve.prepared import AS_IT_IS, Prepared, Step

Pixels = NDArray[np.uint8]

WORKING = 256
"""Pixels of the longer side, from which on a photograph is halved before it is looked at."""


def photographed(
    picture: Image.Image, bundle: Bundle, keep_steps: bool, size: tuple[int, int]
) -> Prepared:
    """A decoded picture as the training images of `bundle` look, which must name a border.

    size: (width, height) that it had in its file, where it was decoded smaller.
    """
    upright, turned = set_upright(reduced(picture))
    flat = on_white(upright)
    same = as_it_is(flat, bundle.image_shape)
    if same is not None:
        steps = [Step("As it is", AS_IT_IS, flat)] if keep_steps else []
        return Prepared(same, AS_IT_IS, True, steps)
    received = f"{size[0]:,} x {size[1]:,} pixels"
    if turned:
        received += ", set upright by its EXIF orientation"
    prepared = photograph(flat.convert("RGB"), bundle, received)
    return prepared if keep_steps else replace(prepared, steps=[])


def reduced(picture: Image.Image) -> Image.Image:
    """No more than twice WORKING pixels on a side; each the mean of those it covers."""
    factor = max(picture.size) // WORKING
    if factor < 2:
        return picture
    if picture.mode in ("1", "P"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return picture.reduce(factor)


def as_it_is(flat: Image.Image, shape: tuple[int, ...]) -> Pixels | None:
    """The picture's pixels where it has the model's size and colours; None where it has not."""
    if (flat.height, flat.width) != shape[:2]:
        return None
    if flat.mode == "L":
        grey = np.asarray(flat)
        return grey if len(shape) == 2 else np.repeat(grey[:, :, None], 3, axis=2)
    colour = np.asarray(flat.convert("RGB"))
    if len(shape) == 3:
        return colour
    grey = colour[:, :, 0]
    return grey if (colour == grey[:, :, None]).all() else None
