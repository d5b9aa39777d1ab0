"""Points of several classes in the plane, each class named where most of it lies."""

from dataclasses import dataclass, replace
from statistics import median

_WIDTH = 1000
LEAST_HEIGHT, MOST_HEIGHT = 620, 1000
_MARGIN = 30
COLOURS = 10
_LAYERS = 5
# A label's size on a plot 330 pixels wide, the narrowest there is; letters of about 6 pixels.
LETTER, LABEL_PADDING, LABEL_HEIGHT = 19, 44, 52
_STEPS = 300


@dataclass(frozen=True)
class ScatterLabel:
    """A class's name at (x, y), the centre of its points at (at_x, at_y); shares of the plot."""

    text: str
    style: str
    x: float
    y: float
    at_x: float
    at_y: float

    @property
    def moved(self) -> bool:
        return abs(self.x - self.at_x) + abs(self.y - self.at_y) > 0.02


@dataclass(frozen=True)
class Scatter:
    """paths: SVG path data and style on a grid of 1000 by `height`; points are dots of no length.

    They come in layers that take turns, so that no class covers another one whole.
    """

    title: str
    remark: str
    height: int
    paths: list[tuple[str, str]]
    labels: list[ScatterLabel]


@dataclass(frozen=True)
class Box:
    """A label's centre and half sizes on the grid."""

    x: float
    y: float
    half_width: float
    half_height: float


def scatter(
    title: str,
    remark: str,
    points: dict[str, list[float]],
    labels: list[int],
    classes: list[str],
    coloured: list[int],
) -> Scatter:
    """points: `x` and `y`, one each an image. labels: their classes. coloured: the classes that
    get a colour and a name, in class order; the others are grey."""
    places, height = _placed(points["x"], points["y"])
    style = {label: f"p{i % COLOURS}" for i, label in enumerate(coloured)}
    by_style: dict[int, list[tuple[int, int]]] = {}
    for place, label in zip(places, labels, strict=True):
        by_style.setdefault(label if label in style else -1, []).append(place)
    order = sorted(by_style)
    paths = [
        (_dots(by_style[label][layer::_LAYERS]), style.get(label, "rest"))
        for layer in range(_LAYERS)
        for label in order
        if by_style[label][layer::_LAYERS]
    ]
    return Scatter(
        title,
        remark,
        height,
        paths,
        _named([(classes[c], style[c], by_style[c]) for c in coloured if c in by_style], height),
    )


def _placed(across: list[float], up: list[float]) -> tuple[list[tuple[int, int]], int]:
    """Points on a grid WIDTH wide, one unit the same in both directions, and the grid's height."""
    width, tall = (max(max(v) - min(v), 1e-9) for v in (across, up))
    height = round(min(MOST_HEIGHT, max(LEAST_HEIGHT, _WIDTH * tall / width)))
    scale = min((_WIDTH - 2 * _MARGIN) / width, (height - 2 * _MARGIN) / tall)
    middle_x, middle_y = (max(across) + min(across)) / 2, (max(up) + min(up)) / 2
    return [
        (
            round(_WIDTH / 2 + scale * (x - middle_x)),
            round(height / 2 - scale * (y - middle_y)),
        )
        for x, y in zip(across, up, strict=True)
    ], height


def _dots(places: list[tuple[int, int]]) -> str:
    """Strokes of no length, which round ends make dots."""
    return "".join(f"M{x} {y}h0" for x, y in sorted(places))


def _named(groups: list[tuple[str, str, list[tuple[int, int]]]], height: int) -> list[ScatterLabel]:
    """A label a class at the median of its points, moved apart where they would overlap."""
    centres = [(median(x for x, _ in own), median(y for _, y in own)) for _, _, own in groups]
    boxes = [
        Box(x, y, (LETTER * len(name) + LABEL_PADDING) / 2, LABEL_HEIGHT / 2)
        for (name, _, _), (x, y) in zip(groups, centres, strict=True)
    ]
    return [
        ScatterLabel(
            name,
            style,
            round(box.x / _WIDTH, 4),
            round(box.y / height, 4),
            round(x / _WIDTH, 4),
            round(y / height, 4),
        )
        for (name, style, _), box, (x, y) in zip(groups, apart(boxes, height), centres, strict=True)
    ]


def apart(boxes: list[Box], height: int) -> list[Box]:
    """The boxes pushed apart, a little at a time, and kept within the plot."""
    moved = [_kept(box, height) for box in boxes]
    for _ in range(_STEPS):
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
                    moved[i] = _kept(replace(one, y=one.y + sign * push), height)
                    moved[j] = _kept(replace(other, y=other.y - sign * push), height)
        if not touched:
            break
    return moved


def _kept(box: Box, height: int) -> Box:
    x = min(max(box.x, box.half_width), _WIDTH - box.half_width)
    return replace(box, x=x, y=min(max(box.y, box.half_height), height - box.half_height))
