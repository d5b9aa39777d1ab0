"""A forest plot: differences with their intervals, a row each, beside a line of no difference."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.formatting import points, points_range, signed
from vestry.report.plot.axis import Axis, round_axis
from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import HALF, NARROW, Figure, drawn
from vestry.report.plot.text import BOLD, shortened_apart, text_width
from vestry.report.table import Table

_TOP, _FOOT, _LOW_ROW, _HIGH_ROW, _BAND = 30, 46, 28, 46, 26
_MOST_NAME, _GAP, _COLUMN, _NARROW_COLUMN = 0.3, 12, 54, 46


@dataclass(frozen=True)
class ForestRow:
    """A difference of shares with its interval. series: of the model that the row is of. beside:
    what stands right of it, one a column."""

    name: str
    series: int
    value: float
    low: float
    high: float
    beside: Sequence[str] = ()


@dataclass(frozen=True)
class ForestAxis:
    """title: below the scale, with the unit; left, right: what either side of 0 means, above it.
    beside: heads of the columns at the right."""

    title: str
    left: str
    right: str
    beside: Sequence[str] = ()


def forest(
    key: str, title: str, rows: Sequence[ForestRow], axis: ForestAxis, data: Table
) -> Figure:
    """data: what is taken home of it."""
    words = f"{title}: " + "; ".join(
        f"{row.name} {points(row.value)} ({points_range(row.low, row.high)})" for row in rows
    )

    def draw(width: int) -> Canvas:
        return _Drawing(width, rows, axis).canvas

    return drawn(key, title, draw, data, words=words, widths=(NARROW, HALF))


class _Drawing:
    """One width: on a narrow one, names stand above their rows."""

    def __init__(self, width: int, rows: Sequence[ForestRow], axis: ForestAxis) -> None:
        self._is_narrow = width < HALF
        self._row = _HIGH_ROW if self._is_narrow else _LOW_ROW
        self._columns = axis.beside
        widest = max(BOLD * text_width(row.name) for row in rows)
        self._left = 14 if self._is_narrow else min(widest, _MOST_NAME * width) + _GAP
        self._column = _NARROW_COLUMN if self._is_narrow else _COLUMN
        self._right = width - self._column * len(self._columns) - 8
        self._foot = _TOP + self._row * len(rows)
        self._scale = _scale(rows, 3 if self._is_narrow else 4)
        self.canvas = Canvas(width, self._foot + _FOOT)
        self._draw_scale(axis)
        room = width if self._is_narrow else self._left - _GAP + 2
        names = shortened_apart([row.name for row in rows], room)
        for number, row in enumerate(rows):
            self._draw_row(row, names[number], _TOP + self._row * (number + 0.5))

    def _x(self, value: float) -> float:
        return self._left + self._scale.place(value) * (self._right - self._left)

    def _draw_scale(self, axis: ForestAxis) -> None:
        canvas, text = self.canvas, _tick_text(self._scale)
        for tick in self._scale.ticks:
            self._draw_upright(self._x(tick), "rule")
            canvas.text((self._x(tick), self._foot + 15), text(tick), "quiet", "middle")
        self._draw_upright(self._x(0), "axis-line")
        middle = max((self._left + self._right) / 2, text_width(axis.title) / 2)
        canvas.text((middle, self._foot + 34), axis.title, "quiet", "middle")
        self._draw_sides(axis)
        for number, head in enumerate(self._columns):
            canvas.text((self._end(number), 11), head, "quiet", "end")

    def _draw_upright(self, x: float, style: str) -> None:
        """A line from top to foot; where names stand above their rows, not through them."""
        if not self._is_narrow:
            self.canvas.line((x, _TOP - 4), (x, self._foot + 4), style)
            return
        for number in range(round((self._foot - _TOP) / self._row)):
            foot = _TOP + self._row * (number + 1)
            self.canvas.line((x, foot - _BAND), (x, foot + 4), style)

    def _draw_sides(self, axis: ForestAxis) -> None:
        """What either side of 0 means, where there is room for it."""
        zero = self._x(0)
        if zero - 6 - text_width(axis.left) >= 0:
            self.canvas.text((zero - 6, 11), axis.left, "quiet", "end")
        if zero + 6 + text_width(axis.right) <= self._right + _GAP:
            self.canvas.text((zero + 6, 11), axis.right, "quiet")

    def _end(self, number: int) -> float:
        return self.canvas.width - self._column * (len(self._columns) - 1 - number)

    def _draw_row(self, row: ForestRow, name: str, middle: float) -> None:
        canvas, y = self.canvas, middle + 10 if self._is_narrow else middle
        if self._is_narrow:
            canvas.text((0, middle - 12), name, "name")
        else:
            canvas.text((self._left - _GAP, y), name, "name", "end")
        for end in (row.low, row.high):
            canvas.line((self._x(end), y - 5), (self._x(end), y + 5), "whisker-line")
        canvas.line((self._x(row.low), y), (self._x(row.high), y), "whisker-line")
        canvas.marker((self._x(row.value), y), row.series, radius=5.5)
        for number, text in enumerate(row.beside):
            canvas.text((self._end(number), y), text, "", "end")


def _scale(rows: Sequence[ForestRow], ticks: int) -> Axis:
    """It always holds 0."""
    return round_axis([0.0, *(end for row in rows for end in (row.low, row.high))], ticks)


def _tick_text(scale: Axis) -> Callable[[float], str]:
    step = scale.ticks[1] - scale.ticks[0]
    digits = 0 if step > 0.0099 else 1 if step > 0.00099 else 2
    return lambda tick: signed(100 * tick, digits)
