"""Images in a file that is mapped into memory: read a part at a time, and given back after it."""

import contextlib
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

_PART_BYTES = 16 * 2**20


def mapped(path: Path, shape: tuple[int, ...]) -> NDArray[np.uint8]:
    """The raw bytes in `path` as an array; what is written to it stays in memory."""
    return np.memmap(path, dtype=np.uint8, mode="c", shape=shape).view(np.ndarray)


def parts_of(images: NDArray[np.uint8]) -> Iterator[NDArray[np.uint8]]:
    """The images in their order, (at most as many as 16 MB hold, height, width[, 3]) at a time.

    Of a mapped array, each part's memory is given back when the next is asked for, so that a pass
    over all of it takes no more than a part.
    """
    rows = max(1, _PART_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(images), rows):
        part = images[start : start + rows]
        yield part
        _give_back(part)


def picked_parts(
    images: NDArray[np.uint8], places: NDArray[np.int64]
) -> Iterator[NDArray[np.uint8]]:
    """Copies of the images at `places`, in that order, a part at a time as by `parts_of`."""
    rows = max(1, _PART_BYTES // max(1, images[:1].nbytes))
    for start in range(0, len(places), rows):
        own = places[start : start + rows]
        yield images[own]
        _give_back(images[int(own.min()) : int(own.max()) + 1])


def _give_back(part: NDArray[np.uint8]) -> None:
    """Let the system take the memory of a mapped part; it is read from its file again if needed.

    Nothing that was written to it would be left, so parts that are not plain bytes of a file that
    nobody writes to must not be given.
    """
    file = _file_of(part)
    if file is None or not hasattr(file, "madvise") or not len(part):
        return
    start = part.ctypes.data - np.frombuffer(file, np.uint8).ctypes.data
    first = -(-start // mmap.PAGESIZE) * mmap.PAGESIZE
    length = (start + part.nbytes - first) // mmap.PAGESIZE * mmap.PAGESIZE
    if length > 0:
        with contextlib.suppress(OSError, ValueError):
            file.madvise(mmap.MADV_DONTNEED, first, length)


def _file_of(array: Any) -> mmap.mmap | None:
    """The mapping that an array's bytes lie in; None for memory of its own."""
    while array is not None and not isinstance(array, mmap.mmap):
        array = getattr(array, "base", None)
    return array
