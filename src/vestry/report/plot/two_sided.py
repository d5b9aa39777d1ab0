"""Counts to either side of a middle line: what was lost to its left, what was won to its right."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import signed, whole
from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import HALF, NARROW, Figure, drawn
from vestry.report.plot.text import shortened, text_width
from vestry.report.table import Table

_TOP, _ROW, _FOOT, _BAR = 30, 20, 10, 12
_MOST_NAME, _GAP, _NET = 0.3, 10, 40


@dataclass(frozen=True)
class TwoSided:
    """One row's counts."""

    name: str
    lost: int
    won: int

    @property
    def net(self) -> int:
        return self.won - self.lost


@dataclass(frozen=True)
class Heads:
    """Above the bars to the left, to the right, and the column of what is left over."""

    lost: str
    won: str
    net: str


def largest(rows: Sequence[TwoSided], most: int) -> list[TwoSided]:
    """Those with the largest changes, in their order; rows without any are left out."""
    changed = [row for row in rows if row.lost + row.won]
    kept = sorted(changed, key=lambda row: -(row.lost + row.won))[:most]
    return [row for row in changed if row in kept]


def two_sided(
    key: str, title: str, rows: Sequence[TwoSided], heads: Heads, data: Table, remark: str = ""
) -> Figure:
    words = f"{title}: " + "; ".join(
        f"{row.name} {row.lost} {heads.lost}, {row.won} {heads.won}" for row in rows
    )

    def draw(width: int) -> Canvas:
        return _draw(width, rows, heads)

    return drawn(key, title, draw, data, remark=remark, words=words, widths=(NARROW, HALF))


def _draw(width: int, rows: Sequence[TwoSided], heads: Heads) -> Canvas:
    canvas = Canvas(width, _TOP + _ROW * len(rows) + _FOOT)
    names = min(max(text_width(row.name) for row in rows), _MOST_NAME * width) + _GAP
    middle = (names + width - _NET) / 2
    longest = max(max(row.lost, row.won) for row in rows)
    counts = text_width(whole(longest)) + 6
    unit = (middle - names - counts) / longest
    canvas.text((middle - 6, 11), heads.lost, "quiet", "end")
    canvas.text((middle + 6, 11), heads.won, "quiet")
    canvas.text((width, 11), heads.net, "quiet", "end")
    for number, row in enumerate(rows):
        y = _TOP + _ROW * (number + 0.5)
        canvas.text((names - _GAP, y), shortened(row.name, names - _GAP + 2), "name", "end")
        _draw_row(canvas, row, (middle, y), unit)
    canvas.line((middle, _TOP - 4), (middle, canvas.height - _FOOT + 2), "axis-line")
    return canvas


def _draw_row(canvas: Canvas, row: TwoSided, at: tuple[float, float], unit: float) -> None:
    middle, y = at
    left, right = middle - row.lost * unit, middle + row.won * unit
    canvas.rect((left, y - _BAR / 2), (row.lost * unit, _BAR), "lost")
    canvas.rect((middle, y - _BAR / 2), (row.won * unit, _BAR), "won")
    canvas.text((left - 4, y), whole(row.lost), "quiet", "end")
    canvas.text((right + 4, y), whole(row.won), "quiet")
    canvas.text((canvas.width, y), signed(row.net, 0), "strong-ink", "end")
