"""A drawing that leaves its page: with the colours of the page's style written into its marks.

Only what such a style has for drawings is read: rules `.drawings MARK { ... }` outside media
queries, whose MARK is an element, classes or both, and the variables of `:root`, which outside
media queries are those of the light theme.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree import ElementTree

from vestry.report.plot.palette import FONTS
from vestry.report.plot.text import SIZE

_SVG = "http://www.w3.org/2000/svg"
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_BLOCK = re.compile(r"@[^{};]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_MARK = re.compile(r"\.drawings(?: svg)? ([a-z]*)((?:\.[\w-]+)*)")
_VARIABLE = re.compile(r"var\(--([\w-]+)\)")
_KEPT = (
    *("fill", "fill-opacity", "stroke", "stroke-width", "stroke-opacity", "stroke-dasharray"),
    *("stroke-linecap", "stroke-linejoin", "font-size", "font-weight", "font-style", "opacity"),
    *("paint-order", "shape-rendering"),
)


@dataclass(frozen=True)
class _Rule:
    """What a mark of that element ("" for any) with all of these classes looks like."""

    element: str
    classes: frozenset[str]
    looks: Mapping[str, str]

    def is_of(self, element: str, classes: set[str]) -> bool:
        return self.element in ("", element) and self.classes <= classes


@dataclass(frozen=True)
class MarksStyle:
    """rules: the most exact last, which wins. paper: a colour."""

    rules: Sequence[_Rule]
    paper: str


def marks_style(style: str) -> MarksStyle:
    """Of a page's style sheet; KeyError where a mark's colour is a variable that `:root` lacks."""
    found = [
        (" ".join(selector.split()), _declared(body))
        for selectors, body in _RULE.findall(_BLOCK.sub("", _COMMENT.sub("", style)))
        for selector in selectors.split(",")
    ]
    colours: dict[str, str] = {}
    for selector, declared in found:
        if selector == ":root":
            colours |= {name[2:]: value for name, value in declared.items() if name[:2] == "--"}
    rules = [_rule(selector, declared, colours) for selector, declared in found]
    kept = [rule for rule in rules if rule and rule.looks]
    kept.sort(key=lambda rule: (len(rule.classes), bool(rule.element)))
    return MarksStyle(kept, colours["paper"])


def _declared(body: str) -> dict[str, str]:
    pairs = (part.split(":", 1) for part in body.split(";") if ":" in part)
    return {name.strip(): value.strip() for name, value in pairs}


def _rule(selector: str, declared: Mapping[str, str], colours: Mapping[str, str]) -> _Rule | None:
    mark = _MARK.fullmatch(selector)
    if not mark:
        return None
    looks = {
        name: _VARIABLE.sub(lambda found: colours[found[1]], value)
        for name, value in declared.items()
        if name in _KEPT
    }
    return _Rule(mark[1], frozenset(mark[2].split(".")[1:]), looks)


def standalone(drawing: str, style: MarksStyle) -> str:
    """An SVG file of a page's drawing (`Canvas.svg`), on paper."""
    root = ElementTree.fromstring(drawing)  # noqa: S314 - it is our own
    for mark in root.iter():
        classes = set(mark.attrib.pop("class", "").split())
        for rule in style.rules:
            if rule.is_of(mark.tag, classes):
                mark.attrib.update(rule.looks)
    root.attrib |= {"xmlns": _SVG, "font-family": FONTS, "font-size": str(SIZE)}
    paper = {"width": "100%", "height": "100%", "fill": style.paper}
    root.insert(0, ElementTree.Element("rect", paper))
    return f"{ElementTree.tostring(root, encoding='unicode')}\n"
