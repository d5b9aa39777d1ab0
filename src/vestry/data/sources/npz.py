"""`npz:FILE`: arrays of images and labels in NumPy's zip format; never a pickled object."""

import contextlib
import lzma
import math
import struct
import tokenize
import zipfile
import zlib
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from vestry.data.classes import numbered_classes
from vestry.data.float_images import ByteImages, to_bytes
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.limits import check_expansion
from vestry.data.paths import MissingDataError
from vestry.data.source_kind import SOURCES, SourceKind
from vestry.errors import DataError

_IMAGES = "images"
_SPELLINGS = (
    ("images", "labels", "test_images", "test_labels"),
    ("x_train", "y_train", "x_test", "y_test"),
)
_CheckType = Callable[[str, np.dtype[Any]], None]
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    tokenize.TokenError,
    ValueError,
    EOFError,
    NotImplementedError,  # a compression that Python does not know
    RuntimeError,  # an encrypted member
)


def load(path: Path, name: str, column: str | None = None) -> Source:
    """Training rows from `images` and `labels`, test rows from `test_images` and `test_labels`
    where they exist (or x_train, y_train, x_test, y_test); names from `classes`, or numbers.

    Images are uint8 or float, (n, h, w), (n, h, w, 1) or (n, h, w, 3); floats become bytes, and
    NaN is a missing value (`float_images`). Sizes are checked in the zip directory and in each
    array's header before memory is taken. column: an array that holds each row's group, with
    `test_` before its name that of test rows.

    Raises MissingDataError where there is no such file, DataError for anything wrong in it.
    """
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file (source {name})")
    with readable(path):
        arrays, unread = _read_arrays(path, column)
        return _source_of(path, name, arrays, unread)


def load_images(path: Path) -> tuple[NDArray[np.uint8], list[str]]:
    """(n, height, width[, 3]) bytes from the array `images` alone, and notes on what was done.

    For images without labels; sizes are checked as by `load`. Raises DataError for anything wrong.
    """
    with readable(path), zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if _IMAGES not in members:
            found = ", ".join(sorted(members)) or "nothing"
            raise DataError(f"{path}: holds {found}; an array `{_IMAGES}` is expected")
        checked = partial(_check_dtype, _IMAGES)
        read, notes = to_bytes(
            str(path), {_IMAGES: read_member(path, archive, members[_IMAGES], checked)}
        )
    images = read[_IMAGES].images
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if images.ndim not in (3, 4) or images.shape[3:] not in ((), (3,)):
        raise DataError(f"{path}: images of shape {images.shape}; (n, height, width[, 3]) is read")
    return np.ascontiguousarray(images), notes


@contextlib.contextmanager
def readable(path: Path) -> Iterator[None]:
    """Whatever a damaged file makes its readers raise becomes DataError."""
    try:
        yield
    except DAMAGE as error:
        raise DataError(
            f"{path}: not a readable .npz file ({error}); write it again with numpy.savez"
        ) from None
    except OSError as error:
        raise DataError(f"{path}: cannot be read ({error.strerror or error})") from error


def _read_arrays(path: Path, column: str | None) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The arrays that are ours to read, under the names of the first spelling; and the names of
    those that were not read."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        spelling = _choose_spelling(path, set(members))
        wanted = dict(zip(spelling, _SPELLINGS[0], strict=True)) | {"classes": "classes"}
        if column is not None and column not in wanted:
            wanted |= {column: "groups", f"test_{column}": "test_groups"}
        arrays = {
            key: read_member(path, archive, members[stored], partial(_check_dtype, key))
            for stored, key in wanted.items()
            if stored in members
        }
    return arrays, sorted(set(members) - set(wanted))


def _choose_spelling(path: Path, stored: set[str]) -> tuple[str, str, str, str]:
    complete = [spelling for spelling in _SPELLINGS if set(spelling[:2]) <= stored]
    if len(complete) == 1:
        return complete[0]
    found = ", ".join(sorted(stored)) or "nothing"
    raise DataError(
        f"{path}: holds {found}; either `images` and `labels`, or `x_train` and `y_train` are "
        f"expected{', not both' if complete else ''}"
    )


