"""What a finished folder's files were like, by which it is known later whether they still are.

A loss of power, a full disk or a slip of the hand may empty, cut or change a file; what can still
be read then says something else. Such a folder counts as not finished, and is made anew.
"""

import hashlib
import shutil
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from vestry.storage.ownership import read_object
from vestry.storage.run_folder import UNFINISHED, write_json

MANIFEST = "card.json"
"""Written last: a folder that has it is finished."""
_CHUNK = 2**20

FileSums = dict[str, list[int | str]]
"""[bytes, SHA-256] of each file, by its name seen from the folder."""


def finish(folder: Path, card: Mapping[str, Any]) -> None:
    """Write the card of a folder whose other files are whole, with their sums."""
    names = [path.name for path in folder.iterdir() if path.is_file() and path.name != MANIFEST]
    write_json(folder / MANIFEST, {**card, "files": sums_of(folder, sorted(names))})


def forget_damaged(folder: Path) -> list[str]:
    """Take the card from the finished folders in `folder` whose card or files are damaged, so that
    they are done again; their names. Links and folders without a card are left alone."""
    found = [path for path in sorted(_folders_in(folder)) if _is_damaged(path)]
    for path in found:
        (path / MANIFEST).unlink()
    return [path.name for path in found]


def remove_workspaces(folder: Path) -> None:
    """Remove the workspaces in `folder` whose tasks are finished: a process that is killed between
    the two leaves one that nothing would ask for again."""
    for path in _folders_in(folder):
        if path.suffix == UNFINISHED and (path.with_suffix("") / MANIFEST).is_file():
            shutil.rmtree(path)


def _folders_in(folder: Path) -> list[Path]:
    inner = folder.iterdir() if folder.is_dir() and not folder.is_symlink() else ()
    return [path for path in inner if path.is_dir() and not path.is_symlink()]


def _is_damaged(folder: Path) -> bool:
    path = folder / MANIFEST
    if path.is_symlink() or not path.is_file():
        return False
    card = read_object(path)
    return card is None or not are_whole(folder, card.get("files", {}))


def sums_of(folder: Path, names: Iterable[str]) -> FileSums:
    return {name: _sum_of(folder / name) for name in names}


def are_whole(folder: Path, sums: Any) -> bool:
    """Whether the files are as they were. sums: as `sums_of` gave them, read again."""
    if not isinstance(sums, dict):
        return False
    try:
        return all(_is_whole(folder / name, kept) for name, kept in sums.items())
    except OSError:
        return False


def _is_whole(path: Path, kept: Any) -> bool:
    if isinstance(kept, list) and len(kept) == 2 and isinstance(kept[1], int):
        return bool(_former_sum(path) == kept)
    return bool(_sum_of(path) == kept)


def _sum_of(path: Path) -> list[int | str]:
    with path.open("rb") as file:
        return [path.stat().st_size, hashlib.file_digest(file, "sha256").hexdigest()]


def _former_sum(path: Path) -> list[int]:
    """With CRC-32, as cards had it before: what they speak of is still found again."""
    size = found = 0
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            size, found = size + len(chunk), zlib.crc32(chunk, found)
    return [size, found]
