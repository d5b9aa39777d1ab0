"""What stands in a figure's drawing, and whether its words have room: read from the SVG itself."""

import itertools
import re
from dataclasses import dataclass
from xml.etree import ElementTree

from vestry.report.plot.figure import Figure
from vestry.report.plot.text import BOLD, SIZE, text_width

_TALL = 0.8
"""Of a text's size: the height of its letters."""


@dataclass(frozen=True)
class Box:
    text: str
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def parsed(drawing: str) -> ElementTree.Element:
    return ElementTree.fromstring(str(drawing))  # noqa: S314 - drawn by the code under test


def marks(drawing: str, style: str) -> list[ElementTree.Element]:
    """Those whose classes hold every word of `style`."""
    wanted = set(style.split())
    return [each for each in parsed(drawing).iter() if wanted <= set(each.get("class", "").split())]


def texts(drawing: str) -> list[str]:
    return [each.text or "" for each in parsed(drawing).iter("text")]


def corners(path: ElementTree.Element) -> list[tuple[float, float]]:
    """Of a path of straight lines."""
    numbers = re.findall(r"[ML](-?[\d.]+) (-?[\d.]+)", path.get("d", ""))
    return [(float(x), float(y)) for x, y in numbers]


def boxes(drawing: str) -> list[Box]:
    """Where every text stands at most: `text_width` is an upper bound."""
    return [_box(each) for each in parsed(drawing).iter("text") if not each.get("transform")]


def _box(each: ElementTree.Element) -> Box:
    size = float(each.get("font-size", SIZE))
    is_bold = {"bold", "strong"} & set(each.get("class", "").split())
    width = text_width(each.text or "", size) * (BOLD if is_bold else 1)
    x, y = float(each.attrib["x"]), float(each.attrib["y"])
    left = {"start": x, "middle": x - width / 2, "end": x - width}[
        each.attrib.get("text-anchor", "start")
    ]
    half = _TALL * size / 2
    return Box(each.text or "", left, y - half, left + width, y + half)


def faults(figure: Figure) -> list[str]:
    """Words that meet others or leave the drawing, at any width."""
    found = []
    for drawing in figure.drawings:
        _, _, width, height = (float(n) for n in parsed(drawing).attrib["viewBox"].split())
        every = boxes(drawing)
        found += [
            f"{figure.key} at {width:.0f}: {one.text!r} meets {other.text!r}"
            for one, other in itertools.combinations(every, 2)
            if one.meets(other)
        ]
        found += [
            f"{figure.key} at {width:.0f}: {each.text!r} is cut"
            for each in every
            if each.left < -0.5 or each.right > width + 0.5
            or each.top < 0 or each.bottom > height
        ]  # fmt: skip
    return found
