"""Whether a class can be there to import, found out without importing it: no code of a study runs
before its fits, and a misspelt name is known before the first of them."""

import ast
import importlib
import os
import sys
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator

from vestry.errors import MemberError, StudyError, did_you_mean, one_line
from vestry.system import installed

_LARGEST = 5_000_000


def _with_module(path: str) -> str:
    if "." not in path:
        raise ValueError(f"{path!r} is no import path; write package.module.Class")
    return path


ImportPath = Annotated[str, AfterValidator(_with_module)]
"""Of a class, as a study file names it; whether it is there is asked later."""


def check_importable(path: str) -> None:
    """Raises StudyError, with the nearest name, where the module of `package.module.Class` is not
    there, or is written in Python and names no such class. What cannot be told by reading alone is
    taken for there."""
    module, _, name = path.rpartition(".")
    origin, is_module = _located(path)
    names = _names_in(origin) if is_module else None
    if names is not None and name not in names:
        near = did_you_mean(name, [each for each in names if not each.startswith("_")])
        raise StudyError(
            f"there is no {path} to import: {module} has no {name}{_hidden(module, origin) or near}"
        )


def module_file(path: str) -> Path | None:
    """The file that the module of `package.module.Class` is written in; None where it is not
    written in Python. Raises StudyError where it is not there."""
    origin = _located(path)[0]
    file = Path(origin) if origin and origin.endswith(".py") else None
    return file.absolute() if file is not None and file.is_file() else None


def import_named(path: str) -> Any:
    """What `package.module.name` names, imported; MemberError where there is none."""
    module, _, name = path.rpartition(".")
    try:
        return getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise MemberError(f"there is no {path} to import: {one_line(error)}") from error


def is_installed(module: str) -> bool:
    """Whether a module is of Python's library or of an installed package, not the user's own."""
    top = module.partition(".")[0]
    return top in sys.stdlib_module_names or bool(installed.packages_of(top))


def _located(path: str) -> tuple[str | None, bool]:
    """Where the module of `package.module.Class` comes from, and whether all of what stands before
    the last dot is modules: what follows one that is no package is an attribute."""
    known = ""
    origin: str | None = None
    places: list[str] | None = [*sys.path, os.getcwd()]  # noqa: PTH109 - as sys.path has texts
    for part in path.rpartition(".")[0].split("."):
        whole = f"{known}.{part}" if known else part
        if places is None:
            return origin, False
        spec = PathFinder.find_spec(whole, places) or (None if known else _otherwise(part))
        if spec is None:
            raise StudyError(
                f"there is no {path} to import: no module {whole!r}{_near(part, places, known)}"
            )
        known, origin = whole, spec.origin
        inside = spec.submodule_search_locations
        places = None if inside is None else list(inside)
    return origin, True


def own_file(path: str) -> Path | None:
    """The user's own file or folder that the module of `package.module.Class` begins with; None
    where that is installed, or not there."""
    top = path.partition(".")[0]
    spec = PathFinder.find_spec(top, [*sys.path, os.getcwd()]) or _otherwise(top)  # noqa: PTH109
    if (
        spec is None
        or not spec.has_location
        or not spec.origin
        or installed.is_installed(Path(spec.origin))
    ):
        return None
    file = Path(spec.origin)
    return file.parent if file.name == "__init__.py" else file


def _otherwise(top: str) -> ModuleSpec | None:
    """Of a package that other finders know: built in, frozen, or installed as editable."""
    try:
        return find_spec(top)
    except (ImportError, ValueError):
        return None


def _near(part: str, places: list[str], known: str) -> str:
    if not known:
        return "; is its package installed, or its file beside you?"
    beside = (each for place in map(Path, places) if place.is_dir() for each in place.iterdir())
    return did_you_mean(part, sorted({each.stem for each in beside if each.stem[0] not in "_."}))


def _hidden(module: str, origin: str | None) -> str:
    """A hint where a user's file has the name of a module that is installed, which goes first."""
    file = Path(f"{module}.py").absolute()
    if not file.is_file() or origin is None or Path(origin) == file:
        return ""
    return f"; {file.name} here is hidden by {origin}: give it another name"


def _names_in(origin: str | None) -> set[str] | None:
    """What a module written in Python binds at its top; None where only running it can tell."""
    file = Path(origin) if origin and origin.endswith(".py") else None
    if file is None or not file.is_file() or file.stat().st_size > _LARGEST:
        return None
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return None  # the fit says what is wrong with it
    names = {name for node in ast.walk(tree) for name in _bound(node)}
    return None if names & {"*", "__getattr__", "globals", "setattr", "exec"} else names


def _bound(node: ast.AST) -> list[str]:
    """Names that a node may bind, wherever it stands: rather too many than too few."""
    match node:
        case ast.FunctionDef() | ast.ClassDef() | ast.AsyncFunctionDef():
            return [node.name]
        case ast.Name():
            return [node.id]
        case ast.alias():
            return [(node.asname or node.name).partition(".")[0]]
        case ast.Constant(value=str() as text):  # of a lazy loader's table, or of __all__
            return [text]
    return []