def read_member(
    path: Path, archive: zipfile.ZipFile, info: zipfile.ZipInfo, check: _CheckType
) -> NDArray[Any]:
    """One array, once its header is what it should be and agrees with the zip directory.

    check: raises DataError for a type that is not taken, of where it stands and what it is.
    """
    with archive.open(info) as stream:
        shape, dtype = read_header(stream)
        check(f"{path}: {info.filename}", dtype)
        expected = stream.tell() + math.prod(shape) * dtype.itemsize
        if expected != info.file_size:
            raise DataError(
                f"{path}: the header of {info.filename} claims {expected:,} bytes, the zip "
                f"directory {info.file_size:,}; write the file again with numpy.savez"
            )
        check_expansion(path, info.filename, info.file_size, info.compress_size)
    with archive.open(info) as stream:
        array: NDArray[Any] = npy.read_array(stream, allow_pickle=False)
        if stream.read(1):
            raise DataError(f"{path}: bytes follow after the array in {info.filename}")
    return array


def read_header(stream: IO[bytes]) -> tuple[tuple[int, ...], np.dtype[Any]]:
    version = npy.read_magic(stream)
    read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, _, dtype = read(stream)
    return shape, dtype


def _check_dtype(key: str, where: str, dtype: np.dtype[Any]) -> None:
    """Images are uint8 or float, labels any integer, class names text."""
    if "images" in key and dtype != np.uint8 and dtype.kind != "f":
        raise DataError(
            f"{where} holds {dtype}; uint8 (0 to 255) or floats are needed. Where values go from "
            "0 to 255, store images.astype('uint8')"
        )
    if "labels" in key and dtype.kind not in "iu":
        raise DataError(
            f"{where} holds {dtype}; one integer a row, from 0, is needed. For text, store "
            "numpy.unique(labels, return_inverse=True)"
        )
    if "groups" in key and dtype.kind not in "USiu":
        raise DataError(f"{where} holds {dtype}; a group's name or number a row is needed")
    if key == "classes" and dtype.kind not in "USiu":
        raise DataError(
            f"{where} holds {dtype}; class names are text, numpy.array([...], dtype=str)"
        )


def _source_of(path: Path, name: str, arrays: dict[str, NDArray[Any]], unread: list[str]) -> Source:
    labels = _label_rows(path, "labels", arrays["labels"])
    test_labels = _label_rows(path, "test_labels", arrays.get("test_labels"))
    if ("test_images" in arrays) != ("test_labels" in arrays):
        raise DataError(f"{path}: test images and test labels come together or not at all")
    named = _names(arrays.get("classes"))
    classes = tuple(named) if named else numbered_classes(path, labels, test_labels)
    given: dict[str, NDArray[Any]] = {
        key: arrays.pop(key) for key in ("images", "test_images") if key in arrays
    }
    images, notes = to_bytes(str(path), given)
    groups, test_groups = (_names(arrays.get(key)) for key in ("groups", "test_groups"))
    train = _image_set(path, "train", images["images"], labels, classes, groups)
    test = None
    if "test_images" in images:
        test = _image_set(path, "test", images["test_images"], test_labels, classes, test_groups)
    if unread:
        notes.append(f"{path.name} also holds {', '.join(unread)}; not read")
    return Source(name, train, test, None, tuple(notes))


def _label_rows(path: Path, key: str, labels: NDArray[Any] | None) -> NDArray[np.int64]:
    """(n,) int64 from (n,) or (n, 1) of any integer type."""
    if labels is None:
        return np.zeros(0, dtype=np.int64)
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim != 1:
        raise DataError(
            f"{path}: {key} have shape {labels.shape}; one integer a row is needed "
            "(for one-hot rows, store labels.argmax(axis=1))"
        )
    if len(labels) and int(labels.max()) > np.iinfo(np.int64).max:
        raise DataError(f"{path}: {key} go up to {labels.max()}; number the classes from 0")
    return labels.astype(np.int64)


def _names(names: NDArray[Any] | None) -> list[str] | None:
    if names is None:
        return None
    return [
        name.decode("utf-8") if isinstance(name, bytes) else str(name)
        for name in names.ravel().tolist()
    ]


def _image_set(
    path: Path,
    split: str,
    read: ByteImages,
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    groups: list[str] | None,
) -> ImageSet:
    images = read.images
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    try:
        ids = array_ids(split, len(images))
        named = None if groups is None else np.array(groups, dtype=np.str_)
        return ImageSet(np.ascontiguousarray(images), labels, classes, ids, read.missing, named)
    except DataError as error:
        raise DataError(f"{path}: {error}") from None


SOURCES.register(
    SourceKind(
        "npz",
        "a NumPy .npz file with images, labels and, if wanted, test images and classes",
        lambda request: load(request.path, request.text, request.column),
        takes="FILE",
    )
)
