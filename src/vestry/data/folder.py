"""`folder:DIR`: one folder a class, PNG or JPEG; train/ and test/ above them where wanted."""

from pathlib import Path

import numpy as np

from vestry.data.folder_listing import Listing, Picture, list_source
from vestry.data.image_file import read_pixels
from vestry.data.image_set import ImageSet, Source
from vestry.data.limits import check_size
from vestry.data.places import MissingDataError
from vestry.errors import DataError

NAMES_SHOWN = 5


def load(folder: Path, name: str, image_size: tuple[int, int] | None = None) -> Source:
    """Read every picture below `folder`, in the order of its path.

    image_size: (height, width) that all are resized to; None: all must have one size.
    Grey stays grey; one image with colour makes all of them colour, and a note says so.

    Raises MissingDataError where the folder does not exist, DataError for damaged, too large or
    unlike images, and where there are fewer than two classes.
    """
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder (source {name})")
    train, test = list_source(folder)
    classes = class_names(folder, train, test)
    pictures = train.pictures + (test.pictures if test else [])
    size = image_size or common_size(pictures)
    colour = any(picture.header.colour for picture in pictures)
    needed = len(pictures) * size[0] * size[1] * (3 if colour else 1)
    check_size(folder, f"{len(pictures):,} images", needed)
    notes = describe(pictures, size, colour) + passed_over([train, test] if test else [train])
    return Source(
        name,
        read(train.pictures, classes, size, colour),
        read(test.pictures, classes, size, colour) if test else None,
        None,
        tuple(notes),
        preparation="resized",
        pictures={picture.id: picture.path for picture in pictures},
    )


def class_names(folder: Path, train: Listing, test: Listing | None) -> tuple[str, ...]:
    classes = sorted({picture.class_name for picture in train.pictures})
    if len(classes) < 2:
        found = f"one class ({classes[0]})" if classes else "no class"
        raise DataError(
            f"{folder} holds images of {found}; at least two are needed, one folder a class, with "
            "PNG or JPEG files in it"
        )
    if test and not test.pictures:
        raise DataError(
            f"{folder}: test/ holds no PNG or JPEG in a class folder; fill or remove it"
        )
    tested = {picture.class_name for picture in test.pictures} if test else set()
    unknown = sorted(tested - set(classes))
    if unknown:
        raise DataError(
            f"{folder}: test/ has images of {', '.join(unknown)}, train/ has none; "
            "a class cannot be tested that was never learnt"
        )
    return tuple(classes)


def common_size(pictures: list[Picture]) -> tuple[int, int]:
    """(height, width) of all pictures; an error that names the first that differs."""
    first = pictures[0]
    size = (first.header.height, first.header.width)
    for picture in pictures:
        header = picture.header
        if (header.height, header.width) != size:
            raise DataError(
                f"{picture.path} has {header.height} x {header.width} pixels (height x width), "
                f"{first.id} has {size[0]} x {size[1]}; all images must have one size. Set "
                f"image_size = [{size[0]}, {size[1]}] in the study's [data] to resize them"
            )
    return size


def read(
    pictures: list[Picture], classes: tuple[str, ...], size: tuple[int, int], colour: bool
) -> ImageSet:
    images = np.empty((len(pictures), *size, *((3,) if colour else ())), dtype=np.uint8)
    for row, picture in enumerate(pictures):
        images[row] = read_pixels(picture.path, str(picture.path), colour, size)
    numbers = {name: label for label, name in enumerate(classes)}
    labels = np.array([numbers[picture.class_name] for picture in pictures], dtype=np.int64)
    return ImageSet(images, labels, classes, np.array([p.id for p in pictures], dtype=np.str_))


def describe(pictures: list[Picture], size: tuple[int, int], colour: bool) -> list[str]:
    """Notes on what was done to the pictures to make them alike."""
    headers = [picture.header for picture in pictures]
    changes = {
        "read as colour, though grey": sum(colour and not header.colour for header in headers),
        "set upright by their EXIF orientation": sum(header.turned for header in headers),
        "laid on white, since transparent": sum(header.transparent for header in headers),
        f"resized to {size[0]} x {size[1]} (height x width), whatever their proportions": sum(
            (header.height, header.width) != size for header in headers
        ),
    }
    return [
        f"{change}: {count:,} of {len(headers):,} images"
        for change, count in changes.items()
        if count
    ]


def passed_over(listings: list[Listing]) -> list[str]:
    """Notes on what was found and not read."""
    others = [name for listing in listings for name in listing.others]
    empty = [name for listing in listings for name in listing.empty]
    notes = []
    if others:
        notes.append(f"not read, since not a PNG or JPEG file in a class folder: {shorten(others)}")
    if empty:
        notes.append(f"not a class, since no image lies in it: {shorten(empty)}")
    return notes


def shorten(names: list[str]) -> str:
    shown = ", ".join(names[:NAMES_SHOWN])
    more = f" and {len(names) - NAMES_SHOWN:,} more" if len(names) > NAMES_SHOWN else ""
    return f"{len(names):,} ({shown}{more})"
