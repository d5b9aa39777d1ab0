"""Marks of a figure as SVG with real text, on a canvas whose unit is the pixel.

Nothing is stretched: a figure is drawn once for each width that it is shown at. Colours come from
style classes of `shell.css.j2`, so that one drawing serves light and dark.
"""

import re
from collections.abc import Sequence

from markupsafe import Markup, escape

from vestry.report.plot.text import SIZE

Point = tuple[float, float]
COLOURS = 6
_UNFIT = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What no XML file can hold, though a class's name may."""
MARKERS = ("circle", "square", "triangle", "diamond", "cross", "plus")


def series_style(series: int) -> str:
    """The colour of a model by its place in the study, and past the last colour its dash."""
    dash = f" dash{series // COLOURS % 4}" if series >= COLOURS else ""
    return f"series{series % COLOURS}{dash}"


class Canvas:
    """width, height: pixels. Later marks lie over earlier ones."""

    def __init__(self, width: float, height: float) -> None:
        self.width, self.height = width, height
        self._parts: list[str] = []

    def line(self, start: Point, end: Point, style: str) -> None:
        self._add(
            f'<path class="{escape(style)}" d="M{_xy(start)}L{_xy(end)}"/>',
        )

    def path(self, points: Sequence[Point | None], style: str) -> None:
        """A line through `points`; None leaves a gap, a point alone becomes a dot."""
        steps, down = [], False
        for point in points:
            if point is not None:
                steps.append(f"L{_xy(point)}" if down else f"M{_xy(point)}h0")
            down = point is not None
        self._add(f'<path class="line {escape(style)}" d="{"".join(steps)}"/>')

    def area(self, points: Sequence[Point], style: str) -> None:
        """A filled shape."""
        self._add(f'<path class="{escape(style)}" d="M{"L".join(map(_xy, points))}Z"/>')

    def rect(
        self,
        corner: Point,
        size: Point,
        style: str,
        strength: float | None = None,
        title: str = "",
    ) -> None:
        """strength: how much of its colour shows, 0..1. title: what a pointer is told."""
        shade = "" if strength is None else f' fill-opacity="{strength:.3f}"'
        (x, y), (width, height) = corner, size
        self._add(
            f'<rect class="{escape(style)}" x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" '
            f'height="{height:.1f}"{shade}>{_title(title)}</rect>'
        )

    def circle(self, centre: Point, radius: float, style: str, title: str = "") -> None:
        x, y = centre
        self._add(
            f'<circle class="{escape(style)}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">'
            f"{_title(title)}</circle>"
        )

    def marker(self, centre: Point, series: int, style: str = "", radius: float = 4.5) -> None:
        """A model's own shape in its own colour, so that it is known in grey, too. Past the last
        colour, colours come again with other shapes."""
        shape = MARKERS[(series + series // COLOURS) % len(MARKERS)]
        self._add(
            f'<path class="marker {shape} {series_style(series)} {escape(style)}" '
            f'd="{_shape(shape, centre, radius)}"/>'
        )

    def text(
        self,
        at: Point,
        text: str,
        style: str = "",
        anchor: str = "start",
        turned: bool = False,
        size: float = SIZE,
    ) -> None:
        """`at`: where its middle line begins, is centred or ends. turned: read from below."""
        x, y = at
        turn = f' transform="rotate(-90 {x:.1f} {y:.1f})"' if turned else ""
        own = "" if size == SIZE else f' font-size="{size:g}"'
        own += "" if anchor == "start" else f' text-anchor="{anchor}"'
        kind = f' class="{escape(style)}"' if style else ""
        self._add(f'<text{kind} x="{x:.1f}" y="{y:.1f}" dy=".35em"{own}{turn}>{_fit(text)}</text>')

    def svg(self, label: str) -> Markup:
        """The whole drawing. label: what it shows, for who cannot see it."""
        return Markup(
            '<svg class="w{0:.0f}" viewBox="0 0 {0:.0f} {1:.0f}" width="{0:.0f}" height="{1:.0f}" '
            'role="img" aria-label="{2}">{3}</svg>'
        ).format(self.width, self.height, _fit(label), Markup("".join(self._parts)))  # noqa: S704

    def _add(self, part: str) -> None:
        self._parts.append(part)


def _xy(point: Point) -> str:
    """To a tenth of a pixel, in as few characters as that takes."""
    return f"{round(point[0], 1):g} {round(point[1], 1):g}"


def _title(text: str) -> str:
    return f"<title>{_fit(text)}</title>" if text else ""


def _fit(text: str) -> Markup:
    return escape(_UNFIT.sub("\ufffd", text))


def _shape(shape: str, centre: Point, r: float) -> str:
    x, y = centre
    if shape == "circle":
        return f"M{x - r:.1f} {y:.1f}a{r} {r} 0 1 0 {2 * r} 0a{r} {r} 0 1 0 {-2 * r} 0Z"
    corners: dict[str, list[Point]] = {
        "square": [(-0.88, -0.88), (0.88, -0.88), (0.88, 0.88), (-0.88, 0.88)],
        "triangle": [(0, -1.2), (1.1, 0.85), (-1.1, 0.85)],
        "diamond": [(0, -1.25), (1.25, 0), (0, 1.25), (-1.25, 0)],
        "cross": _star(45),
        "plus": _star(0),
    }
    return f"M{'L'.join(_xy((x + r * dx, y + r * dy)) for dx, dy in corners[shape])}Z"


def _star(degrees: int) -> list[Point]:
    """A plus with thick arms, or turned by 45 degrees a cross."""
    arm, half = 1.2, 0.42
    plus = [
        *((half, -arm), (half, -half), (arm, -half), (arm, half), (half, half), (half, arm)),
        *((-half, arm), (-half, half), (-arm, half), (-arm, -half), (-half, -half), (-half, -arm)),
    ]
    if not degrees:
        return plus
    root = 0.5**0.5
    return [(root * (x - y), root * (x + y)) for x, y in plus]
