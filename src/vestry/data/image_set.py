"""Labelled images as everything else sees them: raw bytes, integer labels, names and ids."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vestry.data.damage import Files
from vestry.data.kept_rows import KeptRows
from vestry.data.mapped import parts_of
from vestry.errors import DataError

_LONGEST_CLASS = 200
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
Resize = Literal["stretch", "fit", "crop"]
"""How pictures are brought to one size: `resizing.resized`."""
Preparation = Literal["resized", "fitted", "cropped", "stored", "photograph"]
"""resized, fitted, cropped: of picture files, each set upright, laid on white, and stretched to the
size, fitted whole into it on white, or cropped to its middle (`image_file.pixels_of`).
stored: arrays as they were found; what pictures they were made of, and how, is not known.
photograph: of photographs that were trimmed, negated, made grey, fitted and centred, as
Fashion-MNIST's were (Xiao, Rasul and Vollgraf 2017, section 2)."""

PREPARATIONS: tuple[Preparation, ...] = get_args(Preparation)


_CHANNELS = (1, 3)


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Labelled images of one size.

    images: (n, height, width) grey or (n, height, width, 3) colour, uint8 in 0..255.
    labels: (n,) int64, each an index into `classes`.
    classes: one name a class, in label order.
    ids: (n,) text, stable across runs and subsets: a row keeps its id wherever it goes.
    missing: (n,) int64, how many of each image's pixel values were missing (NaN) and are 0 here;
    None where the source stores whole numbers, in which nothing can be missing.
    groups: (n,) text, whom or what a row is of; rows of one group are never parted. None where each
    row stands for itself.
    kept: where the images lie in the cache; None for those in memory. Rows picked of kept ones are
    copied when their images are first asked for.
    """

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    ids: NDArray[np.str_]
    missing: NDArray[np.int64] | None = None
    groups: NDArray[np.str_] | None = None
    kept: KeptRows | None = None

    def __post_init__(self) -> None:
        _check_shapes(self)
        _check_labels(self)
        if self.kept is not None and self.kept.images is not self.images:
            object.__setattr__(self, "kept", None)  # other images than those in the cache

    def __len__(self) -> int:
        return len(self.labels)

    def __getattr__(self, name: str) -> NDArray[np.uint8]:
        """The images of rows that were picked; everything else is there."""
        kept = self.__dict__.get("kept")
        if name != "images" or kept is None:
            raise AttributeError(name)
        images: NDArray[np.uint8] = kept.images
        object.__setattr__(self, "images", images)
        return images

    @property
    def image_shape(self) -> tuple[int, ...]:
        """(height, width) or (height, width, 3)."""
        return self.images.shape[1:] if self.kept is None else self.kept.image_shape

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over pixels, labels, shape and class names; the same images, the same text."""
        start = repr(((len(self), *self.image_shape), self.classes)).encode()
        start += np.ascontiguousarray(self.labels, dtype="<i8").tobytes()
        if self.kept is None:
            return self._digest(start)
        made = self.kept.remembered("fingerprint", lambda: _as_text(self._digest(start)), start)
        return str(made["text"])

    def _digest(self, start: bytes) -> str:
        digest = hashlib.sha256(start)
        for part in parts_of(self.images):
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()

    def rows(self, index: NDArray[np.int64]) -> "ImageSet":
        """The rows at `index`, in that order, with the ids that they had.

        Rows that follow one another are a view of these arrays: a split copies nothing.
        """
        part = _contiguous(index)
        missing = None if self.missing is None else self.missing[part]
        groups = None if self.groups is None else self.groups[part]
        labels, ids = self.labels[part], self.ids[part]
        if self.kept is None:
            return ImageSet(self.images[part], labels, self.classes, ids, missing, groups)
        kept = self.kept.of_rows(part)
        return self._with(labels=labels, ids=ids, missing=missing, groups=groups, kept=kept)

    def followed_by(self, others: "ImageSet") -> "ImageSet":
        """These rows and then the others, of the same classes and shape; without a copy of the
        images where they follow one another in the cache."""
        labels = np.concatenate([self.labels, others.labels])
        ids, missing = np.concatenate([self.ids, others.ids]), None
        if self.missing is not None or others.missing is not None:
            counts = [
                np.zeros(len(s), np.int64) if s.missing is None else s.missing
                for s in (self, others)
            ]
            missing = np.concatenate(counts)
        groups = None
        if self.groups is not None and others.groups is not None:
            groups = np.concatenate([self.groups, others.groups])
        if self.kept is not None and others.kept is not None:
            kept = self.kept.followed_by(others.kept)
            if kept is not None:
                return self._with(labels=labels, ids=ids, missing=missing, groups=groups, kept=kept)
        images = np.concatenate([self.images, others.images])
        return ImageSet(images, labels, self.classes, ids, missing, groups)

    def relabelled(self, labels: NDArray[np.int64], classes: tuple[str, ...]) -> "ImageSet":
        """The same images with other labels. labels: (n,) int64, each an index into `classes`."""
        if self.kept is None:
            return replace(self, labels=labels, classes=classes)
        return self._with(labels=labels, classes=classes)

    def grouped(self, groups: NDArray[np.str_]) -> "ImageSet":
        """The same rows with a group each. groups: (n,) text."""
        return replace(self, groups=groups) if self.kept is None else self._with(groups=groups)

    def _with(self, **changes: Any) -> "ImageSet":
        """A copy of kept rows whose images nobody has asked for."""
        made = object.__new__(ImageSet)
        for one in fields(self):
            if one.name != "images":
                object.__setattr__(made, one.name, changes.get(one.name, getattr(self, one.name)))
        _check_labels(made)
        return made

    def class_counts(self) -> NDArray[np.int64]:
        """(classes,) how many rows each class has."""
        return np.bincount(self.labels, minlength=len(self.classes))


