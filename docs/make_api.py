"""Write api.md: what `import vestry` gives, each with its signature and docstring; `make docs`."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

import vestry

_HEADING = re.compile(r"(\w+)\n-{3,}\n")
ROOT = Path(__file__).parent.parent
HEAD = """# Python API

Made by `make docs` from the code's own signatures and docstrings. [python.md](python.md) says how
they go together, [study.md](study.md) what the keys of models and studies mean.
"""


def reference() -> str:
    """The whole document, a heading a public name."""
    names = [name for name in vestry.__all__ if not name.startswith("_")]
    return HEAD + "".join(_entry(name, getattr(vestry, name)) for name in names)


def _entry(name: str, thing: Any) -> str:
    text = f"\n## vestry.{name}\n\n{_code(name, thing)}{_words(thing)}"
    return text + "".join(_member(name, *each) for each in _members(thing))


def _code(name: str, thing: Any) -> str:
    if inspect.isclass(thing) and issubclass(thing, BaseModel):
        keys = ", ".join(f"`{key}`" for key in thing.model_fields)
        return f"Keys, as a study file has them: {keys}.\n\n"
    try:
        parameters = inspect.signature(thing).parameters.values()
    except (TypeError, ValueError):
        return ""
    shown = [str(each.replace(annotation=each.empty)) for each in parameters]
    return f"```text\n{name}({', '.join(shown)})\n```\n\n"


def _words(thing: Any) -> str:
    """Its docstring; code in it, and lists under a heading, stay as they are."""
    text = inspect.cleandoc(thing.__doc__ or "")
    parts = []
    for part in text.split("\n\n"):
        if heading := _HEADING.match(part):
            parts.append(f"**{heading[1]}**\n\n```text\n{part[heading.end() :]}\n```")
        else:
            is_code = part.lstrip().startswith((">>>", "..."))
            parts.append(f"```text\n{part}\n```" if is_code else part)
    return "\n\n".join(parts) + "\n" if text else ""


def _members(thing: Any) -> Iterator[tuple[str, Any]]:
    """Public methods and properties that a class says something of itself."""
    if not inspect.isclass(thing) or issubclass(thing, BaseModel):
        return
    for name, member in vars(thing).items():
        is_said = inspect.isfunction(member) or isinstance(member, property)
        if is_said and not name.startswith("_") and member.__doc__:
            yield name, member


def _member(owner: str, name: str, member: Any) -> str:
    signature = "" if isinstance(member, property) else _code(name, member)
    return f"\n### {owner}.{name}\n\n{signature}{_words(member)}"


if __name__ == "__main__":
    (ROOT / "docs" / "api.md").write_text(reference(), encoding="utf-8")
