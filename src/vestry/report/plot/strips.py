"""Figures of one kind on a common scale, a row each: a value, those behind it, and their spread."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.formatting import per_cent
from vestry.report.plot.axis import Axis, share_axis
from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import Figure, drawn
from vestry.report.plot.lines import tick_text
from vestry.report.plot.text import BOLD, shortened, text_width
from vestry.report.table import Column, Table, text_column

_ROW, _TRACK, _TOP, _FOOT = 54.0, 38.0, 4.0, 46.0
_SIDE = 20.0
_NAME_SIZE = 13


@dataclass(frozen=True)
class Spread:
    """low, high: shares; kind: "interval" of test rows, or "deviation" of repeated fits."""

    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class Strip:
    """One row. text: the figure in words; values: the single ones behind it, if any.

    is_reported: it is someone else's figure, drawn open.
    """

    label: str
    remark: str
    text: str
    value: float
    spread: Spread | None = None
    values: Sequence[float] = ()
    is_reported: bool = False


def deviation(mean: float, spread: float) -> Spread:
    return Spread(max(0.0, mean - spread), min(1.0, mean + spread), "deviation")


def interval(low: float, high: float) -> Spread:
    return Spread(low, high, "interval")


def strip_axis(strips: Sequence[Strip]) -> Axis:
    """A scale that holds every value and spread; it need not start at 0."""
    ends = [end for s in strips if s.spread for end in (s.spread.low, s.spread.high)]
    return share_axis([*ends, *(v for s in strips for v in (s.value, *s.values))])


def strip_figure(
    key: str,
    title: str,
    strips: Sequence[Strip],
    axis: Axis,
    *,
    remark: str = "broad bar: deviation of repeated fits; line with ends: 95% interval",
) -> Figure:
    """axis: several figures may share one."""

    def draw(width: int) -> Canvas:
        canvas = Canvas(width, _TOP + _ROW * len(strips) + _FOOT)

        def x(value: float) -> float:
            return _SIDE + axis.place(value) * (width - 2 * _SIDE)

        _draw_axis(canvas, axis, x, len(strips))
        for number, strip in enumerate(strips):
            _draw_words(canvas, strip, _TOP + _ROW * number, width)
            _draw_track(canvas, strip, _TOP + _ROW * number + _TRACK, x)
        return canvas

    words = f"{title}: " + "; ".join(f"{strip.label} {strip.text}" for strip in strips)
    return drawn(key, title, draw, _table(key, title, strips), remark=remark, words=words)


def _table(key: str, title: str, strips: Sequence[Strip]) -> Table:
    columns = (
        text_column("what", "What"),
        Column("value", "Accuracy", per_cent),
        Column("low", "From", per_cent),
        Column("high", "to", per_cent),
        text_column("spread", "Which spread"),
        text_column("remark", "Remark"),
        text_column("single", "Single values"),
    )
    rows = [
        (
            strip.label, strip.value,
            strip.spread.low if strip.spread else None,
            strip.spread.high if strip.spread else None,
            strip.spread.kind if strip.spread else None,
            strip.remark, " ".join(str(value) for value in strip.values),
        )
        for strip in strips
    ]  # fmt: skip
    return Table(key, title, columns, tuple(rows))


def _draw_axis(canvas: Canvas, axis: Axis, x: Callable[[float], float], rows: int) -> None:
    foot = _TOP + _ROW * rows
    for row in range(rows):
        for tick in axis.ticks:
            top = _TOP + _ROW * row + _TRACK - 9
            canvas.line((x(tick), top), (x(tick), top + 18), "rule")
    for tick in axis.ticks:
        canvas.text((x(tick), foot + 10), tick_text(tick, axis, True), "quiet", "middle")
    canvas.text((canvas.width / 2, foot + 30), "accuracy", "quiet", "middle")


def _draw_words(canvas: Canvas, strip: Strip, top: float, width: float) -> None:
    """Name and figure, with the remark between them where there is room."""
    figure = text_width(strip.text, _NAME_SIZE)
    canvas.text((width, top + 12), strip.text, "", "end", size=_NAME_SIZE)
    name = shortened(strip.label, (width - figure - 12) / BOLD, _NAME_SIZE)
    canvas.text((0, top + 12), name, "bold", size=_NAME_SIZE)
    start = BOLD * text_width(name, _NAME_SIZE) + 10
    remark = shortened(strip.remark, width - figure - 12 - start)
    if len(remark) > 12:
        canvas.text((start, top + 12), remark, "quiet")


def _draw_track(canvas: Canvas, strip: Strip, y: float, x: Callable[[float], float]) -> None:
    spread, ends = strip.spread, "quiet-line" if strip.is_reported else ""
    if spread and spread.kind == "deviation":
        size = (max(1.0, x(spread.high) - x(spread.low)), 10.0)
        canvas.rect((x(spread.low), y - 5), size, f"deviation {ends}")
    elif spread:
        for end in (spread.low, spread.high):
            canvas.line((x(end), y - 5), (x(end), y + 5), "whisker-line")
        canvas.line((x(spread.low), y), (x(spread.high), y), "whisker-line")
    for value in strip.values:
        canvas.circle((x(value), y), 3, "seed")
    if strip.values:
        canvas.line((x(strip.value), y - 8), (x(strip.value), y + 8), "mean-line")
    else:
        style = "open quiet-line" if strip.is_reported else "dot c-mark"
        canvas.circle((x(strip.value), y), 5 if strip.is_reported else 4.5, style)
