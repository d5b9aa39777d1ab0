"""Amounts as horizontal bars, each with its name and its figure beside it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import Figure, drawn
from vestry.report.plot.text import shortened, text_width
from vestry.report.table import Column, Table, text_column

_ROW, _BAR, _GAP, _MOST_NAME = 20, 12, 8, 0.36
_MOST, _ENDS = 30, 10


@dataclass(frozen=True)
class Bar:
    name: str
    value: float


def count_bars(
    key: str, title: str, bars: Sequence[Bar], unit: str, written: Callable[[float], str]
) -> Figure:
    """bars: in their order; of more than 30 the first and the last are drawn, and that is said."""
    data = Table(
        key,
        title,
        (text_column("name", "Name"), Column(unit, unit)),
        tuple((bar.name, bar.value) for bar in bars),
    )
    shown = list(bars) if len(bars) <= _MOST else [*bars[:_ENDS], *bars[-_ENDS:]]
    cut = "" if len(bars) <= _MOST else f"the first and the last {_ENDS} of {len(bars)}"
    words = f"{title}: " + "; ".join(f"{bar.name} {written(bar.value)}" for bar in shown)
    return drawn(
        key, title, lambda width: _draw(width, shown, written), data, remark=cut, words=words
    )


def _draw(width: int, bars: Sequence[Bar], written: Callable[[float], str]) -> Canvas:
    canvas = Canvas(width, _ROW * len(bars) + 4)
    left = min(_MOST_NAME * width, max(text_width(bar.name) for bar in bars)) + _GAP
    room = width - left - _GAP - max(text_width(written(bar.value)) for bar in bars)
    largest = max(bar.value for bar in bars) or 1
    for place, bar in enumerate(bars):
        y = _ROW * (place + 0.5) + 2
        length = max(1.0, room * bar.value / largest)
        canvas.text((left - _GAP, y), shortened(bar.name, left - _GAP), "", "end")
        canvas.rect((left, y - _BAR / 2), (length, _BAR), "bar")
        canvas.text((left + length + _GAP / 2, y), written(bar.value), "quiet")
    return canvas
