"""What every page shares: the templates, the policy that keeps it to itself, its numbers."""

import base64
import functools
import hashlib
import json
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from vestry.report import contents, formatting
from vestry.report.chapter import CHAPTERS_FOLDER
from vestry.report.latex import LATEX_SIGNS, LIGATURES
from vestry.report.plot.palette import DARK, FONTS, LIGHT, variables
from vestry.report.section import FOLDER
from vestry.report.sprite import Sheet
from vestry.storage.spreadsheet_text import FORMULA, PLAIN_NUMBER

_SHOWN_SIDE = 56
_LONGEST_WORD = 24
_TEMPLATES = Path(__file__).parent / "templates"
POLICY_PLACE = Markup("<!-- policy -->")
"""Where a template has its policy, which needs the finished scripts."""
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
"""What turns the direction of all that follows it: a name must not mirror a figure."""
_OWN = {kind: re.compile(f"<{kind}>(.*?)</{kind}>", re.DOTALL) for kind in ("script", "style")}


def environment() -> Environment:
    """All pages' templates, with the filters and colours that they name."""
    own = (section.folder for section in contents.SECTIONS)
    return _environment(tuple(dict.fromkeys([_TEMPLATES, FOLDER, CHAPTERS_FOLDER, *own])))


@functools.cache  # it keeps its templates compiled, which takes longer than filling them
def _environment(folders: tuple[Path, ...]) -> Environment:
    made = Environment(
        loader=FileSystemLoader(folders),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    formats = (
        "per_cent",
        "per_cent_range",
        "points",
        "probability",
        "decimal",
        "whole",
        "duration",
        "milliseconds",
        "file_size",
        "counted",
        "roughly",
        "signed",
    )
    made.filters.update({name: getattr(formatting, name) for name in formats})
    made.filters |= {"coded": _coded, "unbroken": _unbroken}
    made.globals |= {
        "light": Markup(variables(LIGHT)),  # noqa: S704 - colours of our own
        "dark": Markup(variables(DARK)),  # noqa: S704
        "fonts": Markup(FONTS),  # noqa: S704
        "latex_signs": script_json(LATEX_SIGNS),
        "latex_ligatures": script_json(LIGATURES),
        "formula": script_json(f"^(?!{PLAIN_NUMBER}$){FORMULA}"),
    }
    return made


def _coded(text: str) -> Markup:
    """`text` with what stands between backticks as code."""
    parts = [
        Markup("<code>{}</code>").format(part) if number % 2 else escape(part)
        for number, part in enumerate(text.split("`"))
    ]
    return Markup("").join(parts)


def _unbroken(text: str) -> Markup:
    """A heading whose words, as a name with a hyphen, stay on one line unless they are long."""
    parts = [
        Markup('<span class="word">{}</span>').format(word)
        if "-" in word and len(word) <= _LONGEST_WORD
        else escape(word)
        for word in text.split(" ")
    ]
    return Markup(" ").join(parts)


def generator(mark: str) -> Markup:
    """The line near the top of a page by which it is known again: no other file is ever taken for
    one, and replaced."""
    return Markup('<meta name="generator" content="{}">').format(mark)


def shown_scale(sheet: Sheet) -> float:
    """Page pixels for one pixel of the sheet: whole numbers keep small images sharp."""
    scale = _SHOWN_SIDE / max(sheet.width, sheet.height)
    return max(1, round(scale)) if scale > 1 else round(scale, 4)


def script_json(value: Any) -> Markup:
    """JSON that cannot end the script element that holds it."""
    text = json.dumps(value, separators=(",", ":"), ensure_ascii=True)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - the three signs that HTML knows are escaped above


def with_policy(text: str) -> str:
    """The page with a policy that takes its own scripts and styles alone, and lets nothing in or
    out. No element has a style of its own: these would need leave for any."""
    # What is no text, as a byte of a path may be, is shown as an escape.
    text = _TURNING.sub("", text).encode(errors="backslashreplace").decode()
    policy = (
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data: blob:; base-uri 'none'; form-action 'none'; "
        f'style-src {_digests("style", text)}; script-src {_digests("script", text)}">'
    )
    return text.replace(POLICY_PLACE, policy, 1)


def _digests(kind: str, text: str) -> str:
    """How a policy names each of the page's own elements of this kind."""
    found = [hashlib.sha256(own.encode()).digest() for own in _OWN[kind].findall(text)]
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in found)
