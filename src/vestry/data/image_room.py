"""Where decoded images go, one after the other: into memory, or into a file of the cache."""

import contextlib
import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_cache import LIMIT_VARIABLE, ImageCache
from vestry.data.mapped import mapped
from vestry.errors import DataError
from vestry.system.platform_calls import usable_memory

_BUFFER = 16 * 2**20
_MEMORY = 0.7
"""Of the memory that this process may use: beyond it nothing would be left to work with."""


@dataclass
class _InMemory:
    images: NDArray[np.uint8]
    count: int = 0

    def add(self, pixels: NDArray[np.uint8]) -> None:
        self.images[self.count] = pixels
        self.count += 1

    def add_all(self, images: NDArray[np.uint8]) -> None:
        self.images[self.count : self.count + len(images)] = images
        self.count += len(images)

    def taken(self) -> NDArray[np.uint8]:
        return self.images[: self.count]


class _InFile:
    def __init__(self, path: Path, shape: tuple[int, ...]) -> None:
        self.path, self.shape, self.file = path, shape, path.open("xb")
        self.count, self.buffer, self.size = 0, list[bytes](), 0

    def add(self, pixels: NDArray[np.uint8]) -> None:
        self.add_all(pixels[None])

    def add_all(self, images: NDArray[np.uint8]) -> None:
        self.buffer.append(np.ascontiguousarray(images).tobytes())
        self.size += images.nbytes
        self.count += len(images)
        if self.size > _BUFFER:
            self.flush()

    def flush(self, synced: bool = False) -> None:
        try:
            self.file.write(b"".join(self.buffer))
            self.file.flush()
            if synced:
                os.fsync(self.file.fileno())
        except OSError as error:
            raise DataError(
                f"{self.path}: decoded images cannot be written ({error.strerror or error}). Free "
                f"some space, or set {LIMIT_VARIABLE} lower: then they stay in memory"
            ) from None
        self.buffer, self.size = [], 0

    def taken(self) -> NDArray[np.uint8]:
        """What was added so far, on the disk."""
        self.flush(synced=True)
        return mapped(self.path, (self.count, *self.shape))

    def discard(self) -> None:
        """On Windows a file that is mapped stays; it goes with the leftovers."""
        self.file.close()
        with contextlib.suppress(OSError):
            self.path.unlink()


Filling = _InMemory | _InFile


class Room:
    """Memory alone."""

    def filling(self, what: str, count: int, shape: tuple[int, ...]) -> Filling:
        """For `count` images at most of one shape. what: they, for an error. Raises DataError where
        they would take more memory than there is."""
        refuse_beyond_memory(what, count, shape)
        return _InMemory(np.empty((count, *shape), np.uint8))


class CacheRoom(Room):
    """Large images go into a file of the cache, where that has room for them.

    A context: a file that nobody has said to be `kept` goes when it is left.
    """

    def __init__(self, cache: ImageCache, key: str) -> None:
        self.cache, self.key = cache, key
        self.file: _InFile | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.file is not None:
            self.file.discard()

    def filling(self, what: str, count: int, shape: tuple[int, ...]) -> Filling:
        size = count * prod(shape)
        self.__exit__()  # of images that turned out to be of another form
        self.file = None
        if size > self.cache.large and self.cache.has_room(size):
            try:
                self.file = _InFile(self.cache.new_file(self.key), shape)
            except OSError as error:
                self.cache.notes.append(f"Decoded images are not kept for later: {error}.")
            else:
                return self.file
        beside = f", and {self.cache.root} may take {_size(self.cache.most)} ({LIMIT_VARIABLE})"
        refuse_beyond_memory(what, count, shape, beside if size > self.cache.large else "")
        return _InMemory(np.empty((count, *shape), np.uint8))

    def kept(self) -> Path | None:
        """The file of images, now whoever's asks; None where they are in memory."""
        if self.file is None:
            return None
        self.file.file.close()
        path, self.file = self.file.path, None
        return path


def refuse_beyond_memory(what: str, count: int, shape: tuple[int, ...], beside: str = "") -> None:
    """DataError where images of that shape would take more memory than there is. what: they, for
    the error. beside: what else there would be, in words."""
    size, memory = count * prod(shape), usable_memory()
    if memory is not None and size > _MEMORY * memory:
        raise DataError(
            f"{what}: {count:,} images of {shape[0]} x {shape[1]} take {_size(size)}; this process "
            f"may use {_size(memory)} of memory{beside}. Give a smaller image_size, or fewer images"
        )


def _size(count: float) -> str:
    return f"{count / 2**30:,.1f} GB" if count >= 2**30 else f"{count / 2**20:,.0f} MB"
