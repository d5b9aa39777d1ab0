"""From many pictures to one array: of one size, all grey or all in colour, several at a time."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.damage import DamagedFile, Files
from vestry.data.decoding_time import expected
from vestry.data.folder_pictures import Picture
from vestry.data.image_file import read_pixels
from vestry.data.limits import check_size
from vestry.data.reading import Reading
from vestry.errors import DataError
from vestry.system.platform_calls import available_cores, usable_memory

_REPORT_EVERY = 50
_USUAL_SIZE = (64, 64)
"""Taken where the pictures have no size that most of them share."""
_MOST_THREADS = 16
_SMALL = 128 * 128
"""Pixels; in smaller pictures threads only wait for each other."""
_AT_ONCE = 64
"""Pictures for each thread that are begun before the first of them is asked for."""
_PIXEL_BYTES, _MEMORY = 12, 0.25
"""What a picture takes while it is decoded, turned and made grey, for each pixel; and the part of
memory that all that are decoded at once may take."""


@dataclass(frozen=True, eq=False)
class Decoded:
    """pictures: those that could be read. images: (n, height, width[, 3]) uint8, one each.

    files: all image files, and which of them are damaged, by the header or when decoded.
    """

    pictures: list[Picture]
    images: NDArray[np.uint8]
    files: Files


@dataclass(frozen=True)
class _Form:
    """What all pictures are brought to. size: (height, width)."""

    size: tuple[int, int]
    colour: bool

    @property
    def shape(self) -> tuple[int, ...]:
        return (*self.size, 3) if self.colour else self.size


_Read = NDArray[np.uint8] | DamagedFile


def decode(
    folder: Path,
    name: str,
    pictures: list[Picture],
    damaged: list[DamagedFile],
    reading: Reading,
) -> Decoded:
    """Read all pixels; a picture that turns out damaged is left out, as `damaged` was before.

    name: what whoever follows is told that it is. Raises DataError where too many are damaged or
    where memory would not do.
    """
    files = Files(len(pictures) + len(damaged), tuple(damaged))
    files.refuse_many(folder)
    form = _form_of(pictures, reading.size)
    check_size(folder, f"{len(pictures):,} images", len(pictures) * int(np.prod(form.shape)))
    images = reading.room.filling(str(folder), len(pictures), form.shape)
    kept: list[Picture] = []
    found = list(damaged)
    for number, (picture, read) in enumerate(_all_read(pictures, form, reading), start=1):
        if isinstance(read, DamagedFile):
            found.append(read)
        else:
            images.add(read)
            kept.append(picture)
        if number % _REPORT_EVERY == 0 or number == len(pictures):
            reading.tell(name, number, len(pictures))
    files = Files(files.count, tuple(sorted(found, key=lambda file: file.id)))
    files.refuse_many(folder)
    if kept and _form_of(kept, reading.size) != form:  # only a damaged one had colour
        return decode(folder, name, kept, found, reading)
    return Decoded(kept, images.taken(), files)


def _all_read(
    pictures: list[Picture], form: _Form, reading: Reading
) -> Iterator[tuple[Picture, _Read]]:
    """Every picture with its pixels, in order. Pillow lets other threads work while it decodes."""

    def read(picture: Picture) -> _Read:
        try:
            return read_pixels(picture.path, picture.id, form.colour, form.size, reading.way)
        except DataError as error:
            return DamagedFile.of(picture.id, error)

    threads = _threads(pictures)
    with ThreadPoolExecutor(threads, "decoding") as pool:
        each = map if threads == 1 else pool.map
        try:
            said = expected(pictures, lambda some: _drained(each(read, some)))
            if said is not None:
                reading.say(said)
            for start in range(0, len(pictures), threads * _AT_ONCE):
                some = pictures[start : start + threads * _AT_ONCE]
                yield from zip(some, each(read, some), strict=True)
        finally:  # whoever stops early need not wait for the rest
            pool.shutdown(cancel_futures=True)


def _drained(results: Iterable[_Read]) -> None:
    for _ in results:
        pass


def _threads(pictures: Sequence[Picture]) -> int:
    """As many as there are cores, and fewer where pictures are so large that memory would go; one
    for small pictures, of which Python's own work, which no second thread can share, is the most.
    """
    pixels = [picture.header.height * picture.header.width for picture in pictures]
    if sum(pixels) < _SMALL * len(pixels):
        return 1
    largest = max(pixels, default=1)
    memory = usable_memory()
    bound = _MOST_THREADS if memory is None else int(_MEMORY * memory / (_PIXEL_BYTES * largest))
    return max(1, min(available_cores(), _MOST_THREADS, bound))


def _form_of(pictures: list[Picture], image_size: tuple[int, int] | None) -> _Form:
    size = image_size or _common_size(pictures)
    return _Form(size, any(picture.header.colour for picture in pictures))


def _common_size(pictures: list[Picture]) -> tuple[int, int]:
    """(height, width) of all pictures, or of most; a usual one where no size is that of most."""
    usual, count = Counter(map(_size, pictures)).most_common(1)[0]
    return usual if 2 * count > len(pictures) else _USUAL_SIZE


def _size(picture: Picture) -> tuple[int, int]:
    return picture.header.height, picture.header.width
