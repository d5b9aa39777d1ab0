"""Many small images as one PNG sheet that a page shows in parts."""

import base64
import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Colour = tuple[int, int, int]

LONGEST_SIDE = 64
_BYTE_LIMIT = 6_000_000


@dataclass(frozen=True)
class Sheet:
    """uri: the PNG as a data URI; place: image id to its number, row by row on the sheet.

    width, height: pixels of one image on the sheet. left_out: how many images found no room.
    """

    uri: str
    width: int
    height: int
    columns: int
    rows: int
    place: dict[str, int]
    left_out: int


def draw_sheet(
    ids: list[str],
    images: NDArray[np.uint8],
    wanted: list[str],
    byte_limit: int = _BYTE_LIMIT,
    palette: list[Colour] | None = None,
) -> Sheet:
    """Draw the `wanted` images that there are, the first ones first, within `byte_limit` of PNG.

    images: (n, height, width) or (n, height, width, 3) uint8, in the order of `ids`; with a
    `palette` (n, height, width) places in it, no side over LONGEST_SIDE.
    """
    row_of = {name: row for row, name in enumerate(ids)}
    shown = [name for name in dict.fromkeys(wanted) if name in row_of]
    found = len(shown)
    thumbs = _shrink(images[[row_of[name] for name in shown]])
    png = _encode(thumbs, palette)
    while len(png) > byte_limit and len(shown) > 1:
        shown = shown[: int(0.97 * len(shown) * byte_limit / len(png))]
        thumbs = thumbs[: len(shown)]
        png = _encode(thumbs, palette)
    columns = _column_count(thumbs)
    return Sheet(
        uri="data:image/png;base64," + base64.b64encode(png).decode("ascii"),
        width=thumbs.shape[2],
        height=thumbs.shape[1],
        columns=columns,
        rows=max(1, -(-len(shown) // columns)),
        place={name: number for number, name in enumerate(shown)},
        left_out=found - len(shown),
    )


def _shrink(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Images no larger than LONGEST_SIDE; small ones stay as they are, pixel for pixel."""
    height, width = images.shape[1:3]
    factor = LONGEST_SIDE / max(height, width)
    if factor >= 1:
        return images
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    smaller = [np.asarray(Image.fromarray(image).resize(size)) for image in images]
    return np.array(smaller, dtype=np.uint8).reshape(
        len(images), size[1], size[0], *images.shape[3:]
    )


def _column_count(thumbs: NDArray[np.uint8]) -> int:
    """As many columns as make the sheet about square: browsers limit the longest side."""
    count, height, width = thumbs.shape[:3]
    return max(1, int(np.ceil(np.sqrt(count * height / width))))


def _encode(thumbs: NDArray[np.uint8], palette: list[Colour] | None = None) -> bytes:
    columns = _column_count(thumbs)
    rows = max(1, -(-len(thumbs) // columns))
    count, height, width, *channels = thumbs.shape
    cells = np.zeros((rows * columns, height, width, *channels), np.uint8)
    cells[:count] = thumbs
    grid = cells.reshape(rows, columns, height, width, *channels).swapaxes(1, 2)
    sheet = np.ascontiguousarray(grid).reshape(rows * height, columns * width, *channels)
    buffer = io.BytesIO()
    picture = Image.fromarray(sheet)
    if palette is not None:
        picture = picture.convert("P")
        picture.putpalette([value for colour in palette for value in colour])
    picture.save(buffer, format="PNG", compress_level=9)
    return buffer.getvalue()
