"""Arrays that were made of images, kept on disk by what they were made of.

An entry is a file of facts, `KEY.json`, which names the entry's other files and is written last:
raw pixels that are mapped into memory, and small arrays. Without it they are leftovers. Facts have
a sum of each file, of a large one of its ends and of samples between them, since nobody waits for
gigabytes; an entry that is not so is made anew.
"""

import contextlib
import hashlib
import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.mapped import mapped
from vestry.errors import DataError
from vestry.storage.array_damage import ARRAY_DAMAGE
from vestry.storage.ownership import read_object
from vestry.storage.run_folder import TEMPORARY, write_json

LIMIT_VARIABLE = "VESTRY_IMAGE_CACHE_GIB"
_LIMIT_GIB, _SHARE = 10.0, 0.5
"""What is kept at most: so much, and this part of what the disk has for it."""
LARGE = 64 * 2**20
"""Bytes from which images are kept in a file, and rows of these are copied into one."""
_FORMAT = 2
_KEY = r"[0-9a-f]{32}"
_OURS = re.compile(rf"{_KEY}(\.json|-[0-9a-f]{{8}}\.(pixels|npz))")
_WHOLE, _END, _SAMPLE = 64 * 2**20, 2**20, 4096
"""Bytes up to which a file is read whole to know it again; beyond, of both of its ends, and of a
sample after each such stretch."""
_UNFINISHED = 24 * 3600
"""Seconds for which a file without facts may be one that another process is writing."""
Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Entry:
    """facts: what was noted with it. pixels: mapped, of the shape that was noted; None without."""

    key: str
    facts: dict[str, Any]
    pixels: NDArray[np.uint8] | None
    arrays: Arrays


@dataclass
class ImageCache:
    """root: the folder of all entries. most: bytes that they may take. notes: what was wrong with
    entries, or why something was not kept. large: bytes from which images are mapped."""

    root: Path
    most: int
    notes: list[str] = field(default_factory=list)
    large: int = field(default_factory=lambda: LARGE)

    @classmethod
    def below(cls, cache: Path) -> "ImageCache":
        """In Vestry's cache folder, as large as the environment allows; 0 keeps nothing.

        Raises DataError where that is no number.
        """
        root = cache / "images"
        given = os.environ.get(LIMIT_VARIABLE)
        if given:
            try:
                return cls(root, max(0, int(float(given) * 2**30)))
            except (ValueError, OverflowError):
                raise DataError(
                    f"{LIMIT_VARIABLE} is {given!r}; give a number of GiB, such as 10, or 0 to "
                    "keep no decoded images"
                ) from None
        return cls(root, min(int(_LIMIT_GIB * 2**30), int(_SHARE * _disk(root))))

    def find(self, key: str) -> Entry | None:
        """The entry of that key, whole; a damaged one is removed, and a note says so."""
        path = self.root / f"{key}.json"
        if not path.is_file() or path.is_symlink():
            return None
        try:
            entry = self._read(key, read_object(path))
        except ARRAY_DAMAGE as error:
            self.notes.append(f"Kept images in {self.root} are damaged ({error}): made anew.")
            self._remove(key)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # what was used last is removed last
        return entry

    def _read(self, key: str, said: dict[str, Any] | None) -> Entry:
        if said is None or said.get("format") != _FORMAT or said.get("sum") != _sum(said):
            raise ValueError("its facts are not whole")
        for name, facts in said["files"].items():
            if not _is_of(name, key) or _described(self.root / name) != facts:
                raise ValueError(f"{name} is not as it was written")
        pixels, arrays = None, {}
        if said["pixels"] is not None:
            pixels = mapped(self.root / said["pixels"], tuple(said["shape"]))
        if said["arrays"] is not None:
            with np.load(self.root / said["arrays"], allow_pickle=False) as stored:
                arrays = dict(stored)
        return Entry(key, said["facts"], pixels, arrays)

    def keep(
        self,
        key: str,
        facts: Mapping[str, Any],
        arrays: Arrays | None = None,
        pixels: tuple[Path, tuple[int, ...]] | None = None,
    ) -> None:
        """Keep these under `key`. pixels: a file that `new_file` named, and the shape of
        what it holds. Raises OSError where they cannot be written."""
        self.root.mkdir(parents=True, exist_ok=True)
        names = [pixels[0].name] if pixels else []
        stored = None
        if arrays:
            stored = f"{key}-{secrets.token_hex(4)}.npz"
            with (self.root / stored).open("xb") as file:
                np.savez(file, allow_pickle=False, **arrays)
                file.flush()
                os.fsync(file.fileno())
            names.append(stored)
        said = {
            "vestry": "images",
            "format": _FORMAT,
            "facts": dict(facts),
            "files": {name: _described(self.root / name) for name in names},
            "pixels": pixels[0].name if pixels else None,
            "shape": list(pixels[1]) if pixels else None,
            "arrays": stored,
        }
        write_json(self.root / f"{key}.json", said | {"sum": _sum(said)})

    def new_file(self, key: str) -> Path:
        """Where pixels of that key may be written, for `keep`. Raises OSError where no folder can
        be made."""
        self.root.mkdir(parents=True, exist_ok=True)
        return self.root / f"{key}-{secrets.token_hex(4)}.pixels"

    def has_room(self, size: int, needed: Collection[str] = ()) -> bool:
        """Whether `size` bytes can be kept; what was used longest ago is removed for them, rows
        that were picked of other entries before these. needed: keys of entries that stay."""
        if size > self.most:
            return False
        sizes = self._sizes()
        excess = sum(sizes.values()) + size - self.most
        for key in sorted(self._keys(sizes) - set(needed), key=self._used):
            if excess <= 0:
                break
            excess -= self._remove(key)
        return excess <= 0 and size < _free(self.root)

    def _sizes(self) -> dict[str, int]:
        """Bytes of each of our files, after leftovers have been removed."""
        found: dict[str, int] = {}
        with contextlib.suppress(OSError):
            for entry in os.scandir(self.root):
                ours = _OURS.fullmatch(entry.name) or TEMPORARY.fullmatch(entry.name)
                if ours and entry.is_file(follow_symlinks=False):
                    found[entry.name] = entry.stat().st_size
        keys = self._keys(found)
        for name in [name for name in found if name[:32] not in keys and self._is_old(name)]:
            self._unlink(name)
            del found[name]
        return found

    def _keys(self, names: Mapping[str, int]) -> set[str]:
        return {name[:32] for name in names if _OURS.fullmatch(name) and name.endswith(".json")}

    def _is_old(self, name: str) -> bool:
        with contextlib.suppress(OSError):
            return time.time() - (self.root / name).stat().st_mtime > _UNFINISHED
        return False

    def _used(self, key: str) -> tuple[bool, float]:
        path = self.root / f"{key}.json"
        said = read_object(path) or {}
        facts = said.get("facts")
        with contextlib.suppress(OSError):
            return not (isinstance(facts, dict) and facts.get("picked")), path.stat().st_mtime
        return False, 0.0

    def _remove(self, key: str) -> int:
        """Remove an entry, its facts first; the bytes that it had."""
        names = [f"{key}.json", *(path.name for path in self.root.glob(f"{key}-*"))]
        return sum(self._unlink(name) for name in names if _is_of(name, key))

    def _unlink(self, name: str) -> int:
        path = self.root / name
        with contextlib.suppress(OSError):  # gone, or mapped by another process on Windows
            size = path.lstat().st_size
            path.unlink()
            return size
        return 0


