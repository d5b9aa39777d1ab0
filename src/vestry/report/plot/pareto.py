"""Accuracy against a cost: every model a dot, those that nothing beats joined by a line."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from vestry.report.formatting import per_cent
from vestry.report.plot.axis import LogAxis, share_axis, with_ticks

# Names beside points, placed so that none covers another name or point.


WIDTHS = (262, 330, 450, 600, 760, 900)
"""Pixels; what holds at each of them holds between them, since everything moves in straight lines
from one to the next."""
LETTER, PADDING, LINE = 6.4, 4, 15
_MOST = 126
"""The widest name in pixels; a longer one is cut off by the page."""
_DOT = 5
_BESIDE = (9, 22, 40)
_STEP = 8
FAR, COVERED = 0.4, 20.0
"""What a pixel of distance, and a square pixel of a covered name, count beside one of a line that
crosses a name."""


@dataclass(frozen=True)
class Point:
    """x: a share of the width. y: pixels from the top."""

    name: str
    x: float
    y: float


@dataclass(frozen=True)
class Place:
    """Where a name stands: its near edge `dx` pixels right of the point (left where negative), its
    middle `dy` below it."""

    dx: float
    dy: float

    @property
    def is_led(self) -> bool:
        """Whether it is so far off that a line should lead to it."""
        return abs(self.dy) > _DOT + 3 or abs(self.dx) > _BESIDE[0]


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0


def placed(points: list[Point], height: float) -> list[Place]:
    """A place for each name; the first ones get the best."""
    found: list[Place] = []
    for point in points:
        taken = [_obstacles(points, found, width) for width in WIDTHS]
        best, least = Place(_BESIDE[0], 0), float("inf")
        for place in _places(point, height):
            far = FAR * abs(complex(place.dx, place.dy))
            if far >= least:
                break
            cost = far + sum(
                _covered(point, place, width, boxes)
                for width, boxes in zip(WIDTHS, taken, strict=True)
            )
            if cost < least:
                best, least = place, cost
        found.append(best)
    return found


def _places(point: Point, height: float) -> Iterator[Place]:
    """Places to try, the nearest first; none above or below the figure."""
    tried = [
        Place(side * beside, _STEP * step * down)
        for beside in _BESIDE
        for step in range(int(height / _STEP))
        for down in (-1, 1)
        for side in (1, -1)
        if LINE / 2 <= point.y + _STEP * step * down <= height - LINE / 2 or not step
    ]
    yield from sorted(tried, key=lambda place: (place.dx**2 + place.dy**2, place.dx < 0))


def _obstacles(points: list[Point], found: list[Place], width: float) -> list[Box]:
    """Every point, and the names and lines that have their places."""
    boxes = [around(point.x * width, point.y, _DOT) for point in points]
    for point, place in zip(points, found, strict=False):
        boxes.append(box(point, place, width))
        boxes += _line(point, place, width)
    return boxes


def _covered(point: Point, place: Place, width: float, boxes: list[Box]) -> float:
    """How bad a place is: what a name would cover there, stand out of the figure, or be crossed."""
    own = box(point, place, width)
    dot = around(point.x * width, point.y, _DOT)
    outside = max(0.0, -own.left) + max(0.0, own.right - width)
    hit = sum(own.overlap(other) for other in boxes if other != dot)
    crossed = sum(part.overlap(other) for part in _line(point, place, width) for other in boxes)
    return COVERED * (LINE * outside + hit) + crossed


def box(point: Point, place: Place, width: float) -> Box:
    length = min(LETTER * len(point.name) + PADDING, _MOST)
    near, middle = point.x * width + place.dx, point.y + place.dy
    left = near if place.dx > 0 else near - length
    return Box(left, middle - LINE / 2, left + length, middle + LINE / 2)


def _line(point: Point, place: Place, width: float) -> list[Box]:
    """The line from the point to its name as small boxes; none where the name stands beside it."""
    if not place.is_led:
        return []
    shares = (0.4, 0.6, 0.8, 0.95)
    x = point.x * width
    return [around(x + share * place.dx, point.y + share * place.dy, 1) for share in shares]


def around(x: float, y: float, half: float) -> Box:
    return Box(x - half, y - half, x + half, y + half)


HEIGHT = 320
_LEAST_SPAN = 4.0
"""A scale of cost reaches over this factor at least."""
_ROOM = 1.18
TICK_PIXELS, TICK_SHARE = 14, 0.13


@dataclass(frozen=True)
class Spent:
    """A model with its validation accuracy, as a share, and what it costs."""

    name: str
    accuracy: float
    cost: float
    on_front: bool
    taken: bool
    excluded: bool


@dataclass(frozen=True)
class Tick:
    """Text at a share of the axis; a limit of the study is marked."""

    text: str
    at: float
    is_limit: bool = False


@dataclass(frozen=True)
class DrawnModel:
    """x, y: shares of the figure, y from the top. dx, dy: pixels from there to its name."""

    name: str
    x: float
    y: float
    label: Place
    style: str


@dataclass(frozen=True)
class Pareto:
    """title, axis: in words. front: path data on a 1000 x 1000 grid. words: what it shows, for who
    cannot see it."""

    title: str
    axis: str
    height: int
    models: list[DrawnModel]
    front: str
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    words: str


def pareto(
    title: str,
    axis: str,
    models: list[Spent],
    text_of: Callable[[float], str],
    most: float | None = None,
    least_accuracy: float | None = None,
) -> Pareto:
    """models: the best by validation first. text_of: a cost in words. most, least_accuracy: limits
    of the study, drawn where it has them."""
    x_axis = cost_axis([model.cost for model in models] + ([most] if most else []))
    floor = [] if least_accuracy is None else [least_accuracy]
    y_axis = share_axis([model.accuracy for model in models] + floor)
    # The front's names get the best places.
    ordered = sorted(models, key=lambda model: (not model.taken, not model.on_front))
    at = {m.name: (x_axis.place(m.cost), round(1 - y_axis.place(m.accuracy), 4)) for m in models}
    points = [Point(m.name, at[m.name][0], at[m.name][1] * HEIGHT) for m in ordered]
    whole = all(abs(100 * tick - round(100 * tick)) < 1e-6 for tick in y_axis.ticks)
    return Pareto(
        title=title,
        axis=axis,
        height=HEIGHT,
        models=[
            DrawnModel(model.name, *at[model.name], label, _style(model))
            for model, label in zip(ordered, placed(points, HEIGHT), strict=True)
        ],
        front=_steps([at[m.name] for m in sorted(models, key=lambda m: m.cost) if m.on_front]),
        x_ticks=_with_limit(
            [Tick(text_of(tick), x_axis.place(tick)) for tick in x_axis.ticks],
            Tick(text_of(most), x_axis.place(most), True) if most else None,
            TICK_SHARE,
        ),
        y_ticks=_with_limit(
            [Tick(per_cent(t, 0 if whole else 1), 1 - y_axis.place(t)) for t in y_axis.ticks],
            Tick(f"{100 * least_accuracy:.6g}%", 1 - y_axis.place(least_accuracy), True)
            if least_accuracy is not None
            else None,
            TICK_PIXELS / HEIGHT,
        ),
        words="; ".join(f"{m.name} {text_of(m.cost)}, {per_cent(m.accuracy)}" for m in models),
    )


def cost_axis(costs: list[float]) -> LogAxis:
    """A logarithmic axis with room at both ends; round ticks, powers of ten before the others."""
    low, high = min(costs) / _ROOM, max(costs) * _ROOM
    widen = math.sqrt(max(1.0, _LEAST_SPAN * low / high))
    low, high = low / widen, high * widen
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    wanted = [factor * 10.0**power for factor in (1, 3, 2, 5) for power in powers]
    return with_ticks(low, high, wanted)


def _with_limit(ticks: list[Tick], limit: Tick | None, gap: float) -> list[Tick]:
    """The ticks and the limit, without those that it would touch."""
    if limit is None:
        return ticks
    return [tick for tick in ticks if abs(tick.at - limit.at) >= gap] + [limit]


def _steps(places: list[tuple[float, float]]) -> str:
    """What can be had for a cost: level up to the next model of the front, then up to it."""
    if not places:
        return ""
    first, *rest = [(round(1000 * x, 1), round(1000 * y, 1)) for x, y in places]
    return f"M{first[0]:g} 1000V{first[1]:g}" + "".join(f"H{x:g}V{y:g}" for x, y in rest) + "H1000"


def _style(model: Spent) -> str:
    names = {"front": model.on_front, "taken": model.taken, "out": model.excluded}
    return " ".join(name for name, is_so in names.items() if is_so)
