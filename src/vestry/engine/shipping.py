"""Files that go from machine to machine: in pieces, known by their content, checked on arrival."""

import hashlib
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from vestry.errors import DamagedError
from vestry.storage.file_sums import MANIFEST
from vestry.storage.run_folder import atomic_path
from vestry.system.platform_calls import sync

_PIECE_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Content:
    """A file by its name, with slashes, seen from the folder that it is in; "" for a lone file."""

    name: str
    sha256: str
    size: int


def contents_of(path: Path) -> dict[Content, Path]:
    """Of a file, or of all files in a folder, its card last; links are left out."""
    if path.is_file():
        return {_content("", path): path}
    files = [each for each in path.rglob("*") if each.is_file() and not each.is_symlink()]
    files.sort(key=lambda each: (each.name == MANIFEST, each))
    return {_content(each.relative_to(path).as_posix(), each): each for each in files}


def _content(name: str, path: Path) -> Content:
    with path.open("rb") as file:
        return Content(name, hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size)


def pieces_of(path: Path) -> Iterator[bytes]:
    """The file's bytes, a few megabytes at a time."""
    with path.open("rb") as file:
        while piece := file.read(_PIECE_BYTES):
            yield piece


def write_pieces(path: Path, content: Content, pieces: Iterable[bytes]) -> None:
    """Raises DamagedError where they are not what `content` says."""
    with atomic_path(path, synced=False) as temporary, temporary.open("wb") as file:
        for piece in pieces:
            file.write(piece)
        file.flush()
        _check(temporary, content)


def _check(path: Path, content: Content) -> None:
    found = _content(content.name, path)
    if found != content:
        raise DamagedError(
            f"{content.name or path.name} came with {found.size:,} bytes that are not the "
            f"{content.size:,} that were sent"
        )


class Arrival:
    """A finished task's files as they come, kept in `place` until all are whole."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.contents: list[Content] = []
        self.file: IO[bytes] | None = None

    def begin(self, content: Content) -> None:
        """The next file; raises DamagedError for a name that leads out of the folder."""
        parts = PurePosixPath(content.name).parts
        if not parts or any(part == ".." or set(part) & set("/\\:") for part in parts):
            raise DamagedError(f"{content.name!r} is no name of a task's file")
        self.close()
        if not self.contents:
            shutil.rmtree(self.place, ignore_errors=True)  # of a run that was killed
        path = self.place.joinpath(*parts)
        path.parent.mkdir(parents=True, exist_ok=True)
        self.contents.append(content)
        self.file = path.open("xb")

    def add(self, piece: bytes) -> None:
        assert self.file is not None  # noqa: S101 - for the type checker
        self.file.write(piece)

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def settle(self, folder: Path) -> None:
        """Move all into `folder`, the card last. Raises DamagedError where one is not whole."""
        self.close()
        for content in self.contents:
            _check(self.place / content.name, content)
        folder.mkdir(parents=True, exist_ok=True)
        for content in self.contents:
            path = folder / content.name
            path.parent.mkdir(parents=True, exist_ok=True)
            sync(self.place / content.name)
            (self.place / content.name).replace(path)
        sync(folder)
