"""Points of several classes in the plane, each class named where most of it lies."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain
from statistics import median

from vestry.report.plot.axis import moved_apart
from vestry.report.plot.canvas import Canvas, Point
from vestry.report.plot.figure import Figure, drawn
from vestry.report.plot.text import shortened, text_width
from vestry.report.table import Column, Table, text_column

COLOURS = 10
_LAYERS = 5
_EDGE, _FOOT = 12.0, 26.0
_LEAST, _MOST, _LEAST_SHARE = 215.0, 345.0, 0.5
"""Heights of the field: ten names fit the least."""
_PLATE, _SWATCH, _MOST_NAME = 19.0, 22.0, 0.4
_STEPS = 300


@dataclass(frozen=True)
class Cloud:
    """across, upwards, labels: one each an image. coloured: the classes that get a colour and a
    name, in class order; the others are grey. axes: what is across and upwards."""

    across: Sequence[float]
    upwards: Sequence[float]
    labels: Sequence[int]
    classes: Sequence[str]
    coloured: Sequence[int]
    axes: tuple[str, str]


def scatter(key: str, title: str, cloud: Cloud, remark: str) -> Figure:
    named = ", ".join(cloud.classes[label] for label in cloud.coloured)
    words = f"{title}: one dot an image; classes named where most of their images lie: {named}"
    return drawn(
        key,
        title,
        lambda width: _draw(width, cloud),
        _data(key, title, cloud),
        remark=remark,
        words=words,
    )


def _data(key: str, title: str, cloud: Cloud) -> Table:
    across, upwards = cloud.axes
    columns = (text_column("class", "Class"), Column("x", across), Column("y", upwards))
    names = [cloud.classes[label] for label in cloud.labels]
    rows = zip(names, cloud.across, cloud.upwards, strict=True)
    return Table(key, title, columns, tuple(rows))


def _draw(width: int, cloud: Cloud) -> Canvas:
    places, height = _placed(width, cloud)
    canvas = Canvas(width, height + _FOOT)
    canvas.rect((0.5, 0.5), (width - 1, height - 1), "field")
    own: dict[int, list[Point]] = {}
    for place, label in zip(places, cloud.labels, strict=True):
        own.setdefault(label, []).append(place)
    _draw_dots(canvas, own, cloud.coloured)
    canvas.text((width / 2, height + 14), _axis_words(width, cloud.axes), "quiet", "middle")
    _draw_names(canvas, own, cloud, height)
    return canvas


def _axis_words(width: int, axes: tuple[str, str]) -> str:
    return shortened(f"\u2192 {axes[0]}   \u2191 {axes[1]}", width)


def _placed(width: int, cloud: Cloud) -> tuple[list[Point], float]:
    """Points in pixels, one unit the same in both directions, and the field's height."""
    spans = [max(max(v) - min(v), 1e-9) for v in (cloud.across, cloud.upwards)]
    height = min(_MOST, max(_LEAST, width * max(_LEAST_SHARE, spans[1] / spans[0])))
    scale = min((width - 2 * _EDGE) / spans[0], (height - 2 * _EDGE) / spans[1])
    middle_x, middle_y = (
        (max(values) + min(values)) / 2 for values in (cloud.across, cloud.upwards)
    )
    return [
        (width / 2 + scale * (x - middle_x), height / 2 - scale * (y - middle_y))
        for x, y in zip(cloud.across, cloud.upwards, strict=True)
    ], height


def _draw_dots(canvas: Canvas, own: dict[int, list[Point]], coloured: Sequence[int]) -> None:
    """In layers that take turns, so that no class covers another one whole; grey below."""
    style = {label: f"p{place % COLOURS}" for place, label in enumerate(coloured)}
    for layer in range(_LAYERS):
        for label in sorted(own, key=lambda label: (label in style, label)):
            # To a pixel, a fifth of a dot: a map has thousands, and is drawn in two widths.
            points = sorted((round(x), round(y)) for x, y in own[label][layer::_LAYERS])
            if points:
                apart = chain.from_iterable((point, None) for point in points)
                canvas.path(list(apart), f"dots {style.get(label, 'rest')} k{label}")


@dataclass(frozen=True)
class _Name:
    """Of a class: where most of its points lie, and the box that its name stands in."""

    text: str
    style: str
    colour: str
    centre: Point
    box: "Box"


def _draw_names(canvas: Canvas, own: dict[int, list[Point]], cloud: Cloud, height: float) -> None:
    """A name a class at the median of its points, moved apart where they would overlap."""
    names = _names(own, cloud, _MOST_NAME * canvas.width)
    boxes = apart([name.box for name in names], canvas.width, height)
    placed = list(zip(names, boxes, strict=True))
    for name, box in placed:
        if abs(box.x - name.centre[0]) + abs(box.y - name.centre[1]) > _PLATE / 2:
            canvas.line((box.x, box.y), name.centre, f"leader {name.style}")
    for name, box in placed:
        left = box.x - box.half_width
        canvas.rect((left, box.y - _PLATE / 2), (2 * box.half_width, _PLATE), f"plate {name.style}")
        canvas.circle((left + 9, box.y), 4, f"swatch {name.colour} {name.style}")
        canvas.text((left + 17, box.y), name.text, name.style)


def _names(own: dict[int, list[Point]], cloud: Cloud, most: float) -> list[_Name]:
    found = []
    for place, label in enumerate(cloud.coloured):
        if label in own:
            text = shortened(cloud.classes[label], most)
            x, y = (median(values) for values in zip(*own[label], strict=True))
            box = Box(x, y, (text_width(text) + _SWATCH) / 2, _PLATE / 2)
            style = f"name-of k{label}"
            found.append(_Name(text, style, f"p{place % COLOURS}", (x, y), box))
    return found


@dataclass(frozen=True)
class Box:
    """A name's centre and half sizes in pixels."""

    x: float
    y: float
    half_width: float
    half_height: float


def apart(boxes: list[Box], width: float, height: float) -> list[Box]:
    """The boxes pushed apart, a little at a time, and kept within the field; in a column of even
    steps where that does not end."""
    moved = [_kept(box, width, height) for box in boxes]
    for _ in range(_STEPS):
        if not _push(moved, width, height):
            return moved
    half = max(box.half_height for box in moved) + 1
    room = max(height - 2 * half, 1.0)
    shares = moved_apart([(box.y - half) / room for box in moved], 2 * half / room)
    return [replace(box, y=half + share * room) for box, share in zip(moved, shares, strict=True)]


def _push(moved: list[Box], width: float, height: float) -> bool:
    """Whether any two overlapped."""
    touched = False
    for i in range(len(moved)):
        for j in range(i + 1, len(moved)):
            one, other = moved[i], moved[j]
            across = one.half_width + other.half_width - abs(one.x - other.x)
            down = one.half_height + other.half_height - abs(one.y - other.y)
            if across > 0 and down > 0:
                touched = True
                push = down / 2 + 0.5
                sign = 1 if (one.y, i) > (other.y, j) else -1
                moved[i] = _kept(replace(one, y=one.y + sign * push), width, height)
                moved[j] = _kept(replace(other, y=other.y - sign * push), width, height)
    return touched


def _kept(box: Box, width: float, height: float) -> Box:
    x = min(max(box.x, box.half_width + 1), width - box.half_width - 1)
    return replace(box, x=x, y=min(max(box.y, box.half_height + 1), height - box.half_height - 1))
