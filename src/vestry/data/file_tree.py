"""What lies in a folder, as its names, sizes and times tell: the same text as long as nothing in
it is written anew."""

import hashlib
import os
from pathlib import Path

from vestry.data.folder_layout import is_seen

_DEEPEST = 14
"""Folders below folders that are looked into: more than any layout of class folders has."""


def tree_digest(folder: Path) -> bytes:
    """Of every file below `folder` that a listing would see, without opening one.

    A folder that is a link is followed once. Names, sizes, and when content and file were changed
    last, in nanoseconds: what is written over with something of the same size has another time.
    """
    digest = hashlib.blake2b(digest_size=16)
    _add(digest, os.fspath(folder), "", set(), _DEEPEST)
    return digest.digest()


def file_facts(path: Path) -> bytes:
    """The same of one file; empty where it is not there."""
    try:
        return _facts(path.stat()).encode()
    except (OSError, ValueError):
        return b""


def _add(
    digest: "hashlib.blake2b", folder: str, name: str, seen: set[tuple[int, int]], deepest: int
) -> None:
    digest.update(b"\0" + os.fsencode(name) + b"/")
    try:
        here = os.stat(folder)  # noqa: PTH116 - of 200,000 files, Path would take seconds
        place = (here.st_dev, here.st_ino)
        if place in seen or not deepest:
            return
        seen.add(place)
        with os.scandir(folder) as found:
            entries = sorted((entry for entry in found if is_seen(entry.name)), key=_name)
    except OSError as error:
        digest.update(str(error.errno).encode())
        return
    folders = [entry for entry in entries if entry.is_dir()]
    told = [entry.name + _facts_of(entry) for entry in entries if not entry.is_dir()]
    digest.update(os.fsencode("\0".join(told)))
    for entry in folders:
        _add(digest, entry.path, entry.name, seen, deepest - 1)


def _name(entry: "os.DirEntry[str]") -> str:
    return entry.name


def _facts_of(entry: "os.DirEntry[str]") -> str:
    try:
        return _facts(entry.stat())
    except OSError as error:  # a link that leads nowhere
        return f"/{error.errno}"


def _facts(of: os.stat_result) -> str:
    return f"/{of.st_mode} {of.st_size} {of.st_mtime_ns} {of.st_ctime_ns}"
