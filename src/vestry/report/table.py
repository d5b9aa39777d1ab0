"""A table of plain values: drawn on the page, and taken home as CSV, TSV, Markdown or LaTeX.

What is taken home holds no thin spaces and no typographic minus: every value as it was measured.
The page's script writes the same four forms of the same values, sign for sign
(`templates/take_home.js`).
"""

import csv
import io
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from vestry.report import formatting
from vestry.report.latex import latex_text
from vestry.storage.spreadsheet_text import guarded

Value = str | int | float | bool | None
Row = Mapping[str, Any]
"""A row's values by the keys of their columns: of each the kind that its column holds."""
_PRECISE, _COARSE = Decimal("0.0001"), Decimal("0.1")
_LARGE = 100
_MARKED = re.compile(r"[\\`*_{}\[\]<>|&~$^#]")
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]")


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

    @property
    def copied(self) -> str:
        """Its head where values are copied as they are: a difference as a share, a time in s."""
        if self.title.endswith("points"):
            return f"{self.title.removesuffix('points').rstrip(' ,').removesuffix(', in')}, share"
        return f"{self.title}, s" if self.written is formatting.duration else self.title


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

    @property
    def plain_rows(self) -> list[list[Value]]:
        """Numbers as Python's own, None for what is no number."""
        return [[_plain(value) for value in row] for row in self.rows]

    def as_json(self) -> dict[str, Any]:
        """What the page's script sorts, copies and saves."""
        return {
            "caption": self.caption,
            "columns": [[column.key, column.copied, column.is_number] for column in self.columns],
            "rows": self.plain_rows,
        }


def text_column(key: str, title: str) -> Column:
    return Column(key, title, is_number=False, sorts="up")


def rows_of(values: Sequence[Sequence[Value]]) -> tuple[tuple[Value, ...], ...]:
    return tuple(tuple(row) for row in values)


def as_csv(table: Table) -> str:
    """Its keys, then its rows; numbers with every digit (RFC 4180). An empty field for none. Names
    that a spreadsheet would compute have an apostrophe in front."""
    return _separated(table, ",")


def as_tsv(table: Table) -> str:
    """As `as_csv`, with tabs: what spreadsheets take from the clipboard."""
    return _separated(table, "\t")


def _separated(table: Table, delimiter: str) -> str:
    target = io.StringIO()
    writer = csv.writer(target, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([guarded(column.key) for column in table.columns])
    writer.writerows([[_cell(value) for value in row] for row in table.plain_rows])
    return target.getvalue()


def as_markdown(table: Table) -> str:
    """A table as GitHub and Pandoc read it."""
    rule = ["---:" if column.is_number else "---" for column in table.columns]
    head = [column.copied for column in table.columns]
    rows = [[markdown_text(cell) for cell in row] for row in (head, *rounded_rows(table))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:])) + "\n"


def as_latex(table: Table) -> str:
    """A `table` environment that needs no package."""
    parts = (r"\begin{table}", r"\centering", latex_caption(table), tabular(table), r"\end{table}")
    return "\n".join(parts) + "\n"


def latex_caption(table: Table) -> str:
    return f"\\caption{{{latex_text(table.caption)}}}\n\\label{{tab:{table.key}}}"


def tabular(table: Table) -> str:
    """LaTeX's environment of that name, without a line's end behind it."""
    align = "".join("r" if column.is_number else "l" for column in table.columns)
    head = [column.copied for column in table.columns]
    lines = [
        " & ".join(latex_text(cell) for cell in row) + r" \\"
        for row in (head, *rounded_rows(table))
    ]
    ruled = [r"\hline", lines[0], r"\hline", *lines[1:], r"\hline"]
    return "\n".join([rf"\begin{{tabular}}{{{align}}}", *ruled, r"\end{tabular}"])


def markdown_text(text: str) -> str:
    """`text` on one line, every sign that Markdown would take for its own marked as a sign."""
    return _MARKED.sub(r"\\\g<0>", _BREAKS.sub(" ", text))


def rounded_rows(table: Table) -> list[list[str]]:
    """As people read it: of columns with fractions four digits, which is enough on paper."""
    rows = table.plain_rows
    fractions = [
        any(_is_fraction(row[place]) for row in rows) for place in range(len(table.columns))
    ]
    return [
        [_short(value) if of else _text(value) for value, of in zip(row, fractions, strict=True)]
        for row in rows
    ]


def _plain(value: Any) -> Value:
    """A number of numpy's as Python's own, which JSON takes; None of what is no number."""
    plain: Value = value.item() if hasattr(value, "item") else value
    return None if isinstance(plain, float) and not math.isfinite(plain) else plain


def _is_fraction(value: Value) -> bool:
    return isinstance(value, float) and not value.is_integer()


def _cell(value: Value) -> str:
    return guarded(value) if isinstance(value, str) else _text(value)


def _text(value: Value) -> str:
    """Every digit; numbers as JavaScript, too, writes them."""
    if value is None:
        return ""
    if not isinstance(value, float):
        return str(value)
    if value.is_integer() and abs(value) < 1e21:
        return str(int(value))
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(repr(value)), "f")
    return re.sub(r"e([+-])0*", r"e\1", repr(value))


def _short(value: Value) -> str:
    if value is None or isinstance(value, str | bool) or abs(value) >= 1e21:
        return _text(value)
    step = _PRECISE if abs(value) < _LARGE else _COARSE
    return format(Decimal(value).quantize(step, ROUND_HALF_UP), "f")
