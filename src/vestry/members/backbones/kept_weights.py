"""Weights that were converted once and are kept in the cache: known again by their sum, which lies
beside them, since what was published is no longer there to hold them against."""

import hashlib
from pathlib import Path

from vestry.storage.ownership import read_object
from vestry.storage.run_folder import write_json

_KEY = "sha256"


def note_sum(path: Path) -> None:
    """Write down what `path`, whole and in its place, holds."""
    write_json(_beside(path), {_KEY: _sum_of(path)})


def is_kept(path: Path) -> bool:
    """Whether `path` is there as it was kept; else it is removed, and can be made again. What an
    earlier version kept has no sum: it gets one."""
    if not path.is_file():
        return False
    noted = (read_object(_beside(path)) or {}).get(_KEY)
    if noted is None:
        note_sum(path)
    elif noted != _sum_of(path):
        path.unlink()
        _beside(path).unlink()
        return False
    return True


def _beside(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _sum_of(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
