"""`idx:DIR`: a folder of IDX files under the names that MNIST gave them."""

from pathlib import Path

import numpy as np

from vestry.data.class_names import numbered_classes, read_class_names
from vestry.data.idx import read_idx
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.places import MissingDataError
from vestry.errors import DataError

SPELLINGS = ("{part}-{kind}-{axes}-ubyte", "{part}-{kind}.{axes}-ubyte")
"""MNIST's own spelling, and the one that many copies have."""

CLASSES_FILE = "classes.txt"


def load(folder: Path, name: str) -> Source:
    """Training rows from train-images-idx3-ubyte and train-labels-idx1-ubyte, plain or .gz; test
    rows from t10k-* where they exist; class names from classes.txt, or numbers.

    Raises MissingDataError where the folder or its training images do not exist, DataError where
    anything in it is damaged or does not fit together.
    """
    if not folder.is_dir():
        raise MissingDataError(f"{folder}: no such folder (source {name})")
    notes: list[str] = []
    train, test = find_part(folder, "train", notes), find_part(folder, "t10k", notes)
    if train is None:
        raise MissingDataError(
            f"{folder} holds no train-images-idx3-ubyte or train-images-idx3-ubyte.gz; "
            "name a folder with MNIST's file names"
        )
    arrays = [read_part(*part) for part in (train, test) if part is not None]
    classes_path = folder / CLASSES_FILE
    if classes_path.is_file():
        classes = read_class_names(classes_path)
    else:
        classes = numbered_classes(folder, *(labels for _, labels in arrays))
    try:
        sets = [
            ImageSet(images, labels, classes, array_ids(split, len(labels)))
            for split, (images, labels) in zip(("train", "test"), arrays, strict=False)
        ]
    except DataError as error:
        raise DataError(f"{folder}: {error}") from None
    return Source(name, sets[0], sets[1] if len(sets) > 1 else None, None, tuple(notes))


def find_part(folder: Path, part: str, notes: list[str]) -> tuple[Path, Path] | None:
    """The paths of images and labels, or None where neither is there."""
    images = find_file(folder, part, "images", ("idx3", "idx4"), notes)
    labels = find_file(folder, part, "labels", ("idx1",), notes)
    if images is None and labels is None:
        return None
    if images is None or labels is None:
        lacking, there = ("images", labels) if images is None else ("labels", images)
        raise DataError(f"{there} is there, but the {lacking} that belong to it are not")
    return images, labels


def find_file(
    folder: Path, part: str, kind: str, axes: tuple[str, ...], notes: list[str]
) -> Path | None:
    stems = [
        spelling.format(part=part, kind=kind, axes=one) for one in axes for spelling in SPELLINGS
    ]
    paths = [folder / (stem + suffix) for stem in stems for suffix in ("", ".gz")]
    found = [path for path in paths if path.is_file()]
    if len(found) > 1:
        others = ", ".join(path.name for path in found[1:])
        notes.append(f"{found[0].name} was read; {others} beside it was not")
    return found[0] if found else None


def read_part(images_path: Path, labels_path: Path) -> tuple[np.ndarray, np.ndarray]:
    images = read_idx(images_path, {3, 4})
    labels = read_idx(labels_path, {1}).astype(np.int64)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images):,} images, {labels_path} {len(labels):,} labels; "
            "check that they belong together"
        )
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    return images, labels