@dataclass(frozen=True, eq=False)
class Source:
    """What a data source holds, as it was found: nothing split off, nothing left out.

    test: the source's own test rows, or None where it has none.
    licence: who owns the images and on what terms, where that is known.
    notes: what a reader of the results must know of how they were read.
    preparation: how its images were made of pictures.
    pictures: by a row's id, the picture file that it is; empty where rows are no files.
    validation: the source's own validation rows, or None where it has none.
    files: the image files that it was read from and those left out; None where it is no folder.

    Raises DataError where the parts have images of unlike shape or other classes.
    """

    name: str
    train: ImageSet
    test: ImageSet | None
    licence: str | None
    notes: tuple[str, ...]
    preparation: Preparation = "stored"
    pictures: Mapping[str, Path] = field(default_factory=dict)
    validation: ImageSet | None = None
    files: Files | None = None

    def __post_init__(self) -> None:
        for name, rows in self.parts.items():
            if rows is not self.train:
                _check_alike(self.name, name, rows, self.train)

    @property
    def parts(self) -> dict[str, ImageSet]:
        """The rows that the source has, by the name of their part, training rows first."""
        parts = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: rows for name, rows in parts.items() if rows is not None}


def array_ids(split: str, count: int) -> NDArray[np.str_]:
    """Ids of rows that have no names of their own: "train/00000", "train/00001", ..."""
    width = max(5, len(str(count - 1)))
    return np.array([f"{split}/{row:0{width}d}" for row in range(count)], dtype=np.str_)


def _check_alike(source: str, name: str, rows: ImageSet, train: ImageSet) -> None:
    """Raises DataError where a model of `train` could not be asked about `rows`."""
    if rows.classes != train.classes:
        raise DataError(
            f"{source}: {name} rows have the classes {', '.join(rows.classes)}, training rows "
            f"{', '.join(train.classes)}; give both the same"
        )
    if rows.image_shape == train.image_shape:
        return
    way = "resize them to one size"
    if rows.image_shape[2:] != train.image_shape[2:]:
        way = "store both in grey or both in colour (numpy.stack([grey] * 3, axis=-1) is colour)"
    raise DataError(
        f"{source}: training images are {_shape_words(train.image_shape)}, {name} images "
        f"{_shape_words(rows.image_shape)} (height x width); a model takes one shape, so {way}"
    )


