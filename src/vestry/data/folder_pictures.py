"""From the pictures of a folder to one array: of one size, all grey or all in colour."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.damage import DamagedFile, Files
from vestry.data.folder_listing import Picture
from vestry.data.image_file import read_pixels
from vestry.data.limits import check_size
from vestry.errors import DataError

REPORT_EVERY = 50
USUAL_SIZE = (64, 64)
"""Proposed where the pictures have no size that most of them share."""


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


def decode(
    folder: Path,
    pictures: list[Picture],
    damaged: list[DamagedFile],
    image_size: tuple[int, int] | None,
    tell: Callable[[int, int], None],
) -> Decoded:
    """Read all pixels; a picture that turns out damaged is left out, as `damaged` was before.

    tell: told how many pictures of how many are read. Raises DataError where too many are damaged,
    where sizes differ and no `image_size` is given, or where memory would not do.
    """
    files = Files(len(pictures) + len(damaged), tuple(damaged))
    files.refuse_many(folder)
    form = _form_of(pictures, image_size)
    check_size(folder, f"{len(pictures):,} images", len(pictures) * int(np.prod(form.shape)))
    images = np.empty((len(pictures), *form.shape), dtype=np.uint8)
    kept: list[Picture] = []
    found = list(damaged)
    for number, picture in enumerate(pictures, start=1):
        try:
            pixels = read_pixels(picture.path, picture.id, form.colour, form.size)
        except DataError as error:
            found.append(DamagedFile.of(picture.id, error))
        else:
            images[len(kept)] = pixels
            kept.append(picture)
        if number % REPORT_EVERY == 0 or number == len(pictures):
            tell(number, len(pictures))
    files = Files(files.count, tuple(sorted(found, key=lambda file: file.id)))
    files.refuse_many(folder)
    if kept and _form_of(kept, image_size) != form:  # only a damaged one had colour
        return decode(folder, kept, found, image_size, tell)
    return Decoded(kept, images[: len(kept)], files)


def _form_of(pictures: list[Picture], image_size: tuple[int, int] | None) -> _Form:
    size = image_size or _common_size(pictures)
    return _Form(size, any(picture.header.colour for picture in pictures))


def _common_size(pictures: list[Picture]) -> tuple[int, int]:
    """(height, width) of all pictures; an error that names the first that differs from most."""
    sizes = Counter(map(_size, pictures))
    usual, count = sizes.most_common(1)[0]
    if len(sizes) == 1:
        return usual
    odd = next(picture for picture in pictures if _size(picture) != usual)
    like = next(picture for picture in pictures if _size(picture) == usual)
    height, width = usual if count > len(pictures) / 2 else USUAL_SIZE
    raise DataError(
        f"{odd.path} has {odd.header.height} x {odd.header.width} pixels (height x width), "
        f"{like.id} has {usual[0]} x {usual[1]}, as have {count:,} of {len(pictures):,}; all "
        f"images must have one size. To resize them, set image_size = [{height}, {width}] in the "
        f"study's [data], or --set data.image_size=[{height},{width}]; with vestry explore, "
        f"--image-size {height}x{width}"
    )


def _size(picture: Picture) -> tuple[int, int]:
    return picture.header.height, picture.header.width