def key_of(*parts: bytes | str) -> str:
    """32 hexadecimal digits: of these parts, one after the other."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        content = part.encode("utf-8", "surrogateescape") if isinstance(part, str) else part
        digest.update(len(content).to_bytes(8, "little"))
        digest.update(content)
    return digest.hexdigest()


def _is_of(name: str, key: str) -> bool:
    return _OURS.fullmatch(name) is not None and name.startswith(key)


def _described(path: Path) -> dict[str, Any]:
    """Its size, and a sum of its content."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        for start, length in _looked_at(size):
            file.seek(start)
            digest.update(file.read(length))
    return {"bytes": size, "sum": digest.hexdigest()}


def _looked_at(size: int) -> Iterator[tuple[int, int]]:
    """Where a file of so many bytes is read to know it again: start and length of each part."""
    for start in range(0, size, _END):
        whole = size <= _WHOLE or start == 0 or start + _END >= size
        yield start, _END if whole else _SAMPLE
    if size > _WHOLE:
        yield size - _END, _END


def _sum(said: Mapping[str, Any]) -> str:
    rest = {name: value for name, value in said.items() if name != "sum"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _free(root: Path) -> int:
    """Bytes that are free where `root` is, or will be."""
    there = next((path for path in (root, *root.parents) if path.is_dir()), None)
    try:
        return shutil.disk_usage(there).free if there else 0
    except OSError:
        return 0


def _disk(root: Path) -> int:
    """Bytes that are free, or taken by what is kept."""
    taken = 0
    with contextlib.suppress(OSError):
        taken = sum(one.stat().st_size for one in os.scandir(root) if _OURS.fullmatch(one.name))
    return _free(root) + taken
