"""`npz:FILE`: arrays of images and labels in NumPy's zip format; never a pickled object."""

import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.float_images import ByteImages, to_bytes
from vestry.data.image_axes import in_our_axes
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.labels import read_labels
from vestry.data.npz_file import read_member, readable
from vestry.data.paths import MissingDataError
from vestry.data.source_kind import SOURCES, SourceKind
from vestry.errors import DataError

_IMAGES = "images"
_BEFORE = {"train": "", "validation": "val_", "test": "test_"}
"""By part, what stands before the names of its arrays, as we call them."""
_SPELLINGS = (
    (("images", "labels"), ("val_images", "val_labels"), ("test_images", "test_labels")),
    (("x_train", "y_train"), ("x_val", "y_val"), ("x_test", "y_test")),
    (
        ("train_images", "train_labels"),
        ("val_images", "val_labels"),
        ("test_images", "test_labels"),
    ),
    (("X_train", "y_train"), ("X_val", "y_val"), ("X_test", "y_test")),
    (("X", "y"), ("X_val", "y_val"), ("X_test", "y_test")),
)
"""Images and labels of each part: our own names, Keras's, MedMNIST's and scikit-learn's."""
_LONE = "arr_0"
"""What `numpy.savez` calls an array without a name; KMNIST's files hold one each."""


def load(path: Path, name: str, column: str | None = None) -> Source:
    """Training rows from `images` and `labels`, validation rows from `val_images` and `val_labels`
    and test rows from `test_images` and `test_labels` where they exist (or names of Keras's,
    MedMNIST's, scikit-learn's); class names from `classes`, or numbers, or the labels' text.

    Images are bytes or float, in any order of axes that `image_axes` knows; floats become bytes,
    and NaN is a missing value (`float_images`). Sizes are checked in the zip directory and in each
    array's header before memory is taken. column: an array that holds each row's group, with
    `test_` or `val_` before its name that of the other rows. A file of one array without a name is
    read with those that belong to it, as KMNIST has them.

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
        array, said = in_our_axes(read_member(path, archive, members[_IMAGES], checked), _IMAGES)
        read, notes = to_bytes(str(path), {_IMAGES: array})
    images = read[_IMAGES].images
    if images.ndim not in (3, 4) or images.shape[3:] not in ((), (3,)):
        raise DataError(f"{path}: images of shape {images.shape}; (n, height, width[, 3]) is read")
    return np.ascontiguousarray(images), [*said, *notes]


def _read_arrays(path: Path, column: str | None) -> tuple[dict[str, NDArray[Any]], list[str]]:
    """The arrays that are ours to read, under the names of the first spelling; and those of
    those that were not read."""
    with zipfile.ZipFile(path) as archive:
        members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
        if set(members) == {_LONE}:
            return _read_lone_arrays(path), []
        spelling = _choose_spelling(path, set(members))
        wanted = {"classes": "classes"}
        for before, (images, labels) in zip(_BEFORE.values(), spelling, strict=True):
            wanted |= {images: f"{before}images", labels: f"{before}labels"}
        if column is not None and column not in wanted:
            wanted |= {f"{before}{column}": f"{before}groups" for before in _BEFORE.values()}
        arrays = {
            key: read_member(path, archive, members[stored], partial(_check_dtype, key))
            for stored, key in wanted.items()
            if stored in members
        }
    return arrays, sorted(set(members) - set(wanted))


def _read_lone_arrays(path: Path) -> dict[str, NDArray[Any]]:
    """KMNIST's files, of which `path` is one: `k49-train-imgs.npz`, `k49-train-labels.npz`, ..."""
    arrays = {}
    for part in ("train", "test"):
        for kind, spelling in (("images", "imgs"), ("labels", "labels")):
            name = path.name.replace("-test-", f"-{part}-").replace("-train-", f"-{part}-")
            name = name.replace("-labels", f"-{spelling}").replace("-imgs", f"-{spelling}")
            beside = path.with_name(name)
            if name.count(f"-{part}-{spelling}") and beside.is_file():
                key = f"{_BEFORE[part]}{kind}"
                arrays[key] = _read_lone(beside, key)
    if not {"images", "labels"} <= set(arrays):
        raise DataError(
            f"{path}: holds one array without a name ({_LONE}). Beside NAME-train-imgs.npz a file "
            "NAME-train-labels.npz is expected, as KMNIST has them; or store both in one file: "
            "numpy.savez(FILE, images=..., labels=...)"
        )
    return arrays


