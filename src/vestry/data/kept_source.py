"""A source of picture files that were decoded before: found again in the cache, whole.

What was read long, or is large, is kept under what its files are (names, sizes, times, or content)
and how they are read; then neither a file is opened nor a picture decoded a second time.
"""

import functools
import hashlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Any

import numpy as np
import PIL
from numpy.typing import NDArray

from vestry.data.damage import DamagedFile, Files
from vestry.data.image_cache import Entry, ImageCache, key_of
from vestry.data.image_room import CacheRoom
from vestry.data.image_set import ImageSet, Source
from vestry.data.kept_rows import KeptRows
from vestry.data.reading import Reading
from vestry.errors import DataError

_LONG = 3.0
"""Seconds of reading from which even a small source is kept."""


def kept_source(
    name: str,
    folder: Path,
    reading: Reading,
    content: Callable[[], list[bytes]],
    make: Callable[[Reading], Source],
) -> Source:
    """The source, from the cache where it was read before, else by `make`.

    name: as it is asked for now. folder: where its pictures are. content: what the files are; asked
    again after reading, since what was changed meanwhile must not be kept.
    """
    cache = reading.cache
    if cache is None or not cache.most:
        return make(reading)
    key = _key(reading, content())
    source = _found(name, folder, cache, key)
    if source is not None:
        count = sum(map(len, source.parts.values()))
        reading.say(f"{count:,} images were decoded before, and are taken from {cache.root}")
    else:
        started = time.perf_counter()
        with CacheRoom(cache, key) as room:
            source = make(replace(reading, room=room))
            large = room.file is not None
            if large or time.perf_counter() - started > _LONG:
                source = _kept(source, folder, room, lambda: _key(reading, content()) == key)
    while cache.notes:
        reading.say(cache.notes.pop(0))
    return source


def _key(reading: Reading, content: list[bytes]) -> str:
    return key_of("source", _code(), PIL.__version__, repr((reading.size, reading.way)), *content)


@functools.cache
def _code() -> str:
    """Of the code that reads data: other code may read it otherwise."""
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parent.rglob("*.py")):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _kept(
    source: Source, folder: Path, room: CacheRoom, is_unchanged: Callable[[], bool]
) -> Source:
    """The source as it is found from now on; itself where it cannot be kept."""
    cache, key, parts = room.cache, room.key, source.parts
    if not is_unchanged():
        cache.notes.append("Files were changed while they were read: they are read again then.")
        return source
    size = sum(rows.images.nbytes for rows in parts.values())
    try:
        if room.file is None and not cache.has_room(size):
            return source
        shape = (sum(map(len, parts.values())), *source.train.image_shape)
        path = room.kept() or _written(cache, key, source)
        cache.keep(key, _facts(source), _arrays(source, folder), (path, shape))
    except OSError as error:
        cache.notes.append(f"Decoded images are not kept for later: {error}.")
        return source
    return _found(source.name, folder, cache, key) or source


def _written(cache: ImageCache, key: str, source: Source) -> Path:
    path = cache.new_file(key)
    with path.open("xb") as file:
        for rows in source.parts.values():
            file.write(np.ascontiguousarray(rows.images).data)
        file.flush()
        os.fsync(file.fileno())
    return path


def _facts(source: Source) -> dict[str, Any]:
    return {
        "parts": {part: len(rows) for part, rows in source.parts.items()},
        "classes": list(source.train.classes),
        "notes": list(source.notes),
        "preparation": source.preparation,
        "files": source.files and source.files.as_dict(),
    }


def _arrays(source: Source, folder: Path) -> dict[str, NDArray[Any]]:
    parts = list(source.parts.values())
    arrays: dict[str, NDArray[Any]] = {
        "labels": np.concatenate([rows.labels for rows in parts]),
        "ids": np.concatenate([rows.ids for rows in parts]),
    }
    if all(rows.groups is not None for rows in parts):
        arrays["groups"] = np.concatenate(
            [rows.groups for rows in parts if rows.groups is not None]
        )
    if source.pictures:
        paths = [
            os.fsencode(_inside(folder, source.pictures[one])) for one in arrays["ids"].tolist()
        ]
        arrays["paths"] = np.array(paths, dtype=np.bytes_)
    return arrays


def _inside(folder: Path, path: Path) -> Path:
    return path.relative_to(folder) if path.is_relative_to(folder) else path.absolute()


def _found(name: str, folder: Path, cache: ImageCache, key: str) -> Source | None:
    entry = cache.find(key)
    if entry is None:
        return None
    try:
        return _source(name, folder, cache, entry)
    except (KeyError, TypeError, ValueError, DataError) as error:
        cache.notes.append(f"Kept images of {name} are damaged ({error}): made anew.")
        return None


def _source(name: str, folder: Path, cache: ImageCache, entry: Entry) -> Source:
    facts, arrays = entry.facts, entry.arrays
    bounds = pairwise(accumulate(facts["parts"].values(), initial=0))
    parts = {
        part: _rows(cache, entry, slice(*ends))
        for part, ends in zip(facts["parts"], bounds, strict=True)
    }
    files = facts["files"]
    return Source(
        name,
        parts["train"],
        parts.get("test"),
        None,
        tuple(facts["notes"]),
        preparation=facts["preparation"],
        pictures=_PictureFiles(folder, arrays["ids"], arrays["paths"]) if "paths" in arrays else {},
        validation=parts.get("validation"),
        files=files
        and Files(files["count"], tuple(DamagedFile(**file) for file in files["damaged"])),
    )


def _rows(cache: ImageCache, entry: Entry, rows: slice) -> ImageSet:
    """Mapped where they are large; else in memory, as if they had been read."""
    kept = KeptRows.of(cache, entry, rows)
    large = kept.pixels.nbytes > cache.large
    groups = entry.arrays.get("groups")
    return ImageSet(
        kept.images if large else kept.images.copy(),
        entry.arrays["labels"][rows],
        tuple(entry.facts["classes"]),
        entry.arrays["ids"][rows],
        groups=None if groups is None else groups[rows],
        kept=kept if large else None,
    )


class _PictureFiles(Mapping[str, Path]):
    """Each row's file by its id; paths are made when they are asked for.

    ids: (n,) text. paths: (n,) bytes, inside `folder`.
    """

    def __init__(self, folder: Path, ids: NDArray[np.str_], paths: NDArray[np.bytes_]) -> None:
        self.folder, self.ids, self.paths = folder, ids, paths

    def __getitem__(self, name: str) -> Path:
        return self.folder / os.fsdecode(self.paths[self._places[name]])

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self.ids)

    @functools.cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.ids.tolist())}
