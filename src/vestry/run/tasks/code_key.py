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
from pathlib import Path

from vestry.registry import brought_packages

_PACKAGE = __name__.partition(".")[0]
_ELSEWHERE = ("data", "storage", "system", "engine", "study", "errors", "version", "registry")
"""Rooms that no result depends on: rows have a fingerprint of their own, and how tasks are
described, run and stored decides nothing that they compute."""
_DOORS = {
    "kinds": "members.kinds",
    "layers": "members.networks.layers",
    "rules": "committees.rule",
    "corruptions": "robustness.corruption",
    "scores": "predictions.scores",
}
"""Modules through which a task finds what packages bring under entry points of these names."""


@functools.cache
def code_key(*places: str) -> str:
    """places: modules or packages below `vestry.`, such as "members"; a package means all of it."""
    trees = _reached(f"{_PACKAGE}.{place}" for place in places)
    for concept, door in _DOORS.items():
        if any(file in trees for file in _files(f"{_PACKAGE}.{door}", below=False)):
            trees |= _reached(brought_packages(concept))
    pieces = sorted(piece for tree in trees.values() for piece in _pieces(tree))
    return hashlib.sha256("\n".join(pieces).encode()).hexdigest()[:16]


def _reached(names: Iterable[str]) -> dict[Path, ast.Module]:
    """The trees of these modules and of all that they import from this package, by file."""
    trees: dict[Path, ast.Module] = {}
    waiting = [file for name in names for file in _files(name)]
    while waiting:
        file = waiting.pop()
        if file in trees:
            continue
        trees[file] = ast.parse(file.read_bytes())
        waiting += [found for name in _imported(trees[file]) for found in _files(name, below=False)]
    return trees


def _files(name: str, below: bool = True) -> list[Path]:
    """A module's file, or those of a package; none where `name` is no module."""
    try:
        found = importlib.util.find_spec(name)
    except ModuleNotFoundError:  # a name in a module, not a module
        return []
    if found is None or found.origin is None:
        return []
    file = Path(found.origin)
    return sorted(file.parent.rglob("*.py")) if below and file.name == "__init__.py" else [file]


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
