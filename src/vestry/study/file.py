"""Reading a study file: TOML, and what the command line sets over it."""

import json
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.errors import StudyError, did_you_mean

_LARGEST_FILE = 1_000_000
Entry = dict[str, Any]


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; raises StudyError where it cannot be read or is not TOML."""
    try:
        if path.stat().st_size > _LARGEST_FILE:
            raise StudyError(f"{path} is larger than {_LARGEST_FILE:,} bytes; is it a study file?")
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudyError(f"{path} cannot be read: {reason}{_near_file(path)}") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path} is not text in UTF-8; is it a study file?") from error
    except tomllib.TOMLDecodeError as error:
        raise StudyError(f"{path} is not TOML: {error}") from error


def _near_file(path: Path) -> str:
    folder = path.parent
    beside = [p.name for p in folder.glob("*.toml")] if folder.is_dir() else []
    return did_you_mean(path.name, beside)


def override(
    tables: dict[str, Any], assignments: Iterable[str], takes: Callable[[Entry, str], bool]
) -> dict[str, Any]:
    """Apply `--set KEY=VALUE`s.

    `data.source=digits`, `training.epochs=3`; `member.NAME.epochs=3` for one member and
    `member.epochs=3` for every member that takes that key, as `takes(entry, key)` says.
    """
    result = dict(tables)
    for assignment in assignments:
        for key, value in _parse_assignment(assignment).items():
            if key in ("member", "committee"):
                change = _Change(key, value, assignment, takes)
                result[key] = change.applied_to(result.get(key, []))
            else:
                result = _merged(result, {key: value})
    return result


def _parse_assignment(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not (equals and key.strip()):
        raise StudyError(f"--set {text}: write KEY=VALUE, such as member.epochs=3")
    for literal in (value, json.dumps(value)):  # a bare word is a text
        try:
            return tomllib.loads(f"{key} = {literal}")
        except tomllib.TOMLDecodeError:
            continue
    raise StudyError(f"--set {text}: {key.strip()!r} is not a key; write it as in the study file")


def _merged(table: dict[str, Any], change: dict[str, Any]) -> dict[str, Any]:
    result = dict(table)
    for key, value in change.items():
        both = isinstance(result.get(key), dict) and isinstance(value, dict)
        result[key] = _merged(result[key], value) if both else value
    return result


@dataclass(frozen=True)
class _Change:
    """A `--set` that is about members or committees: `kind.NAME.KEY=VALUE` or `kind.KEY=VALUE`."""

    kind: str
    values: Any
    said: str
    takes: Callable[[Entry, str], bool]

    def applied_to(self, entries: list[Entry]) -> list[Entry]:
        if not isinstance(self.values, dict):
            raise StudyError(f"--set {self.said}: write {self.kind}.NAME.KEY=VALUE")
        for key, value in self.values.items():
            named = [entry for entry in entries if entry.get("name") == key]
            if named:
                entries = [_merged(e, value) if e.get("name") == key else e for e in entries]
            elif isinstance(value, dict) and not any(self.takes(e, key) for e in entries):
                names = [str(entry.get("name")) for entry in entries]
                near = did_you_mean(key, names)
                raise StudyError(f"--set {self.said}: there is no {self.kind} {key!r}{near}")
            else:
                entries = self.applied_to_all(entries, key, value)
        return entries

    def applied_to_all(self, entries: list[Entry], key: str, value: Any) -> list[Entry]:
        taking = [self.takes(entry, key) for entry in entries]
        if not any(taking):  # let the study's own check say that nobody knows this key
            taking = [True] * len(entries)
        pairs = zip(entries, taking, strict=True)
        return [_merged(entry, {key: value}) if takes else entry for entry, takes in pairs]
