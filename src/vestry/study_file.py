"""Reading a study file: TOML, overrides from the command line, and errors that name the place."""

import difflib
import json
import tomllib
import types
import typing
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from vestry.errors import StudyError

LARGEST_FILE = 1_000_000
def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; raises StudyError where it cannot be read or is not TOML."""
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise StudyError(f"{path} is larger than {LARGEST_FILE:,} bytes; is it a study file?")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudyError(f"{path} cannot be read: {reason}{near_file(path)}") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path} is not text in UTF-8; is it a study file?") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path} is not TOML: {error}") from error


def near_file(path: Path) -> str:
    folder = path.parent
    beside = [p.name for p in folder.glob("*.toml")] if folder.is_dir() else []
    return did_you_mean(path.name, beside)


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """"; did you mean `...`?" with the nearest of `known`, or what there is where few are known."""
    names = list(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    if near:
        return f"; did you mean `{near[0]}`?"
    return f"; there is {', '.join(f'`{name}`' for name in names)}" if 0 < len(names) <= 8 else ""


def override(tables: dict[str, Any], assignments: Iterable[str]) -> dict[str, Any]:
    """Apply `--set KEY=VALUE`s.

    `data.source=digits`, `training.epochs=3`; `member.NAME.epochs=3` for one member and
    `member.epochs=3` for every network (or, with an estimator's key, every estimator).
    """
    result = dict(tables)
    for assignment in assignments:
        merge(result, parse_assignment(assignment), assignment)
    return result


def parse_assignment(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not (equals and key.strip()):
        raise StudyError(f"--set {text}: write KEY=VALUE, such as member.epochs=3")
    for literal in (value, json.dumps(value)):  # a bare word is a text
        try:
            return tomllib.loads(f"{key} = {literal}")
        except tomllib.TOMLDecodeError:
            continue
    raise StudyError(f"--set {text}: {key.strip()!r} is not a key; write it as in the study file")


def merge(tables: dict[str, Any], change: dict[str, Any], said: str) -> None:
    for key, value in change.items():
        if key in ("member", "committee"):
            tables[key] = merge_entries(tables.get(key, []), value, key, said)
        elif isinstance(value, dict) and isinstance(tables.get(key), dict):
            tables[key] = merged(tables[key], value)
        else:
            tables[key] = value


def merged(table: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = dict(table)
    for key, value in change.items():
        old = result.get(key)
        both = isinstance(old, dict) and isinstance(value, dict)
        result[key] = merged(old, value) if both and old else value
    return result


def merge_entries(entries: Any, change: Any, kind: str, said: str) -> list[dict[str, Any]]:
    if not isinstance(change, dict):
        raise StudyError(f"--set {said}: say what of {kind} is set, such as {kind}.NAME.KEY=VALUE")
    entries = list(entries)
    names = [entry.get("name") for entry in entries]
    for key, value in change.items():
        if key in names:
            place = names.index(key)
            entries[place] = merged(entries[place], value)
        elif isinstance(value, dict):
            raise StudyError(
                f"--set {said}: there is no {kind} {key!r}{did_you_mean(key, map(str, names))}"
            )
        else:
            entries = [set_where_known(entry, key, value) for entry in entries]
    return entries


def set_where_known(entry: dict[str, Any], key: str, value: Any) -> dict[str, Any]:
    # A key that only networks have must not make estimators invalid, nor the other way round.
    estimator_only = {"params", "scale", "refit"}
    common = {"seeds", "note", "time_limit", "threads", "rule"}
    takes = key in common or (("estimator" in entry) == (key in estimator_only))
    return entry | {key: value} if takes else entry


def lines_of(error: ValidationError, model: type[BaseModel], place: str, skip: str) -> list[str]:
    """One line a problem: place, key, what is wrong, the nearest valid name.

    Problems below the key `skip` are left out.
    """
    problems = [dict(problem) for problem in error.errors()]
    return [line_of(p, model, place) for p in problems if p["loc"][:1] != (skip,)]


def line_of(problem: dict[str, Any], model: type[BaseModel], place: str) -> str:
    where = [part for part in problem["loc"] if not is_noise(part)]
    key = ".".join(str(part) for part in where) or "value"
    kind = problem["type"]
    if kind == "extra_forbidden":
        known = names_at(model, where[:-1])
        return f"{place}: key `{key}` is unknown{did_you_mean(str(where[-1]), known)}"
    if kind == "missing":
        return f"{place}: key `{key}` is missing"
    if kind == "literal_error":
        allowed = typing.get_args(annotation_at(model, where)) or ()
        said = problem["input"]
        near = did_you_mean(str(said), [str(name) for name in literals(allowed)])
        return f"{place}: `{key}` cannot be {said!r}{near or '; ' + problem['msg']}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{place}: `{key}`: {message[:1].lower() + message[1:]}{given(problem)}"


def given(problem: dict[str, Any]) -> str:
    value = problem.get("input")
    plain = isinstance(value, str | int | float | bool) and problem["type"] != "value_error"
    return f", not {value!r}" if plain else ""


def is_noise(part: Any) -> bool:
    """Whether pydantic's location names a branch of a union, which no user wrote."""
    return isinstance(part, str) and ("[" in part or part[:1].isupper())


def literals(arguments: tuple[Any, ...]) -> list[Any]:
    """The plain values among the arguments of a Literal or of a union that holds one."""
    found: list[Any] = []
    for argument in arguments:
        found += literals(typing.get_args(argument)) if typing.get_args(argument) else [argument]
    return [value for value in found if not isinstance(value, type)]


def annotation_at(model: type[BaseModel], where: list[Any]) -> Any:
    """The annotation of the field at `where`, as far as it can be followed."""
    holder = model_at(model, where[:-1])
    field = holder.model_fields.get(str(where[-1])) if holder and where else None
    return field.annotation if field else None


def names_at(model: type[BaseModel], where: list[Any]) -> list[str]:
    holder = model_at(model, where)
    return list(holder.model_fields) if holder else []


def model_at(model: type[BaseModel], where: list[Any]) -> type[BaseModel] | None:
    """The model that stands at `where` below `model`."""
    here: type[BaseModel] | None = model
    for part in where:
        if isinstance(part, int) or here is None:
            continue
        field = here.model_fields.get(str(part))
        here = first_model(field.annotation) if field else None
    return here


def first_model(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if isinstance(annotation, types.UnionType) or typing.get_args(annotation):
        for argument in typing.get_args(annotation):
            found = first_model(argument)
            if found:
                return found
    return None
