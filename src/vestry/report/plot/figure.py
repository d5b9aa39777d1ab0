"""A figure of the page: drawn for every width that it is shown at, with the numbers behind it."""

from collections.abc import Callable
from dataclasses import dataclass

from markupsafe import Markup

from vestry.report.plot.canvas import Canvas
from vestry.report.table import Table

NARROW, THIRD, HALF, WIDE, PAGE = 320, 360, 540, 640, 1120
"""Pixels: a phone's column, a third of the page's, half of it, most of it and all. The style shows
the widest that fits."""


@dataclass(frozen=True)
class Figure:
    """key: names it on the page (`figure-KEY`) and its files. title: what it shows. words: the
    same for who cannot see it. drawings: the narrowest first; `data`: what CSV has."""

    key: str
    title: str
    remark: str
    words: str
    drawings: tuple[Markup, ...]
    data: Table


def drawn(
    key: str,
    title: str,
    draw: Callable[[int], Canvas],
    data: Table,
    *,
    remark: str = "",
    words: str = "",
    widths: tuple[int, ...] = (NARROW, WIDE),
) -> Figure:
    """draw: makes the drawing for a width in pixels."""
    label = words or title
    drawings = tuple(draw(width).svg(label) for width in widths)
    return Figure(key, title, remark, label, drawings, data)
