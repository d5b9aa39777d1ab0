"""A digest of the code that can change a task's result, so that other code makes a new task.

What is digested is the syntax tree of every module that the task's code imports, straight or by
others, and of installed packages that bring something to it (a layer, a rule). Comments, docstrings
and where a definition stands are no part of it: moving a file, or writing down what it does, fits
nothing anew.
"""

import ast
import functools
import hashlib
import importlib.util
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.system.registry import brought_packages

_PACKAGE = __name__.partition(".")[0]
_ROOT = Path(__file__).parents[2]
_ELSEWHERE = ("data", "storage", "system", "engine", "study", "errors", "version", "registry")
"""Rooms that no result depends on: rows have a fingerprint of their own, and how tasks are
described, run and stored decides nothing that they compute."""
_DOORS = {
    "kinds": "members.kinds",
    "features": "members.estimators.features.feature_step",
    "layers": "members.networks.layers",
    "rules": "committees.rule",
    "corruptions": "robustness.corruption",
    "scores": "predictions.scores",
}
"""Modules through which a task finds what packages bring under entry points of these names."""


@functools.cache
def code_key(*places: str) -> str:
    """places: modules or packages below `vestry.`, such as "members"; a package means all of it.

    Raises LookupError for a place that is none: what was meant would no longer be looked at.
    """
    names = [f"{_PACKAGE}.{place}" for place in places]
    if lost := [name for name in names if not _files(name)]:
        raise LookupError(f"no such module: {', '.join(lost)}")
    files = _reached(names)
    for concept, door in _DOORS.items():
        if any(file in files for file in _files(f"{_PACKAGE}.{door}", below=False)):
            files |= _reached(brought_packages(concept))
    pieces = sorted(piece for file in files for piece in _read(file).pieces)
    return hashlib.sha256("\n".join(pieces).encode()).hexdigest()[:16]


def _reached(names: Iterable[str]) -> set[Path]:
    """The files of these modules and of all that they import from this package."""
    reached: set[Path] = set()
    waiting = [file for name in names for file in _files(name)]
    while waiting:
        file = waiting.pop()
        if file not in reached:
            reached.add(file)
            waiting += [found for name in _read(file).imports for found in _files(name, False)]
    return reached


@functools.cache
def _files(name: str, below: bool = True) -> tuple[Path, ...]:
    """A module's file, or those of a package; none where `name` is no module."""
    file = _own_file(name) if name.partition(".")[0] == _PACKAGE else _found_file(name)
    if file is None:
        return ()
    inside = below and file.name == "__init__.py"
    return tuple(sorted(file.parent.rglob("*.py"))) if inside else (file,)


def _own_file(name: str) -> Path | None:
    """Found without Python's own search, which imports what a module lies in: torch, for some."""
    place = _ROOT.joinpath(*name.split(".")[1:])
    candidates = (place / "__init__.py", place.with_name(f"{place.name}.py"))
    return next((file for file in candidates if file.is_file()), None)


def _found_file(name: str) -> Path | None:
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # a name in a module, not a module
        return None
    return Path(found.origin) if found and found.origin else None


@dataclass(frozen=True)
class _Source:
    """imports: modules of this package. pieces: statements, without what changes no result."""

    imports: tuple[str, ...]
    pieces: tuple[str, ...]


@functools.cache
def _read(file: Path) -> _Source:
    """A file is read once in a process, although several keys are made of it."""
    ours: list[ast.ImportFrom] = []
    pieces = [_written(each, ours) for each in _telling(ast.parse(file.read_bytes()).body, ours)]
    return _Source(imports=tuple(_imported(ours)), pieces=tuple(pieces))


def _imported(ours: Iterable[ast.ImportFrom]) -> Iterator[str]:
    """Modules of this package that are imported, but for those of `_ELSEWHERE`."""
    for node in ours:
        module = node.module or ""
        if module.split(".")[1:2] and module.split(".")[1] not in _ELSEWHERE:
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


_SILENT = {"ctx", "kind", "type_comment"}
"""Fields that follow from others, or say nothing."""


def _written(node: object, ours: list[ast.ImportFrom]) -> str:
    """A statement or a part of one as text, without what cannot change a result: `ast.dump` takes
    three times as long. Imports from this package are added to `ours`."""
    if isinstance(node, list):
        return f"[{','.join([_written(each, ours) for each in _telling(node, ours)])}]"
    if not isinstance(node, ast.AST):
        return repr(node)
    kind = type(node)
    parts = [_written(getattr(node, name, None), ours) for name in _told(kind._fields)]
    return f"{kind.__name__}({','.join(parts)})"


@functools.cache
def _told(fields: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in fields if name not in _SILENT)


def _telling(nodes: Iterable[Any], ours: list[ast.ImportFrom]) -> Iterator[Any]:
    """Leaves out docstrings, and imports from this package: these say only where a thing is."""
    for node in nodes:
        if isinstance(node, ast.ImportFrom) and _is_ours(node):
            ours.append(node)
        elif not (isinstance(node, ast.Expr) and _is_text(node.value)):
            yield node


def _is_ours(node: ast.ImportFrom) -> bool:
    return (node.module or "").partition(".")[0] == _PACKAGE


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str)
