"""The house keeps its rules: what is public is used elsewhere, files stay small, rooms closed."""

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import vestry

ROOT = Path(__file__).parent.parent
PACKAGE = Path(vestry.__file__).parent
LOOSE = {"__init__.py", "__main__.py", "errors.py", "version.py"}
LONGEST = 300
KNOWN_ELSEWHERE = {"dataclass", "contextmanager", "cache", "lru_cache", "cached_property"}
"""Decorators that register nothing: what bears another one is known to whom it was given."""


def _name(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts).removesuffix(".__init__")


@cache
def _modules() -> dict[str, ast.Module]:
    return {_name(path): ast.parse(path.read_text()) for path in sorted(PACKAGE.rglob("*.py"))}


@cache
def _others() -> list[ast.Module]:
    return [
        ast.parse(path.read_text())
        for folder in ("tests", "benchmarks", "docs")
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def test_nothing_lies_loose() -> None:
    assert {path.name for path in PACKAGE.glob("*.py")} == LOOSE


def test_no_file_is_over_300_lines() -> None:
    paths = PACKAGE.rglob("*.py")  # namesakes stand in several rooms
    lengths = {str(path): len(path.read_text().splitlines()) for path in paths}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


def test_what_is_private_stays_at_home() -> None:
    taken = [
        f"{name} takes {alias.name} of {node.module}"
        for name, tree in _modules().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("vestry")
        for alias in node.names
        if alias.name.startswith("_") and not alias.name.startswith("__")
    ]
    assert taken == []


def test_what_benchmarks_and_documents_take_of_the_package_is_there() -> None:
    """They run for minutes, so that nobody would see at once that a name has moved."""
    lacking = [
        f"{node.module}.{alias.name}"
        for tree in _others()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in _modules()
        for alias in node.names
        if f"{node.module}.{alias.name}" not in _modules()
        and alias.name not in _defined(_modules()[node.module])
    ]
    assert lacking == []


def _defined(tree: ast.Module) -> set[str]:
    """Names that stand in a module, imported ones too."""
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.ImportFrom | ast.Import):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def test_what_is_public_is_used_elsewhere() -> None:
    used = _used()
    lonely = [
        f"{module}.{name}"
        for module, tree in _modules().items()
        for name in _public(tree) - used[module] - _spoken_of(tree)
    ]
    assert sorted(lonely) == []


UNTYPED = {
    "evaluation.claims.form_of": "a table of a study file, before it is known to be a claim",
    "evaluation.run_changes.run_changes": "study files, as they are written there",
    "evaluation.vault.append": "a line of a register that other versions write, too",
    "evaluation.vault.Vault.looks": "lines of such a register",
    "report.sections.findings._Case.facts": "each kind of finding has facts of its own",
    "report.sections.findings._skipped": "such facts",
    "report.sections.provenance._fact": "a fact of the machine, a number or a word",
}
"""What evaluation hands out, and sections take, without its type, and why."""


def test_results_keep_their_types_between_evaluation_and_sections() -> None:
    untyped = {
        f"{module.removeprefix('vestry.')}.{name}"
        for module, tree in _modules().items()
        if module.startswith(("vestry.evaluation.", "vestry.report.sections."))
        for name, function in _functions(tree)
        if module.startswith("vestry.report.") or not name.split(".")[-1].startswith("_")
        if _says_any(function, _aliases_of_any(tree))
    }
    assert untyped == set(UNTYPED)


def _functions(tree: ast.Module) -> list[tuple[str, ast.FunctionDef]]:
    found = [("", node) for node in tree.body]
    found += [
        (f"{node.name}.", each)
        for node in tree.body
        if isinstance(node, ast.ClassDef)
        for each in node.body
    ]
    return [(f"{of}{node.name}", node) for of, node in found if isinstance(node, ast.FunctionDef)]


def _aliases_of_any(tree: ast.Module) -> set[str]:
    return {"Any"} | {
        node.targets[0].id
        for node in tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and not isinstance(node.value, ast.Call)
        and _names_one_of(node.value, {"Any"})
    }


def _says_any(function: ast.FunctionDef, aliases: set[str]) -> bool:
    given = [node.annotation for node in ast.walk(function.args) if isinstance(node, ast.arg)]
    return any(_names_one_of(note, aliases) for note in [*given, function.returns] if note)


def _names_one_of(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(part, ast.Name) and part.id in names for part in ast.walk(node))


def _used() -> dict[str, set[str]]:
    """Names of each module that other modules, tests, benchmarks or docs' makers use."""
    used: dict[str, set[str]] = defaultdict(set)
    for name, tree in [*_modules().items(), *((None, tree) for tree in _others())]:
        modules = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module in _modules():
                for alias in node.names:
                    full = f"{node.module}.{alias.name}"
                    if full in _modules():
                        modules[alias.asname or alias.name] = full
                    elif node.module != name:
                        used[node.module].add(alias.name)
        for node in ast.walk(tree):
            match node:
                case ast.Attribute(value=ast.Name(id=name_), attr=attribute) if name_ in modules:
                    used[modules[name_]].add(attribute)
                case ast.Constant(value=str(text)):
                    for module, found in _named_in(text):
                        used[module].add(found)
                case ast.Call(args=[ast.Name(id=name_), ast.Constant(value=str(text)), *_]):
                    used[modules.get(name_, "")].add(text)
    return used


def _named_in(text: str) -> list[tuple[str, str]]:
    """What a text names as `vestry.room.module:name` or `vestry.room.module.name`."""
    found = re.findall(r"(vestry(?:\.\w+)*)[.:](\w+)", text)
    return [(module, name) for module, name in found if module in _modules()]


def _public(tree: ast.Module) -> set[str]:
    """Functions, classes and constants; not what a decorator or a registry's base class takes."""
    names = set()
    for node in tree.body:
        match node:
            case (
                ast.FunctionDef(name=name, decorator_list=decorators)
                | ast.ClassDef(name=name, decorator_list=decorators)
            ):
                if all(_last_name(each) in KNOWN_ELSEWHERE for each in decorators):
                    names.add(name)
            case ast.Assign(targets=[ast.Name(id=name)]):
                names.add(name)
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
    return {name for name in names if not name.startswith("_")}


def _last_name(node: ast.expr) -> str:
    match node:
        case ast.Call(func=called):
            return _last_name(called)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def _spoken_of(tree: ast.Module) -> set[str]:
    """Names in annotations, base classes and bodies of classes: parts of what is public."""
    found = set()
    for node in ast.walk(tree):
        parts: list[ast.AST] = []
        match node:
            case ast.arg(annotation=note) | ast.AnnAssign(annotation=note) if note:
                parts.append(note)
            case ast.FunctionDef(returns=note) if note:
                parts.append(note)
            case ast.ClassDef(bases=bases):
                parts += bases
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if not name.isupper():
                parts.append(value)
        for part in parts:
            for each in ast.walk(part):
                if isinstance(each, ast.Name):
                    found.add(each.id)
                if isinstance(each, ast.Constant) and isinstance(each.value, str):
                    found |= set(re.findall(r"\w+", each.value))
    return found
