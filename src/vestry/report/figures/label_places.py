"""Names beside points, placed so that none covers another name or point.

Points stand at shares of a figure's width, names a number of pixels from them, so that letters keep
their size; places are tried at several widths, from a phone's to a desk's.
"""

from collections.abc import Iterator
from dataclasses import dataclass

WIDTHS = (262, 330, 450, 600, 760, 900)
"""Pixels; what holds at each of them holds between them, since everything moves in straight lines
from one to the next."""
LETTER, PADDING, LINE = 6.4, 4, 15
MOST = 126
"""The widest name in pixels; a longer one is cut off by the page."""
DOT = 5
BESIDE = (9, 22, 40)
STEP = 8
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
        return abs(self.dy) > DOT + 3 or abs(self.dx) > BESIDE[0]


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
        taken = [obstacles(points, found, width) for width in WIDTHS]
        best, least = Place(BESIDE[0], 0), float("inf")
        for place in places(point, height):
            far = FAR * abs(complex(place.dx, place.dy))
            if far >= least:
                break
            cost = far + sum(
                covered(point, place, width, boxes)
                for width, boxes in zip(WIDTHS, taken, strict=True)
            )
            if cost < least:
                best, least = place, cost
        found.append(best)
    return found


def places(point: Point, height: float) -> Iterator[Place]:
    """Places to try, the nearest first; none above or below the figure."""
    tried = [
        Place(side * beside, STEP * step * down)
        for beside in BESIDE
        for step in range(int(height / STEP))
        for down in (-1, 1)
        for side in (1, -1)
        if LINE / 2 <= point.y + STEP * step * down <= height - LINE / 2 or not step
    ]
    yield from sorted(tried, key=lambda place: (place.dx**2 + place.dy**2, place.dx < 0))


def obstacles(points: list[Point], found: list[Place], width: float) -> list[Box]:
    """Every point, and the names and lines that have their places."""
    boxes = [around(point.x * width, point.y, DOT) for point in points]
    for point, place in zip(points, found, strict=False):
        boxes.append(box(point, place, width))
        boxes += line(point, place, width)
    return boxes


def covered(point: Point, place: Place, width: float, boxes: list[Box]) -> float:
    """How bad a place is: what a name would cover there, stand out of the figure, or be crossed."""
    own = box(point, place, width)
    dot = around(point.x * width, point.y, DOT)
    outside = max(0.0, -own.left) + max(0.0, own.right - width)
    hit = sum(own.overlap(other) for other in boxes if other != dot)
    crossed = sum(part.overlap(other) for part in line(point, place, width) for other in boxes)
    return COVERED * (LINE * outside + hit) + crossed


def box(point: Point, place: Place, width: float) -> Box:
    length = min(LETTER * len(point.name) + PADDING, MOST)
    near, middle = point.x * width + place.dx, point.y + place.dy
    left = near if place.dx > 0 else near - length
    return Box(left, middle - LINE / 2, left + length, middle + LINE / 2)


def line(point: Point, place: Place, width: float) -> list[Box]:
    """The line from the point to its name as small boxes; none where the name stands beside it."""
    if not place.is_led:
        return []
    shares = (0.4, 0.6, 0.8, 0.95)
    x = point.x * width
    return [around(x + share * place.dx, point.y + share * place.dy, 1) for share in shares]


def around(x: float, y: float, half: float) -> Box:
    return Box(x - half, y - half, x + half, y + half)
