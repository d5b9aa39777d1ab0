"""What is Vestry's own on a disk, and what is somebody else's.

Only what carries our mark is written over or removed, and nothing is written through a link: a
folder by its marker (`marker.py`), a model's folder by its card, a single file by what it says of
itself.
"""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from vestry.errors import StudyError
from vestry.storage.run_folder import UNFINISHED, read_json

_COMMITTEE_KEYS = {"name", "rule", "members"}
_TOP = 2000
"""Bytes at the top of a file in which its mark stands."""


def has_own_card(folder: Path) -> bool:
    """Whether `folder` holds the card of a task, a member or a committee."""
    card = read_object(folder / "card.json")
    if card is None or folder.is_symlink():
        return False
    task = card.get("task")
    return (isinstance(task, dict) and "code" in task) or set(card) >= _COMMITTEE_KEYS


def read_object(path: Path) -> dict[str, Any] | None:
    """The JSON object in a file; None where it is no such file, or a link."""
    if path.is_symlink() or not path.is_file():
        return None
    try:
        value = read_json(path)
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def was_cut(path: Path, start: bytes) -> bool:
    """Whether a JSON file of ours, which begins with `start`, was emptied or cut by a loss of
    power, or has zeros where it began."""
    if path.is_symlink() or not path.is_file() or read_object(path) is not None:
        return False
    with path.open("rb") as file:
        return start.startswith(file.read(len(start)).strip(b"\0"))


def starts_with(path: Path, mark: str) -> bool:
    """Whether `mark` stands near the top of the file."""
    with path.open("rb") as file:
        return mark.encode() in file.read(_TOP)


def check_replaceable(
    path: Path, is_own: Callable[[Path], bool], why: str, force: bool, option: str
) -> None:
    """Raise StudyError where `path` is there and not `is_own`; `why` is then said of it.

    force: the user has said that it may be replaced; a folder never is. A link is nobody's but the
    user's; to replace it leaves alone what it leads to.
    """
    if path.is_dir() and not path.is_symlink():
        raise StudyError(f"{path} is a folder; {option} names a file")
    if force or not os.path.lexists(path) or (not path.is_symlink() and is_own(path)):
        return
    reason = "is a link" if path.is_symlink() else why
    raise StudyError(
        f"{path} is there and {reason}; give {option} another name, or --force to replace it"
    )


def check_no_links(folder: Path, names: Iterable[str], option: str = "--out") -> None:
    """Raise StudyError where one of `names` in `folder`, or anything below, is a link.

    `folder` itself may be one: whoever named it knows where it leads.
    """
    for path in (folder / name for name in names):
        for found in (path, *_below(path)):
            if found.is_symlink() and not _is_lock(found):
                raise StudyError(
                    f"{found} is a link, and nothing is written through links: take it away, or "
                    f"give {option} another place"
                )


def _below(folder: Path) -> Iterable[Path]:
    for place, folders, files in os.walk(folder, followlinks=False):
        yield from (Path(place) / name for name in (*folders, *files))


def _is_lock(path: Path) -> bool:
    """Whether a search that was killed left it: a journal is locked by a link to itself."""
    return path.parent.name.endswith(UNFINISHED) and ".lock" in path.suffixes
