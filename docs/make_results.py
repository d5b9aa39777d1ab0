"""Write results.md, every key with type and meaning, from `vestry.schema`: `make docs`."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path
from textwrap import fill
from types import ModuleType, NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from vestry.schema.base import OnSplits, Record

TARGET = Path(__file__).parent / "results.md"
HEAD = """# `results.json`

Made by `make docs` from the types in `src/vestry/schema`, which are what is written and what is
read. `vestry schema results` prints the same as JSON Schema, `vestry schema exploration` and
`vestry schema comparison` those of `explore.json` and of what `vestry compare` writes.

It is the only source of what a report says: figures and sentences are both made from it. Other
programs may read it; no key is renamed without a line in `CHANGELOG.md`. A file of another `format`
is refused: `vestry run STUDY` makes it anew, and takes what was fitted before. {base} Of all that
stands here only the times (`created`, every `...seconds`, `images_per_second`,
`milliseconds_per_image`, `environment`, a `cost` that is measured anew and what `decision` makes of
it), the count of `test_looks` and what a backbone had to compute (`images_through`, `images_found`)
differ between two runs of the same study on one machine.
"""
PARTS = {
    "results": "The whole file",
    "data": "Data",
    "models": "One member, one committee",
    "scores": "Scores, and curves of the rarest class",
    "training": "Training",
    "search": "Search",
    "cross_validation": "Folds, sizes, and choosing in nested folds",
    "cost": "Cost",
    "analysis": "Analysis",
    "confidence": "Confidence",
    "ensemble_gain": "Committees and their members",
    "optimism": "What choosing by the validation rows adds to their figures",
    "significance": "How sure the ranking is",
    "ablations": "With and without",
    "claims": "Claims",
    "decision": "Decision",
    "robustness": "Robustness",
    "label_issues": "Doubted labels and leaks",
    "explanations": "What the models look at",
    "exploration": "The look at the images, and `explore.json`",
    "environment": "Machine and test set",
    "run_comparison": "Several runs",
    "base": "Common parts",
}
TAIL = """
## Pictures

`figures/images.npz` holds `ids` and `images` (uint8): the few images that the page shows, so that
`vestry report RUN` can draw the page again without the data.

## The run folder

A run folder is one study's. `vestry.json` in it says so:

| key | what it holds |
|---|---|
| `vestry`, `format` | `run` (or `exploration`, in a folder of `vestry explore`) and 1 |
| `title` | the study's title, or the source that was explored |
| `file`, `from_here` | the study file (or the explored data): its absolute path, and the way to it
from this folder. Relative paths in the study start there, from wherever a command is called; the
second one holds when a project is moved |
| `makers` | the folders that runs have made here, such as `members/LR` |

The same study is the same file, whatever `--set` says over it and whatever its title is by now; the
file at the same place in a project that was moved; and, where neither path leads to a file any
more, a file of the same name with the same title. Any other study is refused, and so is a folder
that holds anything else. A run of a version that left no marker is known by its `results.json` and
the cards of its tasks, and gets one. The folder itself may be a link, nothing in it may. Of what
lies in it, a run removes members' and committees' folders that carry our card and whose names the
study no longer has; in them, the files that it has written. Everything else stays.
"""
WORDS = {int: "whole number", float: "number", str: "text", bool: "true or false"}


def reference() -> str:
    """The whole document."""
    base = " ".join((_module("base").__doc__ or "").split("\n\n", 1)[1].split())
    parts = [_part(name, heading) for name, heading in PARTS.items()]
    head = "\n\n".join(fill(text, 100) for text in HEAD.format(base=base).split("\n\n"))
    return f"{head}\n" + "".join(parts) + _joined_rows(TAIL)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"vestry.schema.{name}")


def _part(name: str, heading: str) -> str:
    module = _module(name)
    records = [
        found
        for found in vars(module).values()
        if inspect.isclass(found)
        and issubclass(found, Record)
        and found.__module__ == module.__name__
        and found is not Record
        and not _is_base(found, module)
    ]
    lead = "" if name == "base" else f"{inspect.getdoc(module)}\n\n"
    return f"\n## {heading}\n\n{lead}" + "\n".join(_table(record) for record in reversed(records))


def _is_base(record: type[BaseModel], module: ModuleType) -> bool:
    """Whether it only holds what others of its module have, too; these name all of their keys."""
    others = [other for other in record.__subclasses__() if "[" not in other.__name__]
    names = [
        str(field.annotation)
        for found in vars(module).values()
        if inspect.isclass(found) and issubclass(found, BaseModel)
        for field in found.model_fields.values()
    ]
    is_named = any(f".{record.__name__}" in name for name in names)
    return bool(others) and not is_named and others[0].__module__ == module.__name__


def _table(record: type[BaseModel]) -> str:
    rows = "".join(
        f"| `{field.alias or name}` | {_type(field)} | {_meaning(field)} |\n"
        for name, field in record.model_fields.items()
    )
    name = record.__name__.partition("[")[0]
    text = _joined_rows(inspect.getdoc(record) or "")
    return f"### {name}\n\n{text}\n\n| key | type | what it holds |\n|---|---|---|\n{rows}"


def _joined_rows(text: str) -> str:
    """A table's rows, which may be broken in a docstring, on one line each."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and lines[-1].startswith("|") and not lines[-1].endswith("|"):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    return "\n".join(lines)


def _type(field: FieldInfo) -> str:
    words = _words(field.annotation)
    if field.is_required():
        return words
    return f"{words.removesuffix(' or null')}, at times"


def _meaning(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")


def _words(annotation: Any) -> str:
    if inspect.isclass(annotation) and issubclass(annotation, Record):
        return _linked(annotation)
    parts = get_args(annotation)
    made = MADE_OF.get(get_origin(annotation))
    return made(parts) if made else WORDS.get(annotation, "any value")


def _literal(values: tuple[Any, ...]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _union(parts: tuple[Any, ...]) -> str:
    given = [_words(part) for part in parts if part is not NoneType]
    said = "number" if given == ["whole number", "number"] else " or ".join(given)
    return f"{said} or null" if NoneType in parts else said


def _tuple(parts: tuple[Any, ...]) -> str:
    return "[" + ", ".join("..." if part is ... else _words(part) for part in parts) + "]"


def _linked(record: type[Record]) -> str:
    inner = record.__pydantic_generic_metadata__["args"]
    if issubclass(record, OnSplits) and inner:
        return f"[OnSplits](#onsplits) of {_words(inner[0])}"
    return f"[{record.__name__}](#{record.__name__.lower()})"


MADE_OF: dict[Any, Callable[[tuple[Any, ...]], str]] = {
    Literal: _literal,
    Union: _union,
    UnionType: _union,
    list: lambda parts: f"list of {_words(parts[0])}",
    dict: lambda parts: f"by name: {_words(parts[1])}",
    tuple: _tuple,
}

if __name__ == "__main__":
    TARGET.write_text(reference(), encoding="utf-8")
