"""A table of picture files with their labels: from it, the rows of a source."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.damage import DamagedFile
from vestry.data.decoding import Decoded, decode
from vestry.data.file_tree import file_facts
from vestry.data.folder_layout import PartName, part_of
from vestry.data.folder_pictures import Picture
from vestry.data.image_file import FORMATS, Pictured, read_header
from vestry.data.image_set import ImageSet, Source
from vestry.data.kept_source import kept_source
from vestry.data.labels import read_labels
from vestry.data.picture_notes import changes, files_of
from vestry.data.reading import Reading
from vestry.data.resizing import PREPARATION
from vestry.errors import DataError

_LONGEST_NUMBER = 10
_PARTS: tuple[PartName, ...] = ("train", "validation", "test")
LABELS = ("label", "labels", "class", "class_name", "category", "target", "y")
FILES = ("path", "file", "filename", "file_name", "filepath", "image_path", "image", "img")
SPLITS = ("split", "part", "subset", "set", "fold")


@dataclass(frozen=True)
class ManifestRow:
    """picture: a file, or its content. id: names the row. label: text, or a number as text."""

    picture: Pictured
    id: str
    label: str
    part: PartName = "train"
    group: str | None = None


@dataclass
class _Found:
    """Rows with a picture that can be read, in the order of their parts; and the others."""

    rows: list[ManifestRow] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    damaged: list[DamagedFile] = field(default_factory=list)


def part_named(text: str, where: str) -> PartName:
    """Raises DataError for what is no part's name."""
    if not text.strip():
        raise DataError(f"{where}: the split is empty; write train, validation or test")
    found = part_of(text.strip())
    if found is None:
        raise DataError(f"{where}: the split {text!r} is not known; train, validation and test are")
    return found


def column_named(columns: Sequence[str], names: Sequence[str]) -> str | None:
    """The first of `columns` that has one of `names`, whatever its case; earlier names first."""
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in names if name in by_name), None)


def source_of_rows(
    where: Path,
    name: str,
    rows: Sequence[ManifestRow],
    reading: Reading,
    classes: list[str] | None = None,
    notes: Sequence[str] = (),
) -> Source:
    """Read every picture that `rows` name; a few that cannot be read are left out and listed.

    where: what errors name. name: the source. reading: how. classes: names in label order,
    where labels are numbers that stand for them. Raises DataError for many damaged pictures,
    labels that cannot be used, and no training rows.
    """
    if not rows:
        raise DataError(f"{where} names no picture")

    def content() -> list[bytes]:
        start = repr((os.fspath(where), classes, list(notes))).encode()
        return [b"rows", start, *map(_content, rows)]

    def read(reading: Reading) -> Source:
        return _read(where, name, rows, reading, classes, notes)

    return kept_source(name, where.parent, reading, content, read)


def _content(row: ManifestRow) -> bytes:
    """What a row is made of; a file by its size and times."""
    said = repr((row.id, row.label, row.part, row.group)).encode("utf-8", "surrogatepass")
    if isinstance(row.picture, Path):
        return said + os.fsencode(row.picture) + file_facts(row.picture)
    return said + hashlib.blake2b(row.picture, digest_size=16).digest()


def _read(
    where: Path,
    name: str,
    rows: Sequence[ManifestRow],
    reading: Reading,
    classes: list[str] | None,
    notes: Sequence[str],
) -> Source:
    found = _looked_at(sorted(rows, key=lambda row: _PARTS.index(row.part)))
    decoded = decode(where, name, found.pictures, found.damaged, reading)
    kept = {picture.id for picture in decoded.pictures}
    left = [row for row in found.rows if row.id in kept]
    labels = read_labels(str(where), {"labels": _labels(left)}, classes)
    sets = _sets(where, left, decoded, labels.parts["labels"], labels.classes)
    height, width, *channels = sets["train"].image_shape
    return Source(
        name,
        sets["train"],
        sets.get("test"),
        None,
        (
            *notes,
            *labels.notes,
            *changes(decoded.pictures, (height, width), bool(channels), reading),
        ),
        validation=sets.get("validation"),
        files=decoded.files,
        preparation=PREPARATION[reading.way],
        pictures=files_of(decoded.pictures),
    )


def _labels(rows: Sequence[ManifestRow]) -> NDArray[Any]:
    """As numbers where all of them are, so that 10 comes after 9."""
    texts = [row.label.strip() for row in rows]
    if all(text.isdecimal() and len(text) < _LONGEST_NUMBER for text in texts):
        return np.array([int(text) for text in texts], dtype=np.int64)
    return np.array(texts, dtype=np.str_)


def _looked_at(rows: Sequence[ManifestRow]) -> _Found:
    found = _Found()
    for row in rows:
        if isinstance(row.picture, Path) and not row.picture.is_file():
            found.damaged.append(DamagedFile(row.id, "no such file, or no plain one"))
            continue
        try:
            header = read_header(row.picture, row.id)
        except DataError as error:
            found.damaged.append(DamagedFile.of(row.id, error))
            continue
        if header is None:
            found.damaged.append(DamagedFile(row.id, f"not a picture ({FORMATS})"))
            continue
        found.rows.append(row)
        found.pictures.append(Picture(row.picture, row.id, row.label, header))
    return found


def _sets(
    where: Path,
    rows: Sequence[ManifestRow],
    decoded: Decoded,
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
) -> dict[PartName, ImageSet]:
    """The rows of each part, which follow one another."""
    parts = np.array([row.part for row in rows])
    ids = np.array([row.id for row in rows], dtype=np.str_)
    grouped = all(row.group is not None for row in rows)
    groups = np.array([row.group or "" for row in rows], dtype=np.str_) if grouped else None
    sets: dict[PartName, ImageSet] = {}
    for part in _PARTS:
        own = np.flatnonzero(parts == part)
        if len(own):
            span = slice(int(own[0]), int(own[-1]) + 1)
            sets[part] = ImageSet(
                decoded.images[span],
                labels[span],
                classes,
                ids[span],
                groups=None if groups is None else groups[span],
            )
    if "train" not in sets:
        raise DataError(f"{where} names no training row whose picture can be read")
    return sets
