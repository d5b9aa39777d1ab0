"""What lies in a folder of class folders: which files are images, of which class, and the rest."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vestry.data.damage import DamagedFile
from vestry.data.folder_layout import PICTURE_SUFFIXES, entries
from vestry.data.image_file import FORMATS, ImageHeader, Pictured, read_header
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