def _read_lone(path: Path, key: str) -> NDArray[Any]:
    with readable(path), zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if [info.filename for info in members] != [f"{_LONE}.npy"]:
            raise DataError(f"{path}: one array ({_LONE}) is expected")
        return read_member(path, archive, members[0], partial(_check_dtype, key))


def _choose_spelling(path: Path, stored: set[str]) -> tuple[tuple[str, str], ...]:
    complete = [spelling for spelling in _SPELLINGS if set(spelling[0]) <= stored]
    if len(complete) == 1:
        return complete[0]
    found = ", ".join(sorted(stored)) or "nothing"
    names = "; ".join(
        f"`{spelling[0][0]}` and `{spelling[0][1]}`" for spelling in complete or _SPELLINGS
    )
    raise DataError(
        f"{path}: holds {found}; "
        + (
            f"one of these pairs is expected, not both: {names}"
            if complete
            else f"one of these pairs is expected: {names}"
        )
    )


def _check_dtype(key: str, where: str, dtype: np.dtype[Any]) -> None:
    """Images are numbers, labels numbers or text, class names text."""
    if "images" in key and dtype.kind not in "uif":
        raise DataError(
            f"{where} holds {dtype}; uint8 (0 to 255) or floats are needed. Where values go from "
            "0 to 255, store images.astype('uint8')"
        )
    if "labels" in key and dtype.kind not in "iufbUS":
        raise DataError(
            f"{where} holds {dtype}; one whole number or name a row is needed. Objects are not "
            "read: store labels.astype(str)"
        )
    if "groups" in key and dtype.kind not in "USiu":
        raise DataError(f"{where} holds {dtype}; a group's name or number a row is needed")
    if key == "classes" and dtype.kind not in "USiu":
        raise DataError(
            f"{where} holds {dtype}; class names are text, numpy.array([...], dtype=str)"
        )


def _source_of(path: Path, name: str, arrays: dict[str, NDArray[Any]], unread: list[str]) -> Source:
    parts = {
        part: before
        for part, before in _BEFORE.items()
        if f"{before}images" in arrays or f"{before}labels" in arrays
    }
    for part, before in parts.items():
        if f"{before}images" not in arrays or f"{before}labels" not in arrays:
            raise DataError(f"{path}: {part} images and {part} labels come together or not at all")
    labels = read_labels(
        str(path),
        {f"{before}labels": arrays[f"{before}labels"] for before in parts.values()},
        _names(arrays.get("classes")),
    )
    given, notes = {}, list(labels.notes)
    for before in parts.values():
        given[f"{before}images"], said = in_our_axes(
            arrays.pop(f"{before}images"), f"{before}images"
        )
        notes += said
    images, said = to_bytes(str(path), given)
    sets = {
        part: _image_set(
            path,
            part,
            images[f"{before}images"],
            labels.parts[f"{before}labels"],
            labels.classes,
            _names(arrays.get(f"{before}groups")),
        )
        for part, before in parts.items()
    }
    notes += said
    if unread:
        notes.append(f"{path.name} also holds {', '.join(unread)}; not read")
    return Source(
        name,
        sets["train"],
        sets.get("test"),
        None,
        tuple(notes),
        validation=sets.get("validation"),
    )


def _names(names: NDArray[Any] | None) -> list[str] | None:
    if names is None:
        return None
    return [
        name.decode("utf-8") if isinstance(name, bytes) else str(name)
        for name in names.ravel().tolist()
    ]


def _image_set(
    path: Path,
    part: str,
    read: ByteImages,
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    groups: list[str] | None,
) -> ImageSet:
    try:
        ids = array_ids(part, len(read.images))
        named = None if groups is None else np.array(groups, dtype=np.str_)
        return ImageSet(
            np.ascontiguousarray(read.images), labels, classes, ids, read.missing, named
        )
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
