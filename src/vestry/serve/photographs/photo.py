"""Photographs as the model's training images look.

After section 2 of Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017): trim what has the background's
colour, resize the longer edge, extend the shorter one with the object in the middle, negate, grey.
Here the background is estimated along the whole border and removed, since a photograph's is uneven.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import DAMAGE, MODES, on_white, read_image
from vestry.data.limits import MOST_PIXELS
from vestry.errors import DataError
from vestry.export.bundle import Bundle
from vestry.serve.photographs.orientation import set_upright
from vestry.serve.photographs.photo_steps import photograph
from vestry.serve.photographs.prepared import Prepared, Step

__all__ = ["Prepared", "Step", "prepare", "prepare_image"]

Pixels = NDArray[np.uint8]

WORKING = 256
"""Pixels of the longer side, from which on a photograph is halved before it is looked at."""
AS_IT_IS = "Taken as it is: it has the model's size already."


def prepare(data: bytes, name: str, bundle: Bundle, keep_steps: bool = False) -> Prepared:
    """The picture in a PNG or JPEG file as `bundle`'s model takes it.

    name: what an error calls the file. Raises DataError where it is damaged, neither PNG nor JPEG,
    has more than 50 megapixels or more than 8 bits a channel.
    """
    image = read_image(data, name)
    size = image.size
    try:
        # A JPEG can be decoded at a half, a quarter or an eighth of its size, much faster.
        image.draft(None, (WORKING, WORKING))
        image.load()
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image ({error}); replace the file") from None
    return prepare_image(image, bundle, keep_steps, name, size)


def prepare_image(
    picture: Image.Image,
    bundle: Bundle,
    keep_steps: bool = False,
    name: str = "image",
    size: tuple[int, int] | None = None,
) -> Prepared:
    """The same for a decoded picture. size: (width, height) that it had in its file, where it was
    decoded smaller."""
    width, height = size or picture.size
    if picture.mode not in MODES or not 0 < picture.width * picture.height <= MOST_PIXELS:
        raise DataError(f"{name}: {width} x {height} pixels of kind {picture.mode} are not read")
    upright, turned = set_upright(reduced(picture))
    flat = on_white(upright)
    same = as_it_is(flat, bundle.image_shape)
    if same is not None:
        steps = [Step("As it is", AS_IT_IS, flat)] if keep_steps else []
        return Prepared(same, AS_IT_IS, True, steps)
    received = f"{width:,} x {height:,} pixels"
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
