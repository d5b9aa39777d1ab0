"""A table of plain values: drawn on the page, and taken home as CSV, TSV, Markdown or LaTeX.

What is taken home holds no thin spaces and no typographic minus: every value as it was measured.
"""

import csv
import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vestry.report import formatting

Value = str | int | float | bool | None
Row = Mapping[str, Any]
"""A row's values by the keys of their columns: of each the kind that its column holds."""


@dataclass(frozen=True)
class Column:
    """key: its name in CSV, `test_accuracy_low`. title: its head on the page. written: its values
    as the page shows them. shown: False for what only the copy has, the ends of an interval say.
    sorts: "down" where a first click puts the highest first, "up" the lowest. of_row: what the page
    shows instead, of all values of the row by keys; beside: what stands small behind it."""

    key: str
    title: str
    written: Callable[[Any], str] = formatting.plain
    is_number: bool = True
    shown: bool = True
    sorts: str = "down"
    of_row: Callable[[Row], str] | None = None
    beside: Callable[[Row], str] | None = None

    def cell(self, row: Row) -> str:
        return self.of_row(row) if self.of_row else self.written(row[self.key])

    def small(self, row: Row) -> str:
        """Empty for nothing."""
        return self.beside(row) if self.beside else ""


@dataclass(frozen=True)
class Table:
    """key: names it on the page and its file. rows: a value a column; None where there is none."""

    key: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Value, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"table {self.key}: a row has another length than its columns")

    @property
    def shown_columns(self) -> list[tuple[int, Column]]:
        """Each with its place among all."""
        return [(place, one) for place, one in enumerate(self.columns) if one.shown]

    @property
    def head(self) -> int:
        """The place of the column that names the rows: the first of words."""
        named = (place for place, one in self.shown_columns if not one.is_number)
        return next(named, self.shown_columns[0][0])

    def by_key(self, row: Sequence[Value]) -> dict[str, Value]:
        return dict(zip((column.key for column in self.columns), row, strict=True))

    def as_json(self) -> dict[str, Any]:
        """What the page's script sorts, copies and saves."""
        return {
            "caption": self.caption,
            "columns": [[column.key, column.title] for column in self.columns],
            "rows": [[_plain(value) for value in row] for row in self.rows],
        }


def text_column(key: str, title: str) -> Column:
    return Column(key, title, is_number=False, sorts="up")


def as_csv(table: Table, delimiter: str = ",") -> str:
    """Its keys, then its rows; numbers with every digit. An empty field where there is none."""
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\n")
    writer.writerow([column.key for column in table.columns])
    writer.writerows([[_text(value) for value in row] for row in table.rows])
    return target.getvalue()


def as_markdown(table: Table) -> str:
    """A table as GitHub and Pandoc read it."""
    rule = ["---:" if column.is_number else "---" for column in table.columns]
    rows = [[column.title for column in table.columns], rule]
    rows += [[_short(value) for value in row] for row in table.rows]
    return "\n".join(f"| {' | '.join(_escaped(cell) for cell in row)} |" for row in rows) + "\n"


def as_latex(table: Table) -> str:
    """A `table` environment that needs no package."""
    align = "".join("r" if column.is_number else "l" for column in table.columns)
    head = [column.title for column in table.columns]
    body = [head, *([_short(value) for value in row] for row in table.rows)]
    lines = [" & ".join(latex_text(cell) for cell in row) + r" \\" for row in body]
    return "\n".join(
        [
            r"\begin{table}",
            r"\centering",
            rf"\caption{{{latex_text(table.caption)}}}",
            rf"\label{{tab:{table.key}}}",
            rf"\begin{{tabular}}{{{align}}}",
            r"\hline",
            lines[0],
            r"\hline",
            *lines[1:],
            r"\hline",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


_LATEX = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    **{sign: f"\\{sign}" for sign in "&%$#_{}"},
    "\u202f": r"\,",
    "\u2212": "$-$",
    "\u00b1": r"$\pm$",
    "\u00d7": r"$\times$",
    "\u2013": "--",
    "\u2019": "'",
    "\u201c": "``",
    "\u201d": "''",
}


def latex_text(text: str) -> str:
    """`text` for LaTeX, every sign that it would take for a command written out."""
    return "".join(_LATEX.get(sign, sign) for sign in text)


def _escaped(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ")


def _plain(value: Any) -> Value:
    """A number of numpy's as Python's own, which JSON takes."""
    plain: Value = value.item() if hasattr(value, "item") else value
    return plain


def _text(value: Value) -> str:
    return "" if value is None else str(_plain(value))


def _short(value: Value) -> str:
    """As people read it: four digits are enough on paper."""
    value = _plain(value)
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 100 else f"{value:.1f}"
    return _text(value)


def rows_of(values: Sequence[Sequence[Value]]) -> tuple[tuple[Value, ...], ...]:
    return tuple(tuple(row) for row in values)
