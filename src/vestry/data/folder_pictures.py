"""What lies in a folder of class folders: which files are images, of which class, and the rest."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.damage import DamagedFile, Files
from vestry.data.folder_layout import PICTURE_SUFFIXES, entries
from vestry.data.image_file import FORMATS, ImageHeader, Pictured, read_header, read_pixels
from vestry.data.limits import check_size
from vestry.data.reading import Reading
from vestry.errors import DataError

_MOST_FOLDERS_DOWN = 8


@dataclass(frozen=True)
class Picture:
    """One picture: its file, or content; its id (the path inside the source) and what it claims."""

    path: Pictured
    id: str
    class_name: str
    header: ImageHeader


@dataclass
class Listing:
    """All that was found: pictures to read, image files that cannot be read, and by path inside
    the source what was passed over (`others`), class folders without any image file (`empty`) and
    folders below a class's that hold images of it (`nested`). classes: of all image files."""

    pictures: list[Picture] = field(default_factory=list)
    damaged: list[DamagedFile] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    nested: Counter[str] = field(default_factory=Counter)
    classes: set[str] = field(default_factory=set)


def list_classes(top: Path, folder: Path) -> Listing:
    """The images of every class folder in `folder`; all names are paths inside `top`."""
    listing = Listing()
    for path in entries(folder):
        if path.is_dir():
            _list_class(top, path, listing)
        else:
            listing.others.append(name_of(top, path))
    return listing


def files_below(path: Path, deepest: int = _MOST_FOLDERS_DOWN) -> Iterator[Path]:
    """`path` itself where it is a file, else all files in it, by name; a folder that is a link
    below it, or too far down, is given as it stands."""
    if not path.is_dir():
        yield path
        return
    for inside in entries(path):
        if inside.is_dir() and not inside.is_symlink() and deepest > 1:
            yield from files_below(inside, deepest - 1)
        else:
            yield inside


def name_of(top: Path, path: Path) -> str:
    """The path inside `top`, with `/`, as text that can be stored whatever bytes it is made of."""
    return os.fsencode(path.relative_to(top).as_posix()).decode("utf-8", "backslashreplace")


def _list_class(top: Path, folder: Path, listing: Listing) -> None:
    class_name = name_of(folder.parent, folder)
    for path in files_below(folder):
        name = name_of(top, path)
        found = _look(path, name)
        if found is None:
            listing.others.append(name)
            continue
        listing.classes.add(class_name)
        if isinstance(found, DamagedFile):
            listing.damaged.append(found)
        else:
            listing.pictures.append(Picture(path, name, class_name, found))
            if path.parent != folder:
                listing.nested[name_of(top, path.parent)] += 1
    if class_name not in listing.classes:
        listing.empty.append(name_of(top, folder))


def _look(path: Path, name: str) -> ImageHeader | DamagedFile | None:
    """What the file claims; None where it is no image, neither by its content nor by its name."""
    claims = path.suffix.lower() in PICTURE_SUFFIXES and not path.is_dir()
    try:
        header = read_header(path, name) if path.is_file() else None
        if header is None and claims:
            return DamagedFile(name, _why_not(path))
    except DataError as error:
        return DamagedFile.of(name, error)
    return header


def _why_not(path: Path) -> str:
    """Why a file with a picture's name is none."""
    if not path.exists():
        return "a link to a file that is not there"
    if not path.is_file():
        return "no plain file"
    if not path.stat().st_size:
        return "0 bytes"
    return f"not a picture ({FORMATS}), though named {path.suffix}"


# From the pictures of a folder to one array: of one size, all grey or all in colour.


_REPORT_EVERY = 50
_USUAL_SIZE = (64, 64)
"""Taken where the pictures have no size that most of them share."""


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
    images = np.empty((len(pictures), *form.shape), dtype=np.uint8)
    kept: list[Picture] = []
    found = list(damaged)
    for number, picture in enumerate(pictures, start=1):
        try:
            pixels = read_pixels(picture.path, picture.id, form.colour, form.size, reading.way)
        except DataError as error:
            found.append(DamagedFile.of(picture.id, error))
        else:
            images[len(kept)] = pixels
            kept.append(picture)
        if number % _REPORT_EVERY == 0 or number == len(pictures):
            reading.tell(name, number, len(pictures))
    files = Files(files.count, tuple(sorted(found, key=lambda file: file.id)))
    files.refuse_many(folder)
    if kept and _form_of(kept, reading.size) != form:  # only a damaged one had colour
        return decode(folder, name, kept, found, reading)
    return Decoded(kept, images[: len(kept)], files)


def _form_of(pictures: list[Picture], image_size: tuple[int, int] | None) -> _Form:
    size = image_size or _common_size(pictures)
    return _Form(size, any(picture.header.colour for picture in pictures))


def _common_size(pictures: list[Picture]) -> tuple[int, int]:
    """(height, width) of all pictures, or of most; a usual one where no size is that of most."""
    usual, count = Counter(map(_size, pictures)).most_common(1)[0]
    return usual if 2 * count > len(pictures) else _USUAL_SIZE


def _size(picture: Picture) -> tuple[int, int]:
    return picture.header.height, picture.header.width
