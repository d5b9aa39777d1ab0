"""Reading a study file: TOML, and what the command line sets over it."""

import json
import re
import tomllib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vestry.errors import StudyError, did_you_mean
from vestry.storage.regular_file import check_regular

_LARGEST_FILE = 1_000_000
NEW, OLD = "model", "member"
"""How a study spells its models, and how it did before; both are read."""
_SAID = r"""#[^\n]*|\"{3}(?:\\.|[^\\])*?(?:\"{3}|\Z)|'{3}.*?(?:'{3}|\Z)""" + (
    r"""|"(?:\\.|[^"\\\n])*+"?|'[^'\n]*+'?"""
)
"""A comment or a text, of one line or several; one that nothing closes goes on to the end."""
_TEXT = re.compile(_SAID, re.DOTALL)
_HEADER = re.compile(
    rf"""{_SAID}|^[ \t]*\[\[[ \t]*["']?(model|member)["']?[ \t]*\]\]""", re.MULTILINE | re.DOTALL
)
"""A header of models; or a comment or text, so that a header within one is passed over."""
_ENDLESS = re.compile(r"""(?<![\w-])(?:(?:[\w-]++|"")[ \t]*+\.[ \t]*+){20}|[\w-]{200}""", re.ASCII)
"""Tables within tables without end, and keys as long as chapters. A parser's time grows with the
square of either."""
Entry = dict[str, Any]


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables, its `[[model]]`s under `member`, as they were once spelled.

    Raises StudyError where it cannot be read or is not TOML.
    """
    try:
        check_regular(path)
        if path.stat().st_size > _LARGEST_FILE:
            raise StudyError(f"{path} is larger than {_LARGEST_FILE:,} bytes; is it a study file?")
        text = path.read_text(encoding="utf-8-sig")  # some editors begin with a mark
        return tables_of(text)
    except OSError as error:
        reason = error.strerror or str(error)
        raise StudyError(f"{path} cannot be read: {reason}{_near_file(path)}") from error
    except UnicodeDecodeError as error:
        raise StudyError(f"{path} is not text in UTF-8; is it a study file?") from error
    except (ValueError, RecursionError) as error:  # no TOML, or numbers or tables without end
        raise StudyError(f"{path} is not TOML: {error}") from error


def tables_of(text: str) -> dict[str, Any]:
    """A study's tables in TOML, as `read_toml` has them; ValueError where it is none."""
    endless = _ENDLESS.search(_TEXT.sub('""', text))
    if endless:
        raise ValueError(f"a key without end: {endless[0][:40]}...")
    return _one_spelling(tomllib.loads(text), text)


def _one_spelling(tables: dict[str, Any], text: str) -> dict[str, Any]:
    """`tables` with what `model` holds under `member`, in the order of the file where both occur.

    What is no list of tables is kept, so that the study's check says so.
    """
    if NEW not in tables:
        return tables
    result = {OLD if key == NEW else key: value for key, value in tables.items()}
    given = [tables[key] for key in (OLD, NEW) if key in tables]
    wrong = [entries for entries in given if not isinstance(entries, list)]
    if wrong or len(given) == 1:
        return result | {OLD: (wrong or given)[0]}
    left = {key: list(tables[key]) for key in (OLD, NEW)}
    spelled = [key for key in _headers(text) if left[key]]
    merged = [left[key].pop(0) for key in spelled if left[key]]
    inline = [entry for key in tables if key in left for entry in left[key]]
    return result | {OLD: inline + merged}  # TOML has an inline list before any header


def _headers(text: str) -> list[str]:
    """`model` or `member` for each of their headers, in order. text: valid TOML."""
    return [match[1] for match in _HEADER.finditer(text) if match[1]]


def _near_file(path: Path) -> str:
    if path.exists():
        return ""
    folder = path.parent
    beside = [p.name for p in folder.glob("*.toml")] if folder.is_dir() else []
    return did_you_mean(path.name, beside)


def override(
    tables: dict[str, Any], assignments: Iterable[str], takes: Callable[[Entry, str], bool]
) -> dict[str, Any]:
    """Apply `--set KEY=VALUE`s.

    `data.source=digits`, `training.epochs=3`; `model.NAME.epochs=3` for one model and
    `model.epochs=3` for every model that takes that key, as `takes(entry, key)` says. `member`
    is read as `model`.
    """
    result = dict(tables)
    for assignment in assignments:
        for key, value in _parse_assignment(assignment).items():
            if key in (NEW, OLD, "committee"):
                kept = OLD if key == NEW else key
                change = _Change(NEW if key == OLD else key, value, assignment, takes)
                result[kept] = change.applied_to(result.get(kept, []))
            else:
                result = _merged(result, {key: value})
    return result


def _parse_assignment(text: str) -> dict[str, Any]:
    key, equals, value = text.partition("=")
    if not (equals and key.strip()):
        raise StudyError(f"--set {text}: write KEY=VALUE, such as model.epochs=3")
    for literal in (value, json.dumps(value)):  # a bare word is a text
        try:
            return tomllib.loads(f"{key} = {literal}")
        except (ValueError, RecursionError):
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
    """A `--set` that is about models or committees: `kind.NAME.KEY=VALUE` or `kind.KEY=VALUE`."""

    kind: str
    values: Any
    said: str
    takes: Callable[[Entry, str], bool]

    def applied_to(self, entries: list[Entry]) -> list[Entry]:
        if not isinstance(self.values, dict):
            raise StudyError(f"--set {self.said}: write {self.kind}.NAME.KEY=VALUE")
        for key, value in self.values.items():
            named = [entry for entry in entries if entry.get("name") == key]
            if named and not isinstance(value, dict):
                raise StudyError(
                    f"--set {self.said}: {key!r} is a {self.kind}; write "
                    f"{self.kind}.{key}.KEY=VALUE"
                )
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
