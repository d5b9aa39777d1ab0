"""A score over a cost: every model a point, those that nothing beats joined by a line."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import decimal, per_cent, two_digits
from vestry.report.plot.axis import Axis, LogAxis, round_axis, share_axis
from vestry.report.plot.canvas import Canvas, Point
from vestry.report.plot.figure import HALF, NARROW, Figure, drawn
from vestry.report.plot.frame import Frame
from vestry.report.plot.lines import tick_text
from vestry.report.plot.placing import LINE, Box, Place, Spot, around, placed
from vestry.report.plot.text import BOLD, shortened_apart, text_width
from vestry.report.table import Column, Table, text_column

_LEFT, _TOP, _RIGHT, _FOOT, _HEIGHT = 46, 30, 12, 44, 300
_LEAST_SPAN = 4.0
"""A scale of cost reaches over this factor at least."""
_ROOM = 1.18
_APART, _MOST_NAME = 8.0, 0.42
_FRONT = "Pareto front"


@dataclass(frozen=True)
class Spent:
    """A model with its figure on validation images and what it costs."""

    name: str
    series: int
    figure: float
    cost: float
    on_front: bool
    taken: bool
    excluded: bool


@dataclass(frozen=True)
class Scale:
    """What is drawn over what. cost: the axis's words, with the unit; cost_key, score_key: of the
    columns of its data. most, least: limits of the study, of cost and of the score."""

    cost: str
    cost_key: str
    score: str
    score_key: str
    is_share: bool
    lower_is_better: bool = False
    most: float | None = None
    least: float | None = None

    def up(self, figure: float) -> float:
        """What stands higher is better."""
        return -figure if self.lower_is_better else figure


def pareto(key: str, title: str, models: Sequence[Spent], scale: Scale, remark: str = "") -> Figure:
    """models: the best by validation first."""
    # The front's names get the best places.
    ordered = sorted(models, key=lambda model: (not model.taken, not model.on_front))
    words = f"{title}: " + "; ".join(_words(model, scale) for model in models)

    def draw(width: int) -> Canvas:
        return _draw(width, ordered, scale)

    data = _data(key, title, models, scale)
    return drawn(key, title, draw, data, remark=remark, words=words, widths=(NARROW, HALF))


def _words(model: Spent, scale: Scale) -> str:
    figure = per_cent(model.figure) if scale.is_share else decimal(model.figure)
    return f"{model.name} {two_digits(model.cost)}, {figure}"


def _data(key: str, title: str, models: Sequence[Spent], scale: Scale) -> Table:
    return Table(
        key,
        title,
        (
            text_column("model", "Model"),
            Column(scale.score_key, scale.score),
            Column(scale.cost_key, scale.cost),
            Column("on_pareto_front", "On the Pareto front"),
            Column("recommended", "Recommended"),
            Column("within_limits", "Within the limits"),
        ),
        tuple((m.name, m.figure, m.cost, m.on_front, m.taken, not m.excluded) for m in models),
    )


def _draw(width: int, models: Sequence[Spent], scale: Scale) -> Canvas:
    canvas = Canvas(width, _HEIGHT)
    across, upwards = _axes(models, scale, width)
    frame = Frame(canvas, _LEFT, _TOP, width - _RIGHT, _HEIGHT - _FOOT, across, upwards)
    frame.draw_upwards(lambda tick: tick_text(abs(tick), upwards, scale.is_share), scale.score)
    frame.draw_across(two_digits, f"{scale.cost}, log scale")
    limits = _draw_limits(frame, scale)
    points = [around(*frame.at(m.cost, scale.up(m.figure)), 10) for m in models]
    front = _draw_front(frame, models, scale, [*limits, *points])
    _draw_models(frame, models, scale, [*limits, *front])
    return canvas


def _axes(models: Sequence[Spent], scale: Scale, width: int) -> tuple[LogAxis, Axis]:
    limit = [] if scale.most is None else [scale.most]
    floor = [] if scale.least is None else [scale.up(scale.least)]
    figures = [scale.up(model.figure) for model in models] + floor
    of_share = scale.is_share and not scale.lower_is_better
    across = cost_axis([model.cost for model in models] + limit, width - _LEFT - _RIGHT)
    return across, (share_axis if of_share else round_axis)(figures)


def cost_axis(costs: Sequence[float], pixels: float) -> LogAxis:
    """A logarithmic axis with room at both ends; round ticks whose numbers do not touch, powers of
    ten before the others."""
    low, high = min(costs) / _ROOM, max(costs) * _ROOM
    widen = math.sqrt(max(1.0, _LEAST_SPAN * low / high))
    axis = LogAxis(low / widen, high * widen, ())
    powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
    kept: list[float] = []
    for tick in (factor * 10.0**power for factor in (1, 3, 2, 5) for power in powers):
        if axis.low <= tick <= axis.high and all(_apart(axis, tick, one, pixels) for one in kept):
            kept.append(tick)
    return LogAxis(axis.low, axis.high, tuple(sorted(kept)))


def _apart(axis: LogAxis, one: float, other: float, pixels: float) -> bool:
    room = (text_width(two_digits(one)) + text_width(two_digits(other))) / 2 + _APART
    return abs(axis.place(one) - axis.place(other)) * pixels >= room


def _draw_limits(frame: Frame, scale: Scale) -> list[Box]:
    """Dashed lines with their numbers; what names must not cover."""
    taken = []
    if scale.most is not None:
        x, text = frame.x(scale.most), f"limit {two_digits(scale.most)}"
        frame.canvas.line((x, frame.top), (x, frame.bottom), "limit")
        taken.append(_label(frame, (x, frame.top + LINE / 2), text, text_width(text)))
    if scale.least is not None:
        y = frame.y(scale.up(scale.least))
        text = f"limit {100 * scale.least:.6g}%" if scale.is_share else f"limit {scale.least:g}"
        frame.canvas.line((frame.left, y), (frame.right, y), "limit")
        middle = y - LINE / 2 - 1 if y - LINE > frame.top else y + LINE / 2 + 1
        taken.append(_label(frame, (frame.right, middle), text, text_width(text)))
    return taken


def _label(frame: Frame, at: Point, text: str, room: float) -> Box:
    """Right of `at`, or left of it where the frame ends."""
    x, y = at
    left = x + 4 if x + 4 + room <= frame.right else x - 4 - room
    frame.canvas.text((left, y), text, "limit-text")
    return Box(left, y - LINE / 2, left + room, y + LINE / 2)


def _draw_front(
    frame: Frame, models: Sequence[Spent], scale: Scale, taken: Sequence[Box]
) -> list[Box]:
    """What can be had for a cost: level up to the next model of the front, then up to it."""
    front = sorted((m for m in models if m.on_front), key=lambda model: model.cost)
    if not front:
        return []
    at = [frame.at(model.cost, scale.up(model.figure)) for model in front]
    corners = [(at[0][0], frame.bottom), at[0]]
    for x, y in at[1:]:
        corners += [(x, corners[-1][1]), (x, y)]
    corners.append((frame.right, corners[-1][1]))
    frame.canvas.path(corners, "front")
    boxes = [_around(*ends) for ends in itertools.pairwise(corners)]
    return [*boxes, *_name_front(frame, corners[-1][1], at[-1][0], taken)]


def _around(one: Point, other: Point) -> Box:
    (left, right), (top, bottom) = sorted((one[0], other[0])), sorted((one[1], other[1]))
    return Box(left - 3, top - 3, right + 3, bottom + 3)


def _name_front(frame: Frame, y: float, start: float, taken: Sequence[Box]) -> list[Box]:
    """At its last step, where that is long enough; else it is told apart by its line alone."""
    room = text_width(_FRONT)
    if frame.right - start < room + 20:
        return []
    for middle in (y - LINE / 2 - 2, y + LINE / 2 + 2):
        own = Box(frame.right - room, middle - LINE / 2, frame.right, middle + LINE / 2)
        if own.top >= frame.top and not any(own.overlap(other) for other in taken):
            frame.canvas.text((frame.right, middle), _FRONT, "front-text", "end")
            return [own]
    return []


def _draw_models(frame: Frame, models: Sequence[Spent], scale: Scale, lines: Sequence[Box]) -> None:
    canvas = frame.canvas
    names = shortened_apart([m.name for m in models], _MOST_NAME * canvas.width / BOLD)
    widths = [
        text_width(name) * (BOLD if model.taken else 1) + 2
        for name, model in zip(names, models, strict=True)
    ]
    at = [frame.at(model.cost, scale.up(model.figure)) for model in models]
    spots = [Spot(*point, width) for point, width in zip(at, widths, strict=True)]
    area = Box(frame.left, frame.top - LINE / 2, canvas.width, frame.bottom)
    for model, name, point, place in zip(
        models, names, at, placed(spots, area, lines), strict=True
    ):
        _draw_model(canvas, model, name, point, place)


def _draw_model(canvas: Canvas, model: Spent, name: str, at: Point, place: Place) -> None:
    x, y = at[0] + place.dx, at[1] + place.dy
    if place.is_led:
        canvas.line(at, (x, y), "leader")
    if model.taken:
        canvas.circle(at, 8.5, "ring")
    canvas.marker(at, model.series, "faint" if model.excluded else "")
    style = "strong" if model.taken else "quiet" if model.excluded else ""
    canvas.text((x, y), name, style, "start" if place.dx > 0 else "end")
