"""A matrix of correlations as one small picture."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

UNDEFINED = -128
LEVELS = 16
"""Shades on either side of 0; more would not be told apart and take more bytes."""

# Blue, pale, orange: told apart by every kind of colour vision.
NEGATIVE, MIDDLE, POSITIVE = (0, 84, 147), (243, 241, 236), (176, 64, 0)
NO_VALUE = (150, 150, 150)


def palette() -> list[tuple[int, int, int]]:
    """Colours from -1 by way of 0 to 1, then the one for "undefined"."""
    shades = [blend(MIDDLE, NEGATIVE, level / LEVELS) for level in range(LEVELS, 0, -1)]
    shades += [blend(MIDDLE, POSITIVE, level / LEVELS) for level in range(LEVELS + 1)]
    return [*shades, NO_VALUE]


def blend(
    one: tuple[int, int, int], other: tuple[int, int, int], part: float
) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def heat_map_uri(matrix: NDArray[np.int8]) -> str:
    """(n, n) correlations in hundredths, -128 where undefined, as the data URI of a PNG."""
    levels = np.rint(matrix.astype(np.float64) * (LEVELS / 100)).astype(np.int64) + LEVELS
    levels = np.where(matrix == UNDEFINED, 2 * LEVELS + 1, np.clip(levels, 0, 2 * LEVELS))
    image = Image.fromarray(levels.astype(np.uint8)).convert("P")
    image.putpalette([value for colour in palette() for value in colour])
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
