"""The source that a torch module is written in, found and digested without importing it."""

import ast
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from vestry.members.estimators.importable import is_installed, module_file
from vestry.members.modules.given_here import given, is_here


@dataclass(frozen=True)
class ModuleSource:
    """files: the one that defines the class, and those beside it that it imports, one by another;
    none where it is not written in Python, or was handed over. sha256: of all of it. words: what it
    is called, without where it lies."""

    files: tuple[Path, ...]
    sha256: str
    words: str


def source_of(path: str) -> ModuleSource:
    """Of `package.module.Class`. An installed package is known by its version, and so gives the
    class's own file alone. Raises StudyError where the module is not there."""
    if is_here(path):
        return ModuleSource((), given(path).sha256, given(path).words)
    file, module = module_file(path), path.rpartition(".")[0]
    if file is None:
        return ModuleSource((), hashlib.sha256(path.encode()).hexdigest(), "not written in Python")
    root = _root(file, module)
    files = (file,) if is_installed(module) else tuple(sorted(_reached(file, root)))
    digest, names = hashlib.sha256(), []
    for each in files:
        content = each.read_bytes()
        names.append(each.relative_to(root).as_posix())
        digest.update(f"{names[-1]} {len(content)}\n".encode() + content)
    return ModuleSource(files, digest.hexdigest(), ", ".join(names))


def _reached(file: Path, root: Path) -> set[Path]:
    reached, waiting = {file}, [file]
    while waiting:
        for found in _imported(waiting.pop(), root):
            if found not in reached:
                reached.add(found)
                waiting.append(found)
    return reached


def _root(file: Path, module: str) -> Path:
    """The folder that the module's first package, or the module itself, lies in."""
    names = file.parent.parts if file.name == "__init__.py" else file.with_suffix("").parts
    parts = tuple(module.split("."))  # the last ones may be classes in it
    for count in range(len(parts), 0, -1):
        if names[-count:] == parts[:count]:
            return Path(*names[:-count])
    return file.parent


def _imported(file: Path, root: Path) -> Iterator[Path]:
    """Files below `root` that a file imports, the packages that they lie in among them."""
    try:
        tree = ast.parse(file.read_bytes())
    except (SyntaxError, ValueError, RecursionError):
        return  # the fit says what is wrong with it
    for node in ast.walk(tree):
        for parts in _named(node, file, root):
            for end in range(1, len(parts) + 1):
                place = root.joinpath(*parts[:end])
                yield from filter(Path.is_file, (place.with_suffix(".py"), place / "__init__.py"))


def _named(node: ast.AST, file: Path, root: Path) -> Iterator[tuple[str, ...]]:
    """Modules that an import may mean, as their parts from the root."""
    if isinstance(node, ast.Import):
        yield from (tuple(alias.name.split(".")) for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        package = file.relative_to(root).parent.parts
        before = package[: len(package) - node.level + 1] if node.level else ()
        module = (*before, *(node.module.split(".") if node.module else ()))
        yield from ((*module, alias.name) for alias in node.names)
