"""Models' figures as dots on one axis: validation open, test filled with its interval."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.formatting import decimal, per_cent
from vestry.report.plot.axis import Axis, round_axis, share_axis
from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import Figure, drawn
from vestry.report.plot.lines import tick_text
from vestry.report.plot.text import BOLD, shortened, text_width
from vestry.report.table import Column, Table, text_column

_ROW, _TOP, _FOOT, _RIGHT = 26, 30, 44, 18
_MOST_NAME, _CHAR_ROOM = 0.34, 12


@dataclass(frozen=True)
class DotRow:
    """One model. low, high: the interval of `test`; None where it has none. reported: what
    somebody else gave for it. seeds: each one's test figure. marked: the recommended one."""

    name: str
    series: int
    validation: float
    test: float
    low: float | None
    high: float | None
    reported: float | None = None
    seeds: tuple[float, ...] = ()
    marked: bool = False


def dot_plot(
    key: str, title: str, rows: Sequence[DotRow], score: str, *, is_share: bool, remark: str = ""
) -> Figure:
    """score: what is measured, on the axis. is_share: of 0..1, shown in per cent."""
    axis = _axis(rows, is_share)
    words = f"{title}: " + "; ".join(_words(row, is_share) for row in rows)

    def draw(width: int) -> Canvas:
        return _draw(width, rows, axis, score, is_share)

    return drawn(key, title, draw, _data(key, title, rows), remark=remark, words=words)


def _axis(rows: Sequence[DotRow], is_share: bool) -> Axis:
    values = [v for r in rows for v in (r.validation, r.test, r.low, r.high, r.reported, *r.seeds)]
    known = [value for value in values if value is not None]
    return (share_axis if is_share else round_axis)(known, 4)


def _words(row: DotRow, is_share: bool) -> str:
    def shown(value: float) -> str:
        return per_cent(value) if is_share else decimal(value)

    known = row.low is not None and row.high is not None
    between = f" ({shown(row.low or 0)} to {shown(row.high or 0)})" if known else ""
    return f"{row.name} validation {shown(row.validation)}, test {shown(row.test)}{between}"


def _data(key: str, title: str, rows: Sequence[DotRow]) -> Table:
    names = ("validation", "test", "test_low", "test_high", "reported")
    return Table(
        key,
        title,
        (text_column("model", "Model"), *(Column(name, name) for name in names)),
        tuple((r.name, r.validation, r.test, r.low, r.high, r.reported) for r in rows),
    )


def _draw(width: int, rows: Sequence[DotRow], axis: Axis, score: str, is_share: bool) -> Canvas:
    most = max(BOLD * text_width(row.name, 13) for row in rows)
    left = min(most, _MOST_NAME * width) + _CHAR_ROOM
    height = _TOP + _ROW * len(rows) + _FOOT
    canvas = Canvas(width, height)

    def x(value: float) -> float:
        return left + axis.place(value) * (width - left - _RIGHT)

    foot = _TOP + _ROW * len(rows)
    _key(canvas, left)
    for number, row in enumerate(rows):
        if row.marked:
            canvas.rect((0, _TOP + _ROW * number + 1), (width, _ROW - 2), "band")
    for tick in axis.ticks:
        canvas.line((x(tick), _TOP), (x(tick), foot + 4), "rule")
        canvas.text((x(tick), foot + 14), tick_text(tick, axis, is_share), "quiet", "middle")
    canvas.text(((left + width - _RIGHT) / 2, foot + 33), score, "quiet", "middle")
    for number, row in enumerate(rows):
        _row(canvas, row, _TOP + _ROW * (number + 0.5), left, x)
    return canvas


def _key(canvas: Canvas, left: float) -> None:
    canvas.circle((left + 6, 12), 4.5, "open c-ink")
    canvas.text((left + 16, 12), "validation", "quiet")
    start = left + 16 + text_width("validation") + 14
    canvas.line((start - 4, 12), (start + 16, 12), "whisker-line")
    canvas.circle((start + 6, 12), 4.5, "dot c-ink")
    canvas.text((start + 22, 12), "test, 95% interval", "quiet")


def _row(canvas: Canvas, row: DotRow, y: float, left: float, x: Callable[[float], float]) -> None:
    name = shortened(row.name, left - _CHAR_ROOM + 2, 13)
    canvas.text(
        (left - _CHAR_ROOM, y), name, "name strong" if row.marked else "name", "end", size=13
    )
    if row.low is not None and row.high is not None:
        for end in (row.low, row.high):
            canvas.line((x(end), y - 5), (x(end), y + 5), "whisker-line")
        canvas.line((x(row.low), y), (x(row.high), y), "whisker-line")
    for seed in row.seeds:
        canvas.circle((x(seed), y), 2, "seed")
    if row.reported is not None:
        canvas.circle((x(row.reported), y), 7, "open quiet-line")
    canvas.circle((x(row.validation), y), 4.5, "open c-mark" if row.marked else "open c-ink")
    canvas.circle((x(row.test), y), 4.5, "dot c-mark" if row.marked else "dot c-ink")
