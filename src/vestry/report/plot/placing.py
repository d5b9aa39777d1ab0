"""Names beside points, placed so that none covers another name, a point or a line."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LINE = 15.0
"""The height of a name in pixels."""
_DOT = 7.0
_BESIDE = (10.0, 22.0, 40.0, 70.0, 110.0, 160.0)
_STEP = 7.5
_FAR, _COVERED = 0.4, 20.0
"""What a pixel of distance, and a square pixel of a covered name, count beside one of a line that
crosses a name."""


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlap(self, other: "Box") -> float:
        """Square pixels that both hold."""
        across = min(self.right, other.right) - max(self.left, other.left)
        down = min(self.bottom, other.bottom) - max(self.top, other.top)
        return across * down if across > 0 and down > 0 else 0.0


@dataclass(frozen=True)
class Spot:
    """A point with the width of its name; pixels from the figure's top left."""

    x: float
    y: float
    width: float


@dataclass(frozen=True)
class Place:
    """Where a name stands: its near edge `dx` pixels right of the point (left where negative), its
    middle `dy` below it."""

    dx: float
    dy: float

    @property
    def is_led(self) -> bool:
        """Whether it is so far off that a line should lead to it."""
        return abs(self.dy) > _DOT + 2 or abs(self.dx) > _BESIDE[0]


def placed(spots: Sequence[Spot], area: Box, lines: Sequence[Box] = ()) -> list[Place]:
    """A place for each name; the first ones get the best. area: what no name may leave. lines:
    what else no name should cover."""
    found: list[Place] = []
    for spot in spots:
        taken = [*lines, *_obstacles(spots, found)]
        best, least = Place(_BESIDE[0], 0), float("inf")
        for place in _places(spot, area):
            far = _FAR * abs(complex(place.dx, place.dy))
            if far >= least:
                break
            cost = far + _covered(spot, place, area, taken)
            if cost < least:
                best, least = place, cost
        found.append(best)
    return found


def _places(spot: Spot, area: Box) -> Iterator[Place]:
    """Places to try, the nearest first; none above or below the figure."""
    tried = [
        Place(side * beside, _STEP * step * down)
        for beside in _BESIDE
        for step in range(int((area.bottom - area.top) / _STEP))
        for down in (-1, 1)
        for side in (1, -1)
        if area.top + LINE / 2 <= spot.y + _STEP * step * down <= area.bottom - LINE / 2 or not step
    ]
    yield from sorted(tried, key=lambda place: (place.dx**2 + place.dy**2, place.dx < 0))


def _obstacles(spots: Sequence[Spot], found: Sequence[Place]) -> list[Box]:
    """Every point, and the names and lines that have their places."""
    boxes = [around(spot.x, spot.y, _DOT) for spot in spots]
    for spot, place in zip(spots, found, strict=False):
        boxes.append(box(spot, place))
        boxes += _leader(spot, place)
    return boxes


def _covered(spot: Spot, place: Place, area: Box, boxes: Sequence[Box]) -> float:
    """How bad a place is: what a name would cover there, stand out of the figure, or be crossed."""
    own, dot = box(spot, place), around(spot.x, spot.y, _DOT)
    outside = max(0.0, area.left - own.left) + max(0.0, own.right - area.right)
    hit = sum(own.overlap(other) for other in boxes if other != dot)
    crossed = sum(part.overlap(other) for part in _leader(spot, place) for other in boxes)
    return _COVERED * (LINE * outside + hit) + crossed


def box(spot: Spot, place: Place) -> Box:
    """What a name covers."""
    near, middle = spot.x + place.dx, spot.y + place.dy
    left = near if place.dx > 0 else near - spot.width
    return Box(left, middle - LINE / 2, left + spot.width, middle + LINE / 2)


def _leader(spot: Spot, place: Place) -> list[Box]:
    """The line from the point to its name as small boxes; none where the name stands beside it."""
    if not place.is_led:
        return []
    shares = (0.4, 0.6, 0.8, 0.95)
    return [around(spot.x + s * place.dx, spot.y + s * place.dy, 1) for s in shares]


def around(x: float, y: float, half: float) -> Box:
    return Box(x - half, y - half, x + half, y + half)
