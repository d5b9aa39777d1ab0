"""Every two models as a triangle of cells: who is told apart from whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from vestry.report.models import Model
from vestry.report.numbers import points, probability

Kind = Literal["apart", "reversed", "tied"]
KIND_WORDS: dict[Kind, str] = {
    "apart": "told apart",
    "reversed": "told apart, against the order of validation",
    "tied": "cannot be told apart",
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


def tie_matrix(ranked: Sequence[Model], pairs: Sequence[dict[str, Any]]) -> TieMatrix:
    """ranked: in the page's order. pairs: every two of them, as `comparisons.pairs` has them."""
    known = {frozenset((pair["one"], pair["other"])): pair for pair in pairs}
    rows = [
        TieRow(
            later,
            [
                cell(earlier, later, known[frozenset((earlier.name, later.name))])
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


def cell(earlier: Model, later: Model, pair: dict[str, Any]) -> TieCell:
    value = pair["difference"] if pair["one"] == earlier.name else -pair["difference"]
    kind: Kind = "tied" if not pair["told_apart"] else "apart" if value > 0 else "reversed"
    words = (
        f"{earlier.name} less {later.name}: {points(value)} points, adjusted p "
        f"{probability(pair['p_holm'])}, {KIND_WORDS[kind]}"
    )
    return TieCell(kind, value, words)
