"""A value of every pair of members as the lower half of a matrix."""

from dataclasses import dataclass


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
