"""A matrix of correlations as one small picture."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.report.formatting import between, points, probability
from vestry.report.models import Model
from vestry.schema.significance import PairOfModels

_UNDEFINED = -128
_LEVELS = 16
"""Shades on either side of 0; more would not be told apart and take more bytes."""

# Blue, pale, orange: told apart by every kind of colour vision.
NEGATIVE, MIDDLE, POSITIVE = (0, 84, 147), (243, 241, 236), (176, 64, 0)
_NO_VALUE = (150, 150, 150)


def palette() -> list[tuple[int, int, int]]:
    """Colours from -1 by way of 0 to 1, then the one for "undefined"."""
    shades = [_blend(MIDDLE, NEGATIVE, level / _LEVELS) for level in range(_LEVELS, 0, -1)]
    shades += [_blend(MIDDLE, POSITIVE, level / _LEVELS) for level in range(_LEVELS + 1)]
    return [*shades, _NO_VALUE]


def _blend(
    one: tuple[int, int, int], other: tuple[int, int, int], part: float
) -> tuple[int, int, int]:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def heat_map_uri(matrix: NDArray[np.int8]) -> str:
    """(n, n) correlations in hundredths, -128 where undefined, as the data URI of a PNG."""
    levels = np.rint(matrix.astype(np.float64) * (_LEVELS / 100)).astype(np.int64) + _LEVELS
    levels = np.where(matrix == _UNDEFINED, 2 * _LEVELS + 1, np.clip(levels, 0, 2 * _LEVELS))
    image = Image.fromarray(levels.astype(np.uint8)).convert("P")
    image.putpalette([value for colour in palette() for value in colour])
    buffer = io.BytesIO()
    image.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


# A value of every pair of members as the lower half of a matrix.


@dataclass(frozen=True)
class PairCell:
    """shade: 0 to 1, how strong its colour is; None where the value is undefined."""

    row: str
    column: str
    value: float | None
    shade: float


@dataclass(frozen=True)
class PairMatrix:
    """rows: a member with its cells, one a member before it; the first member has no row."""

    columns: list[str]
    rows: list[tuple[str, list[PairCell]]]


def pair_matrix(names: list[str], values: dict[frozenset[str], float | None]) -> PairMatrix:
    """values: by the two members' names. Shades run from the smallest value to the largest."""
    known = [value for value in values.values() if value is not None]
    low, high = min(known, default=0.0), max(known, default=0.0)

    def cell(row: str, column: str) -> PairCell:
        value = values[frozenset((row, column))]
        spread = high - low
        shade = 0.0 if value is None else (value - low) / spread if spread else 0.5
        return PairCell(row, column, value, round(shade, 3))

    return PairMatrix(
        names[:-1],
        [(row, [cell(row, column) for column in names[:at]]) for at, row in enumerate(names) if at],
    )


# Every two models as a triangle of cells: between whom there is a significant difference.


Kind = Literal["apart", "reversed", "tied"]
KIND_WORDS: dict[Kind, str] = {
    "apart": "significant difference",
    "reversed": "significant difference, against the order of validation",
    "tied": "no significant difference",
}


@dataclass(frozen=True)
class TieCell:
    """A later model (the row) beside an earlier one (the column).

    value: test accuracy of the earlier less that of the later.
    """

    kind: Kind
    value: float
    words: str


@dataclass(frozen=True)
class TieRow:
    """cells: one an earlier model, in the order of the rows."""

    model: Model
    cells: list[TieCell]


@dataclass(frozen=True)
class TieMatrix:
    """rows: best first; the first has no cells."""

    rows: list[TieRow]
    kinds: list[Kind]


def tie_matrix(ranked: Sequence[Model], pairs: Sequence[PairOfModels]) -> TieMatrix:
    """ranked: in the page's order. pairs: every two of them, as `comparisons.pairs` has them."""
    known = {frozenset((pair.one, pair.other)): pair for pair in pairs}
    rows = [
        TieRow(
            later,
            [
                _cell(earlier, later, known[frozenset((earlier.name, later.name))])
                for earlier in ranked[:place]
            ],
        )
        for place, later in enumerate(ranked)
    ]
    used = {found.kind for row in rows for found in row.cells}
    return TieMatrix(
        rows=rows,
        kinds=[kind for kind in KIND_WORDS if kind in used],
    )


def _cell(earlier: Model, later: Model, pair: PairOfModels) -> TieCell:
    value = between(earlier.accuracy("test"), later.accuracy("test"))
    ahead = pair.difference if pair.one == earlier.name else -pair.difference
    kind: Kind = "tied" if not pair.told_apart else "apart" if ahead > 0 else "reversed"
    words = (
        f"{earlier.name} less {later.name}: {points(value)} points, adjusted p "
        f"{probability(pair.p_holm)}, {KIND_WORDS[kind]}"
    )
    return TieCell(kind, value, words)
