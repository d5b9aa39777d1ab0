"""A figure's drawing as LaTeX's `picture`: its texts in the document's own letters, its marks as
instructions of PDF (32000-1:2008, 8.5), which every engine that writes PDF passes on.

Of SVG only what `report/plot/canvas.py` draws is known; see-through colours are mixed with white.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree

from vestry.report.latex import latex_text

PREAMBLE = r"""% What a drawing is made of, in PDF's own words; DVI shows its texts alone.
\newcommand{\ink}[1]{\ifdefined\pdfextension\pdfextension literal{#1}\else
  \ifdefined\pdfoutput\ifnum\pdfoutput>0 \pdfliteral{#1}\fi\else\special{pdf:literal #1}\fi\fi}
\newcommand{\lettering}[4]{\fontsize{#1bp}{#1bp}\selectfont\sffamily#2\color[rgb]{#3}#4}
"""
_MOST_WIDE, _LARGEST = 468.0, 0.75
"""Points across the text, and of a pixel."""
_MARKS_AT_ONCE = 200
_BEZIER = 0.5523
"""Of a quarter of a circle's radius, its control points' distance."""
_STEP = re.compile(r"([MLHVhvaZ])([^MLHVhvaZ]*)")
_ANCHORS = {"start": "l", "middle": "", "end": "r"}
_TURNED = {"start": "b", "middle": "", "end": "t"}

Colour = tuple[float, float, float]


def picture(svg: str) -> str:
    """A `picture` environment of a drawing by `standalone`."""
    root = ElementTree.fromstring(svg)  # noqa: S314 - it is our own
    width, height = (float(root.attrib[side]) for side in ("width", "height"))
    scale = min(_LARGEST, _MOST_WIDE / width)
    paper = _Paper(height, scale)
    marks = [paper.mark(each) for each in root.iter() if each.attrib.get("width") != "100%"]
    drawn = [mark for mark in marks if mark]
    texts = [paper.text(each) for each in root.iter() if _name(each) == "text"]
    lines = [f"\\setlength{{\\unitlength}}{{{scale:.4f}bp}}%"]
    lines.append(f"\\begin{{picture}}({width:g},{height:g})")
    for first in range(0, len(drawn), _MARKS_AT_ONCE):
        some = "\n".join(drawn[first : first + _MARKS_AT_ONCE])
        lines.append(f"\\put(0,0){{\\ink{{q {scale:.4f} 0 0 {scale:.4f} 0 0 cm\n{some}\nQ}}}}")
    return "\n".join([*lines, *texts, "\\end{picture}"])


@dataclass(frozen=True)
class _Paper:
    """height: pixels; here y grows upwards. scale: points of a pixel."""

    height: float
    scale: float

    def mark(self, mark: ElementTree.Element) -> str:
        """A path, circle or rectangle in PDF's words; empty for what is none."""
        path = self._path(mark)
        fill, stroke = _colour(mark, "fill", "#000000"), _colour(mark, "stroke", "none")
        if not path or (fill is None and stroke is None):
            return ""
        looks = [f"{_triple(fill)} rg"] if fill else []
        if stroke:
            looks += [f"{_triple(stroke)} RG", f"{mark.attrib.get('stroke-width', '1')} w"]
            looks.append(f"[{mark.attrib.get('stroke-dasharray', '')}] 0 d")
            looks.append("1 J 1 j" if mark.attrib.get("stroke-linecap") == "round" else "0 J 0 j")
        paint = {(True, True): "B", (True, False): "f", (False, True): "S"}[
            bool(fill), bool(stroke)
        ]
        return " ".join([*looks, path, paint])

    def text(self, mark: ElementTree.Element) -> str:
        x, y = float(mark.attrib["x"]), self.height - float(mark.attrib["y"])
        anchor = mark.attrib.get("text-anchor", "start")
        weight = "\\bfseries" if int(mark.attrib.get("font-weight", "400")) > 500 else "\\mdseries"
        size = float(mark.attrib.get("font-size", "12").removesuffix("px")) * self.scale
        colour = ",".join(f"{part:.3f}" for part in _colour(mark, "fill", "#000000") or (0, 0, 0))
        text = latex_text("".join(mark.itertext()))
        said = f"\\lettering{{{size:.2f}}}{{{weight}}}{{{colour}}}{{{text}}}"
        place = _ANCHORS[anchor]
        if "rotate" in mark.attrib.get("transform", ""):
            said, place = f"\\rotatebox{{90}}{{{said}}}", _TURNED[anchor]
        box = f"\\makebox(0,0){f'[{place}]' if place else ''}{{{said}}}"
        return f"\\put({x:.1f},{y:.1f}){{{box}}}"

    def _path(self, mark: ElementTree.Element) -> str:
        value = {name: float(text) for name, text in mark.attrib.items() if _NUMBER.fullmatch(text)}
        match _name(mark):
            case "rect":
                low = self.height - value["y"] - value["height"]
                return f"{value['x']:.1f} {low:.1f} {value['width']:.1f} {value['height']:.1f} re"
            case "circle":
                return _circle(value["cx"], self.height - value["cy"], value["r"])
            case "path":
                return " ".join(self._steps(mark.attrib["d"]))
        return ""

    def _steps(self, path: str) -> Iterable[str]:
        x = y = 0.0
        for command, text in _STEP.findall(path):
            numbers = [float(each) for each in text.replace(",", " ").split()]
            match command:
                case "M" | "L":
                    x, y = numbers
                case "H" | "h":
                    x = numbers[0] + (x if command == "h" else 0)
                case "V" | "v":
                    y = numbers[0] + (y if command == "v" else 0)
                case "a":
                    if numbers[5] > 0:  # a circle is two halves, the first towards the right
                        yield _circle(x + numbers[0], self.height - y, numbers[0])
                    continue
                case "Z":
                    yield "h"
                    continue
            yield f"{x:.1f} {self.height - y:.1f} {'m' if command == 'M' else 'l'}"


_NUMBER = re.compile(r"-?[0-9]*\.?[0-9]+")


def _circle(x: float, y: float, r: float) -> str:
    k = _BEZIER * r
    quarters = (
        (x + r, y + k, x + k, y + r, x, y + r),
        (x - k, y + r, x - r, y + k, x - r, y),
        (x - r, y - k, x - k, y - r, x, y - r),
        (x + k, y - r, x + r, y - k, x + r, y),
    )
    curves = (f"{' '.join(f'{number:.2f}' for number in quarter)} c" for quarter in quarters)
    return f"{x + r:.2f} {y:.2f} m {' '.join(curves)} h"


def _name(mark: ElementTree.Element) -> str:
    return mark.tag.rpartition("}")[2]


def _colour(mark: ElementTree.Element, of: str, otherwise: str) -> Colour | None:
    """Mixed with white as far as it is see-through; None for none."""
    text = mark.attrib.get(of, otherwise)
    if text == "none":
        return None
    share = float(mark.attrib.get(f"{of}-opacity", "1")) * float(mark.attrib.get("opacity", "1"))
    red, green, blue = (1 - share * (1 - part) for part in _parts(text))
    return red, green, blue


def _parts(text: str) -> Colour:
    """Of "#rrggbb" or "rgb(r g b)", 0..1."""
    if text.startswith("#"):
        red, green, blue = (int(text[place : place + 2], 16) / 255 for place in (1, 3, 5))
    else:
        red, green, blue = (int(each) / 255 for each in re.findall(r"\d+", text)[:3])
    return red, green, blue


def _triple(colour: Colour) -> str:
    return " ".join(f"{part:.3f}" for part in colour)
