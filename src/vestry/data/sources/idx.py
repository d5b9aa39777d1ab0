"""`idx:DIR`: a folder of IDX files under the names that MNIST, KMNIST and EMNIST gave them."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.classes import read_class_names
from vestry.data.file_tree import file_facts
from vestry.data.idx_file import idx_parts, idx_shape, read_idx
from vestry.data.image_cache import ImageCache
from vestry.data.image_room import Room
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.kept_source import kept_source
from vestry.data.labels import read_labels
from vestry.data.paths import MissingDataError
from vestry.data.reading import Reading
from vestry.data.source_kind import SOURCES, SourceKind
from vestry.errors import DataError

_NAME = re.compile(
    r"(?P<set>.*?)(?P<part>train|t10k|test)-(?P<kind>images|labels)[-.]idx[134]-ubyte(\.gz)?"
)
"""MNIST's own spelling, the one that many copies have, and the name of a set before both."""
_CLASSES_FILE, _MAPPING_FILE = "classes.txt", "mapping.txt"
_MOST_MAPPING = 2**16


@dataclass(frozen=True)
class _Files:
    """By part and kind, "train images", the file that is read. name: of the set, often empty."""

    folder: Path
    name: str
    paths: dict[str, Path]
    notes: list[str]

    @property
    def is_turned(self) -> bool:
        """EMNIST's images lie on their side: rows and columns are exchanged in its files."""
        return self.name.lower().startswith("emnist")


def holds_idx(folder: Path) -> bool:
    """Whether training images lie in `folder` under one of the names."""
    return any(found["part"] == "train" for found in _named(folder).values())


def load(folder: Path, name: str, cache: ImageCache | None = None) -> Source:
    """Training rows from train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz, with
    EMNIST's `emnist-letters-` or the like before that; test rows from t10k-* or test-* where they
    exist; class names from classes.txt or EMNIST's mapping, or numbers.

    cache: where images that are large together are kept, and mapped from; None: in memory.
    Raises MissingDataError where the folder or its training images do not exist, DataError where
    anything in it is damaged or does not fit together.
    """
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder (source {name})")
    return kept_source(
        name,
        folder,
        Reading(cache=cache),
        lambda: _content(folder),
        lambda reading: _read(folder, name, reading.room),
    )


def _content(folder: Path) -> list[bytes]:
    """What is read of a folder, by names, sizes and times."""
    beside = [folder / _CLASSES_FILE, *folder.glob(f"*{_MAPPING_FILE}")]
    files = sorted([*_named(folder), *beside])
    return [b"idx", *(os.fsencode(file.name) + file_facts(file) for file in files)]


def _read(folder: Path, name: str, room: Room) -> Source:
    files = _find(folder)
    parts = [part for part in ("train", "test") if _has(files, part)]
    given = {part: _read_labels(files, part) for part in parts}
    labels = read_labels(str(folder), given, _class_names(files))
    images = _read_images(files, parts, room)
    try:
        sets = {
            part: ImageSet(rows, labels.parts[part], labels.classes, array_ids(part, len(rows)))
            for part, rows in images.items()
        }
    except DataError as error:
        raise DataError(f"{folder}: {error}") from None
    notes = (*files.notes, *labels.notes)
    return Source(name, sets["train"], sets.get("test"), None, notes)


def _named(folder: Path) -> dict[Path, re.Match[str]]:
    paths = sorted(path for path in folder.iterdir() if path.is_file())
    matched = {path: _NAME.fullmatch(path.name) for path in paths}
    return {path: found for path, found in matched.items() if found}


def _find(folder: Path) -> _Files:
    named = _named(folder)
    sets = sorted({found["set"] for found in named.values() if found["part"] == "train"})
    if not sets:
        raise MissingDataError(
            f"{folder} holds no train-images-idx3-ubyte or train-images-idx3-ubyte.gz; "
            "name a folder with MNIST's file names"
        )
    if len(sets) > 1:
        raise DataError(
            f"{folder} holds several sets ({', '.join(repr(one) for one in sets)}); put each into "
            "a folder of its own"
        )
    files = _Files(folder, sets[0], {}, [])
    for path, found in named.items():
        if found["set"] != files.name:
            continue
        key = f"{'train' if found['part'] == 'train' else 'test'} {found['kind']}"
        if key in files.paths:
            files.notes.append(f"{files.paths[key].name} was read; {path.name} beside it was not")
        files.paths.setdefault(key, path)
    return files


