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
    tree = ast.parse(file.read_bytes())
    return _Source(imports=tuple(_imported(tree)), pieces=tuple(_pieces(tree)))


def _imported(tree: ast.Module) -> Iterator[str]:
    """Modules of this package that are imported anywhere, but for those of `_ELSEWHERE`."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.ImportFrom) or not _is_ours(node):
            continue
        module = node.module or ""
        if module.split(".")[1:2] and module.split(".")[1] not in _ELSEWHERE:
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _is_ours(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == _PACKAGE


def _pieces(tree: ast.Module) -> Iterator[str]:
    """Each statement of a module, without what cannot change a result."""
    for statement in _Bare().visit(tree).body:
        yield ast.dump(statement)


class _Bare(ast.NodeTransformer):
    """Leaves out docstrings, and imports from this package: these say only where a thing is."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        is_text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if is_text else self.generic_visit(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        return None if _is_ours(node) else node
