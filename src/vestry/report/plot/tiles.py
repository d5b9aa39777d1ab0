"""Maps over images: what a model's answer rests on, in colour over the image in grey.

Orange supports the answer, blue speaks against it: told apart by every kind of colour vision. The
image below is drawn pale, so that both show on its dark parts, on light pages and on dark ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.report.sprite import Colour, Sheet, draw_sheet
from vestry.schema.analysis import Agreement, Pattern

Maps = Mapping[str, NDArray[np.floating]]

_BYTE_LIMIT = 600_000
GREYS, LEVELS = 12, 8
"""Shades of grey of the image, and of either colour over it."""
DARKEST, PALEST = 120, 243
AGAINST, FOR = (0, 84, 147), (199, 72, 0)
_STRONGEST = 0.9


@dataclass(frozen=True)
class Tile:
    """One map to draw.

    image: the id of the image that lies under it, or None. group: maps of one group have one scale.
    floor: the least value that may have the full colour.
    """

    name: str
    image: str | None
    group: str
    floor: float = 0.0


def palette() -> list[Colour]:
    """For each grey all levels from full blue by way of none to full orange."""
    return [
        _blend(grey, FOR if level > 0 else AGAINST, _STRONGEST * abs(level) / LEVELS)
        for grey in np.linspace(DARKEST, PALEST, GREYS)
        for level in range(-LEVELS, LEVELS + 1)
    ]


def _blend(grey: float, colour: Colour, part: float) -> Colour:
    red, green, blue = (round(grey + (value - grey) * part) for value in colour)
    return red, green, blue


def draw_tiles(tiles: list[Tile], maps: Maps, images: Mapping[str, NDArray[np.uint8]]) -> Sheet:
    """A sheet of the `tiles` that there are maps for, in their order; within 600,000 bytes."""
    shown = [tile for tile in tiles if tile.name in maps]
    scales = _group_scales(shown, maps)
    places = [
        tile_places(
            np.asarray(maps[tile.name], np.float64),
            None if tile.image is None else images.get(tile.image),
            scales[tile.group],
        )
        for tile in shown
    ]
    stacked = np.stack(places) if places else np.zeros((0, 1, 1), np.uint8)
    names = [tile.name for tile in shown]
    return draw_sheet(names, stacked, names, _BYTE_LIMIT, palette())


def _group_scales(tiles: list[Tile], maps: Maps) -> dict[str, float]:
    """The value that has the full colour, by group: its largest, in either direction."""
    scales: dict[str, float] = {}
    for tile in tiles:
        largest = float(np.abs(maps[tile.name]).max())
        scales[tile.group] = max(scales.get(tile.group, tile.floor), largest)
    return scales


def tile_places(
    values: NDArray[np.float64], image: NDArray[np.uint8] | None, scale: float
) -> NDArray[np.uint8]:
    """(height, width) places in the palette."""
    level = np.clip(values / (scale or 1.0), -1, 1) * LEVELS
    grey = np.full(values.shape, GREYS - 1.0)
    if image is not None:
        grey = _luminance(image, values.shape) / 255 * (GREYS - 1)
    return np.asarray(np.rint(grey) * (2 * LEVELS + 1) + np.rint(level) + LEVELS, np.uint8)


def _luminance(image: NDArray[np.uint8], shape: tuple[int, ...]) -> NDArray[np.float64]:
    """The image in grey, at the size of the map that lies over it."""
    height, width = shape
    picture = Image.fromarray(image).convert("L")
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BOX)
    return np.asarray(picture, np.float64)


# Which members are wrong together: patterns as columns, members as rows, counts as bars.


COLUMNS_SHOWN = 16


@dataclass(frozen=True)
class PatternColumn:
    """height: of the bar, as a share of the longest. kind: "all", "one" (wrong) or "some".

    dots: one a member, in study order: whether it is wrong. first, last: the places of the first
    and the last that is, between which a line is drawn.
    """

    count: int
    height: float
    kind: str
    dots: list[bool]
    first: int
    last: int
    wrong: list[str]


@dataclass(frozen=True)
class Patterns:
    """rows: (member, how many images it gets wrong). held: images of the columns that are shown."""

    rows: list[tuple[str, int]]
    columns: list[PatternColumn]
    held: int


def pattern_columns(found: Agreement) -> Patterns:
    """The most frequent patterns, and "all wrong" among them wherever there is such an image."""
    names = found.members
    shown = found.patterns[:COLUMNS_SHOWN]
    every = list(range(len(names)))
    everyone = [row for row in found.patterns if row.wrong == every]
    if everyone and everyone[0] not in shown:
        shown = [*shown[: COLUMNS_SHOWN - 1], everyone[0]]
    longest = max((row.count for row in shown), default=1)
    return Patterns(
        rows=list(zip(names, found.wrong, strict=True)),
        columns=[_column(row, names, longest) for row in shown],
        held=sum(row.count for row in shown),
    )


def _column(row: Pattern, names: list[str], longest: int) -> PatternColumn:
    wrong = row.wrong
    kind = "all" if len(wrong) == len(names) else "one" if len(wrong) == 1 else "some"
    return PatternColumn(
        count=row.count,
        height=round(row.count / longest, 4),
        kind=kind,
        dots=[place in wrong for place in range(len(names))],
        first=wrong[0],
        last=wrong[-1],
        wrong=[names[place] for place in wrong],
    )
