"""Files written after these types, read again: whole and of this format, or refused."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from vestry.errors import DataError
from vestry.schema.base import FORMAT, Record
from vestry.schema.exploration import ExplorationResults
from vestry.schema.results import Results
from vestry.storage.run_folder import read_json

_Kind = TypeVar("_Kind", bound=Record)


def read_results(path: Path) -> Results:
    """A run's `results.json`; DataError, one line, where it is missing or not of this format."""
    again = "`vestry run STUDY` makes it anew, and takes what was fitted before"
    return _read(path, Results, "run the study first (vestry run)", again)


def read_explored(path: Path) -> ExplorationResults:
    """An `explore.json`; DataError, one line, where it is missing or not of this format."""
    again = "`vestry explore SOURCE` makes it anew"
    return _read(path, ExplorationResults, "explore the source first (vestry explore)", again)


def _read(path: Path, kind: type[_Kind], first: str, again: str) -> _Kind:
    try:
        found = read_json(path)
    except FileNotFoundError:
        raise DataError(f"no results at {path}: {first}") from None
    if not isinstance(found, dict):
        raise DataError(f"{path} holds no results: it is not vestry's")
    if found.get("format") != FORMAT:
        raise DataError(
            f"{path} has format {found.get('format')}; this version reads {FORMAT}: {again}"
        )
    try:
        return kind.model_validate(found)
    except ValidationError as error:
        problem = error.errors(include_url=False)[0]
        place = ".".join(map(str, problem["loc"]))
        raise DataError(
            f"{path} is not as this version writes it ({place}: {problem['msg']}): {again}"
        ) from None
