"""From what a command was given to images, one by one: files, folders, arrays, standard input."""

import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.folder_layout import entries
from vestry.data.folder_pictures import name_of
from vestry.data.image_file import FORMATS, SIGNATURES
from vestry.data.sources.npz import load_images
from vestry.errors import DataError, one_line, printable
from vestry.export.bundle import Bundle
from vestry.serve.prepared import AS_IT_IS, Prepared
from vestry.serve.preprocessing import prepare, prepare_image
from vestry.storage.regular_file import check_regular

_STDIN = "-"
_LARGEST = 256 * 2**20
"""Bytes of one picture's file: 50 megapixels hardly take more."""
_MOST_FILES = 1_000_000
_SUFFIXES = (".png", ".jpg", ".jpeg")
_DEEPEST = 50
"""Folders within folders."""


@dataclass(frozen=True)
class Given:
    """One image that is to be answered. name: what people and tables call it. prepared: makes it
    the image that a model takes; the second argument is `prepare`'s `photograph`."""

    name: str
    prepared: Callable[[Bundle, bool | None], Prepared]


@dataclass
class Inputs:
    """images: all that was found, in order. failures: a line for what could not be read.

    passed_over: files in folders that are no pictures. notes: what was done to arrays.
    """

    images: list[Given] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def inputs_of(texts: Iterable[str]) -> Inputs:
    """What `texts` name: PNG or JPEG files, folders of such, `.npz` files, `-` for standard input.

    A file is not read before its turn comes, an `.npz` file at once.
    """
    found = Inputs()
    for text in texts:
        path = Path(text)
        try:
            if text == _STDIN:
                found.images.append(Given(_STDIN, _piped))
            elif path.is_dir():
                _add_folder(found, path)
            elif path.suffix.lower() == ".npz":
                _add_arrays(found, path)
            else:
                found.images.append(picture(printable(text), path))
        except DataError as error:
            found.failures.append(one_line(error))
    return found


def _piped(bundle: Bundle, photograph: bool | None) -> Prepared:
    return prepare(_stdin(), _STDIN, bundle, photograph=photograph)


def picture(name: str, path: Path) -> Given:
    """The picture in a file, which is read when its turn comes."""

    def prepared(bundle: Bundle, photograph: bool | None) -> Prepared:
        return prepare(_file_content(path, name), name, bundle, photograph=photograph)

    return Given(name, prepared)


def _add_folder(found: Inputs, folder: Path) -> None:
    """Every picture below `folder`, by name; a link counts where it stays inside."""
    top, before = folder.resolve(), len(found.images)
    for path in _files_below(folder, found, _DEEPEST):
        name = printable(str(folder / path.relative_to(folder)))
        if path.is_symlink() and not path.resolve().is_relative_to(top):
            found.failures.append(f"{name}: a link that leads out of {folder}; it is not followed")
        elif _is_picture(path):
            if len(found.images) >= _MOST_FILES:
                raise DataError(f"{folder}: more than {_MOST_FILES:,} images; give its parts")
            found.images.append(picture(name, path))
        else:
            found.passed_over.append(name_of(folder, path))
    if len(found.images) == before:
        found.failures.append(f"{folder}: no picture below it ({FORMATS})")


def _files_below(folder: Path, found: Inputs, depth: int) -> Iterator[Path]:
    try:
        inside = entries(folder)
    except DataError as error:
        found.failures.append(one_line(error))
        return
    for path in inside:
        if path.is_symlink() or not path.is_dir():  # a linked folder might lead round in a circle
            yield path
        elif depth:
            yield from _files_below(path, found, depth - 1)
        else:
            found.failures.append(f"{path}: more than {_DEEPEST} folders within each other")


def _is_picture(path: Path) -> bool:
    """Whether its name or its first bytes are those of a PNG or JPEG: one that is damaged from its
    first byte on is to be reported. Nothing but a file is opened."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        if path.suffix.lower() in _SUFFIXES:
            return True
        with path.open("rb") as stream:
            start = stream.read(8)
    except OSError:
        return True  # a picture, perhaps: reading it says what is wrong
    return any(start.startswith(signature) for signature, _ in SIGNATURES)


def _file_content(path: Path, name: str) -> bytes:
    try:
        check_regular(path)
        with path.open("rb") as stream:
            content = stream.read(_LARGEST + 1)
    except OSError as error:
        raise DataError(f"{name}: {error.strerror or error}") from None
    return _bounded(content, name)


def _stdin() -> bytes:
    if sys.stdin.isatty():
        raise DataError(f"{_STDIN}: nothing is piped in")
    return _bounded(sys.stdin.buffer.read(_LARGEST + 1), _STDIN)


def _bounded(content: bytes, name: str) -> bytes:
    if len(content) > _LARGEST:
        raise DataError(f"{name}: more than {_LARGEST:,} bytes; so large a picture is not read")
    if not content:
        raise DataError(f"{name}: empty; a picture is needed ({FORMATS})")
    return content


def _add_arrays(found: Inputs, path: Path) -> None:
    images, notes = load_images(path)
    if not len(images):
        raise DataError(f"{path}: holds no images")
    found.notes += notes
    name = printable(str(path))
    found.images += [_row(f"{name}[{number}]", pixels) for number, pixels in enumerate(images)]


def _row(name: str, pixels: NDArray[np.uint8]) -> Given:
    """One image of an array; one that has the model's shape is taken as it is."""

    def prepared(bundle: Bundle, photograph: bool | None) -> Prepared:
        if pixels.shape == bundle.image_shape:
            return Prepared(pixels, AS_IT_IS, True)
        return prepare_image(Image.fromarray(pixels), bundle, name=name, photograph=photograph)

    return Given(name, prepared)