def _has(files: _Files, part: str) -> bool:
    images, labels = (files.paths.get(f"{part} {kind}") for kind in ("images", "labels"))
    if images is None and labels is None:
        return False
    if images is None or labels is None:
        lacking, there = ("images", labels) if images is None else ("labels", images)
        raise DataError(f"{there} is there, but the {lacking} that belong to it are not")
    return True


_IMAGE_AXES = frozenset({3, 4})


def _read_labels(files: _Files, part: str) -> NDArray[np.int64]:
    images_path, labels_path = files.paths[f"{part} images"], files.paths[f"{part} labels"]
    count = idx_shape(images_path, _IMAGE_AXES)[0]
    labels = read_idx(labels_path, {1}).astype(np.int64)
    if count != len(labels):
        raise DataError(
            f"{images_path} holds {count:,} images, {labels_path} {len(labels):,} labels; "
            "check that they belong together"
        )
    return labels


def _read_images(files: _Files, parts: list[str], room: Room) -> dict[str, NDArray[np.uint8]]:
    """By part; one after the other into the room where all are of one shape."""
    paths = {part: files.paths[f"{part} images"] for part in parts}
    shapes = {part: idx_shape(path, _IMAGE_AXES) for part, path in paths.items()}
    if files.is_turned or len({shape[1:] for shape in shapes.values()}) > 1:
        return {part: _in_memory(files, path, part) for part, path in paths.items()}
    each = _without_channel(shapes["train"])[1:]
    total = sum(shape[0] for shape in shapes.values())
    filling = room.filling(str(files.folder), total, each)
    for path in paths.values():
        for images in idx_parts(path, _IMAGE_AXES):
            filling.add_all(images.reshape(len(images), *each))
    found, start = filling.taken(), 0
    cut = {}
    for part, shape in shapes.items():
        cut[part] = found[start : start + shape[0]]
        start += shape[0]
    return cut


def _without_channel(shape: tuple[int, ...]) -> tuple[int, ...]:
    return shape[:3] if shape[3:] == (1,) else shape


def _in_memory(files: _Files, path: Path, part: str) -> NDArray[np.uint8]:
    images = read_idx(path, _IMAGE_AXES)
    images = images.reshape(_without_channel(images.shape))
    if files.is_turned:
        images = np.ascontiguousarray(np.swapaxes(images, 1, 2))
        if part == "train":
            files.notes.append("EMNIST stores its images on their side; they were set upright")
    return images


def _class_names(files: _Files) -> list[str] | None:
    classes = files.folder / _CLASSES_FILE
    if classes.is_file():
        return list(read_class_names(classes))
    mapping = files.folder / f"{files.name}{_MAPPING_FILE}"
    return _mapped(mapping) if mapping.is_file() else None


def _mapped(path: Path) -> list[str]:
    """EMNIST's mapping: a line a label, from the label to the characters that it stands for."""
    try:
        text = path.read_bytes()[:_MOST_MAPPING].decode("ascii")
        rows = [[int(number) for number in line.split()] for line in text.splitlines() if line]
        names = {row[0]: "/".join(chr(code) for code in row[1:]) for row in rows}
    except (UnicodeDecodeError, ValueError, OverflowError, IndexError):
        raise DataError(
            f"{path}: not a mapping of labels to characters (`10 65` a line); get a fresh copy, or "
            f"write the class names into {_CLASSES_FILE}, one a line"
        ) from None
    return [names[label] for label in sorted(names)]


SOURCES.register(
    SourceKind(
        "idx",
        "a folder of IDX files under MNIST's or EMNIST's names, plain or .gz",
        lambda request: load(request.path, request.text, request.reading.cache),
        takes="DIR",
    )
)
