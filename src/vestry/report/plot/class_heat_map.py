"""A heat map of classes and models: how well each model does on each class, the number written in
every cell. The stronger the colour, the worse; one hue, so that no kind of colour vision matters.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import NARROW, Figure, drawn
from vestry.report.plot.frame import margin_for
from vestry.report.plot.text import BOLD, in_two_lines, shortened_apart
from vestry.report.table import Table

_LEAST_CELL, _MOST_CELL, _DECIMAL_CELL = 27.0, 96.0, 46.0
_ROW, _LOW_ROW, _MANY_ROWS = 25, 21, 14
_MOST_NAMES, _TALLEST_HEAD, _MARKER_ROOM, _BETWEEN, _LINE = 0.34, 140.0, 18, 16, 15
_ROWS_IN_WORDS = 3
_STRONGEST = 0.5
"""Of the colour: text on it still stands out."""


@dataclass(frozen=True)
class MapColumn:
    """A model. marked: the recommended one."""

    name: str
    series: int
    marked: bool


@dataclass(frozen=True)
class MapRow:
    """A class. label: its number; None for several taken together. values: shares, one a model, in
    the order of the columns; None where there is none. titles: what a pointer is told of each."""

    name: str
    label: int | None
    values: tuple[float | None, ...]
    titles: tuple[str, ...]


def class_heat_map(
    key: str,
    title: str,
    rows: Sequence[MapRow],
    columns: Sequence[MapColumn],
    data: Table,
    remark: str,
) -> Figure:
    """Cells bear the style `at-LABEL-SERIES`, so that a click on one is understood."""
    lowest = min((v for row in rows for v in row.values if v is not None), default=0.0)

    def draw(width: int) -> Canvas:
        return _draw(width, rows, columns, lowest)

    words = f"{title}: " + "; ".join(_row_words(row, columns) for row in rows[:_ROWS_IN_WORDS])
    return drawn(key, title, draw, data, remark=remark, words=words)


def _row_words(row: MapRow, columns: Sequence[MapColumn]) -> str:
    said = [
        f"{column.name} {_written(value, False)}"
        for column, value in zip(columns, row.values, strict=True)
    ]
    return f"{row.name}: {', '.join(said)}"


def _draw(
    width: int, rows: Sequence[MapRow], columns: Sequence[MapColumn], lowest: float
) -> Canvas:
    left = margin_for([row.name for row in rows], _MOST_NAMES * width) + 10
    blocks = _blocks(columns, width - left)
    cell = min(_MOST_CELL, (width - left) / len(blocks[0]))
    names = [column.name for column in columns]
    head = _head_height(names, cell)
    turned = any(in_two_lines(name, (cell - 4) / BOLD) is None for name in names)
    step = _LOW_ROW if len(rows) > _MANY_ROWS else _ROW
    tall = head + step * len(rows)
    canvas = Canvas(width, tall * len(blocks) + _BETWEEN * (len(blocks) - 1) + 2)
    row_names = shortened_apart([row.name for row in rows], left - 10)
    first = 0
    for number, block in enumerate(blocks):
        top = number * (tall + _BETWEEN)
        _heads(canvas, block, (left, top), cell, head, turned)
        for place, row in enumerate(rows):
            at = (left, top + head + step * place)
            _cells(canvas, row, row_names[place], block, first, at, (cell, step), lowest)
        first += len(block)
    return canvas


def _blocks(columns: Sequence[MapColumn], room: float) -> list[Sequence[MapColumn]]:
    """Columns that fit beside each other; the others stand below."""
    count = -(-len(columns) // max(1, int(room // _LEAST_CELL)))
    each = -(-len(columns) // count)
    return [columns[start : start + each] for start in range(0, len(columns), each)]


def _head_height(names: Sequence[str], cell: float) -> float:
    lines = [in_two_lines(name, (cell - 4) / BOLD) for name in names]
    if None not in lines:
        return _LINE * max(len(line or ()) for line in lines) + 4 + _MARKER_ROOM
    return BOLD * margin_for(names, _TALLEST_HEAD / BOLD) + 4 + _MARKER_ROOM


def _heads(
    canvas: Canvas,
    columns: Sequence[MapColumn],
    corner: tuple[float, float],
    cell: float,
    head: float,
    turned: bool,
) -> None:
    """Names above their columns, each with its model's marker."""
    left, foot = corner[0], corner[1] + head - _MARKER_ROOM
    names = [column.name for column in columns]
    short = shortened_apart(names, (head - _MARKER_ROOM - 4) / BOLD)
    for place, column in enumerate(columns):
        middle = left + cell * (place + 0.5)
        style = "strong" if column.marked else ""
        if turned:
            canvas.text((middle, foot - 2), short[place], style, turned=True)
        else:
            lines = in_two_lines(column.name, (cell - 4) / BOLD) or []
            for number, line in enumerate(reversed(lines)):
                canvas.text((middle, foot - 8 - _LINE * number), line, style, "middle")
        canvas.marker((middle, foot + 8), column.series)


def _cells(
    canvas: Canvas,
    row: MapRow,
    name: str,
    columns: Sequence[MapColumn],
    first: int,
    at: tuple[float, float],
    size: tuple[float, float],
    lowest: float,
) -> None:
    """One class: its name, and a cell for each of the columns, of which `first` is the first."""
    (left, y), (width, height) = at, size
    label = "all" if row.label is None else row.label
    canvas.text((left - 8, y + height / 2), name, f"row-name at-{label}", "end")
    for place, column in enumerate(columns):
        value, x = row.values[first + place], left + width * place
        style = f"heat at-{label}-{column.series}"
        shade = 0.0 if value is None or lowest >= 1 else (1 - value) / (1 - lowest)
        title = row.titles[first + place] if canvas.width > NARROW else ""  # fingers do not hover
        canvas.rect((x, y), (width - 2, height - 2), style, _STRONGEST * shade, title)
        text = _written(value, width < _DECIMAL_CELL)
        canvas.text((x + width / 2 - 1, y + height / 2 - 1), text, "heat-value", "middle")


def _written(value: float | None, is_narrow: bool) -> str:
    """A share in per cent without its sign; nothing but 1 is written as 100."""
    if value is None:
        return "\u2013"
    digits, most = (0, 99.0) if is_narrow else (1, 99.9)
    return f"{100.0 if value >= 1 else min(100 * value, most):.{digits}f}"
