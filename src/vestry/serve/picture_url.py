"""Pictures as they stand in JSON: a PNG in a data URL."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

LONGEST = 320
"""Pixels of the longer side; what is larger is made smaller, what is smaller stays as it is."""


def picture_url(picture: Image.Image) -> str:
    if max(picture.size) > LONGEST:
        picture = picture.copy()
        picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    # What a file said beside its pixels (a place, a date) must not go back out.
    picture.info = {}
    stream = io.BytesIO()
    picture.save(stream, "PNG")
    return "data:image/png;base64," + base64.b64encode(stream.getvalue()).decode("ascii")


def pixels_url(pixels: NDArray[np.uint8]) -> str:
    """Of (height, width) or (height, width, 3)."""
    return picture_url(Image.fromarray(pixels))