def _shape_words(shape: tuple[int, ...]) -> str:
    height, width, *channels = shape
    return f"{height} x {width} in {'colour' if channels else 'grey'}"


def _as_text(text: str) -> dict[str, NDArray[np.str_]]:
    return {"text": np.array(text)}


def _contiguous(index: NDArray[np.int64]) -> NDArray[np.int64] | slice:
    """`index` as a slice where its rows follow one another."""
    if len(index) and index[0] >= 0 and bool((np.diff(index) == 1).all()):
        return slice(int(index[0]), int(index[-1]) + 1)
    return index


def _check_shapes(image_set: ImageSet) -> None:
    images, labels, ids = image_set.images, image_set.labels, image_set.ids
    if images.dtype != np.uint8:
        raise DataError(f"images are {images.dtype}; raw bytes (uint8, 0 to 255) are needed")
    grey, colour = images.ndim == 3, images.ndim == 4 and images.shape[3] == 3
    if not (grey or colour):
        raise DataError(
            f"images have shape {images.shape}; (n, height, width) or (n, height, width, 3) "
            f"is needed{_shape_advice(images.shape)}"
        )
    if not all(images.shape[1:]):
        raise DataError(f"images have shape {images.shape}; no side may be 0")
    if not len(images) == len(labels) == len(ids):
        raise DataError(
            f"{len(images):,} images, {len(labels):,} labels and {len(ids):,} ids; each image "
            "needs one of each, so check that they belong together"
        )
    if image_set.groups is not None and len(image_set.groups) != len(images):
        raise DataError(
            f"{len(images):,} images and {len(image_set.groups):,} groups; each needs one"
        )
    if image_set.missing is not None and len(image_set.missing) != len(images):
        raise DataError(
            f"{len(images)} images and {len(image_set.missing)} counts of missing values"
        )


def _shape_advice(shape: tuple[int, ...]) -> str:
    """How to go on where it is plain what the axes are."""
    if len(shape) == 4 and shape[1] in _CHANNELS:
        return ". For channels first, store numpy.moveaxis(images, 1, -1)"
    if len(shape) == 4 and shape[3] == 4:
        return ". To leave out transparency, store images[..., :3]"
    if len(shape) == 2:
        return ". For rows of pixels, store images.reshape(-1, height, width)"
    return ""


def check_class_name(name: str) -> None:
    """Raises DataError for what would overwrite a terminal, break a line, fill a page or be no
    text, as half a character is."""
    if len(name) > _LONGEST_CLASS or _CONTROL.search(name):
        raise DataError(
            f"the class {name[:40]!r} has {len(name):,} signs or control signs (line ends, tabs, "
            f"escapes, half a character); at most {_LONGEST_CLASS} printable ones are taken. Give "
            "it another name"
        )


def _check_labels(image_set: ImageSet) -> None:
    labels, classes = image_set.labels, image_set.classes
    if len(classes) < 2:
        raise DataError(f"{len(classes)} class ({', '.join(classes)}); at least 2 are needed")
    for name in classes:
        check_class_name(name)
    if len(set(classes)) < len(classes):
        twice = next(name for name in classes if classes.count(name) > 1)
        raise DataError(f"two classes have the name {twice!r}; each needs its own")
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(classes)):
        wrong = int(np.flatnonzero((labels < 0) | (labels >= len(classes)))[0])
        raise DataError(
            f"label {labels[wrong]} of {image_set.ids[wrong]} is out of range: "
            f"there are {len(classes)} classes, so labels go from 0 to {len(classes) - 1}. Number "
            "the classes from 0, and name all of them where names are given"
        )
