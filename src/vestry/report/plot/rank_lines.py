"""Curves in the unit square, ROC or precision over recall: a line a model, and that of chance."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import decimal, per_cent
from vestry.report.plot.axis import Axis
from vestry.report.plot.canvas import Canvas, Point, series_style
from vestry.report.plot.figure import HALF, NARROW, Figure, drawn
from vestry.report.plot.frame import Frame
from vestry.report.plot.text import shortened, text_width
from vestry.report.table import Column, Table, text_column

_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
_LEFT, _TOP, _FOOT, _RIGHT = 46, 30, 44, 22
_MOST_SIDE, _ROW, _SAMPLE = 290, 19, 26
_MARKS = 3


@dataclass(frozen=True)
class RankLine:
    """A model's curve, shares by shares, and the area under it."""

    name: str
    series: int
    area: float
    points: Sequence[Point]


@dataclass(frozen=True)
class RankAxes:
    """Names of both axes, and the line of what needs no model."""

    across: str
    upwards: str
    chance: Sequence[Point]


def rank_lines(key: str, title: str, lines: Sequence[RankLine], axes: RankAxes) -> Figure:
    words = f"{title}: " + "; ".join(f"{line.name} {decimal(line.area)}" for line in lines)
    ordered = sorted(lines, key=lambda line: -line.area)

    def draw(width: int) -> Canvas:
        return _draw(width, ordered, axes)

    return drawn(key, title, draw, _data(key, title, lines, axes), words=words, widths=_WIDTHS)


_WIDTHS = (NARROW, HALF)


def _data(key: str, title: str, lines: Sequence[RankLine], axes: RankAxes) -> Table:
    columns = (text_column("model", "Model"), Column("x", axes.across), Column("y", axes.upwards))
    rows = tuple((line.name, x, y) for line in lines for x, y in line.points)
    return Table(key, title, columns, rows)


def _draw(width: int, lines: Sequence[RankLine], axes: RankAxes) -> Canvas:
    side = min(_MOST_SIDE, width - _LEFT - _RIGHT)
    beside = width > _LEFT + side + 120
    key_rows = _ROW * (len(lines) + 1)
    foot = _TOP + side + _FOOT
    canvas = Canvas(width, foot if beside else foot + key_rows + 6)
    unit = Axis(0.0, 1.0, _TICKS)
    frame = Frame(canvas, _LEFT, _TOP, _LEFT + side, _TOP + side, unit, unit)
    frame.draw_upwards(lambda tick: per_cent(tick, 0), axes.upwards)
    frame.draw_across(lambda tick: per_cent(tick, 0), axes.across)
    canvas.path([frame.at(*point) for point in axes.chance], "chance")
    for place, line in enumerate(reversed(lines)):
        _draw_line(frame, line, (place + 1) / (len(lines) + 1))
    at = (frame.right + 18, frame.top + 10) if beside else (_LEFT, foot + 14)
    _draw_key(canvas, lines, at, width - at[0])
    return canvas


def _draw_line(frame: Frame, line: RankLine, share: float) -> None:
    """share: where along it its markers stand, so that those of two lines keep apart."""
    points = [frame.at(*point) for point in line.points]
    frame.canvas.path(points, series_style(line.series))
    for mark in range(_MARKS):
        place = int((mark + share) / _MARKS * (len(points) - 1))
        frame.canvas.marker(points[place], line.series)


def _draw_key(canvas: Canvas, lines: Sequence[RankLine], at: Point, room: float) -> None:
    """Names with their areas, the largest first, as the lines look."""
    x, y = at
    for line in lines:
        canvas.path([(x, y), (x + _SAMPLE - 8, y)], series_style(line.series))
        canvas.marker((x + (_SAMPLE - 8) / 2, y), line.series)
        area = decimal(line.area)
        name = shortened(line.name, room - _SAMPLE - text_width(area) - 8)
        canvas.text((x + _SAMPLE, y), f"{name} {area}")
        y += _ROW
    canvas.path([(x, y), (x + _SAMPLE - 8, y)], "chance")
    canvas.text((x + _SAMPLE, y), "without a model", "quiet")
