"""What lies in a folder of pictures: which files are images of which class, and what is not."""

import os
from dataclasses import dataclass, field
from pathlib import Path

from vestry.data.image_file import ImageHeader, read_header
from vestry.errors import DataError


@dataclass(frozen=True)
class Picture:
    """One image file: where it lies, its id (the path inside the source) and what it claims."""

    path: Path
    id: str
    class_name: str
    header: ImageHeader


@dataclass
class Listing:
    """All that was found: pictures to read, and by id what was passed over."""

    pictures: list[Picture] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)


def list_source(folder: Path) -> tuple[Listing, Listing | None]:
    """The training and the test listing; a folder `train` counts as such if it holds folders."""
    inside = entries(folder)
    parts = {path.name: path for path in inside if path.is_dir()}
    if "train" not in parts or not any(path.is_dir() for path in entries(parts["train"])):
        return list_classes(folder, folder), None
    train = list_classes(folder, parts["train"])
    train.others += [path.name for path in inside if path.name not in ("train", "test")]
    return train, list_classes(folder, parts["test"]) if "test" in parts else None


def entries(folder: Path) -> list[Path]:
    """What lies in `folder`, sorted by name; hidden files and folders do not count."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as error:
        raise DataError(f"{folder}: cannot be read ({error.strerror})") from error


def list_classes(top: Path, folder: Path) -> Listing:
    listing = Listing()
    for path in entries(folder):
        if path.is_dir():
            list_class(top, path, listing)
        else:
            listing.others.append(name_of(top, path))
    return listing


def list_class(top: Path, folder: Path, listing: Listing) -> None:
    before = len(listing.pictures)
    for path in entries(folder):
        name = name_of(top, path)
        header = read_header(path, str(path)) if path.is_file() else None
        if header is None:
            listing.others.append(name)
        else:
            listing.pictures.append(Picture(path, name, name_of(folder.parent, folder), header))
    if len(listing.pictures) == before:
        listing.empty.append(name_of(top, folder))


def name_of(top: Path, path: Path) -> str:
    """The path inside `top`, with `/`, as text that can be stored whatever bytes it is made of."""
    return os.fsencode(path.relative_to(top).as_posix()).decode("utf-8", "backslashreplace")
