"""`csv:FILE`: pixels in columns, as Kaggle has them, or a list of picture files with labels."""

import itertools
from collections.abc import Sequence
from math import isqrt
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.csv_lines import csv_lines
from vestry.data.float_images import to_bytes
from vestry.data.image_axes import in_our_axes
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.labels import read_labels
from vestry.data.limits import check_size
from vestry.data.manifest import FILES, LABELS, column_named, source_of_rows
from vestry.data.paths import MissingDataError
from vestry.data.picture_lists import listed
from vestry.data.source_kind import SOURCES, SourceKind, SourceRequest
from vestry.errors import DataError

_LONGEST_NUMBER = 10
_MOST_COLUMNS = 500_000
_CHUNK = 2_000
_FORM = (
    "a CSV of images has a column `label` and one column a pixel, or a column `path` and a column "
    "`label` (and, if wanted, `split` and one that groups rows)"
)


def _load(request: SourceRequest) -> Source:
    """Raises MissingDataError where there is no such file, DataError for anything wrong in it."""
    path = request.path
    if not path.is_file():
        raise MissingDataError(f"{path}: no such file (source {request.text})")
    columns = _header(path)
    if column_named(columns, FILES) is not None:
        return _listed(request)
    return _pixels(request, columns)


def _header(path: Path) -> list[str]:
    """The first line's fields; made names where it holds numbers already."""
    first = next(csv_lines(path), None)
    if first is None:
        raise DataError(f"{path}: empty; {_FORM}")
    if len(first) > _MOST_COLUMNS:
        raise DataError(f"{path}: {len(first):,} columns; at most {_MOST_COLUMNS:,} are read")
    return first


def _has_header(columns: Sequence[str]) -> bool:
    return not all(_is_number(name) for name in columns[1:4])


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


# Pixels in columns.


def _pixels(request: SourceRequest, columns: list[str]) -> Source:
    path, notes = request.path, []
    parts = {"train": _read_pixels(path, columns)}
    beside = _test_file(path)
    if beside is not None:
        test_columns = _header(beside)
        if len(test_columns) == len(columns):
            parts["test"] = _read_pixels(beside, test_columns)
            notes.append(f"test rows were read from {beside.name} beside it")
        else:
            notes.append(f"{beside.name} beside it has other columns (no labels?); not read")
    labels = read_labels(str(path), {f"{part} labels": found[0] for part, found in parts.items()})
    given = {}
    for part, (_, values) in parts.items():
        given[part], said = in_our_axes(values, part)
        notes += said if part == "train" else []
    images, said = to_bytes(str(path), given)
    sets = {
        part: ImageSet(
            np.ascontiguousarray(read.images),
            labels.parts[f"{part} labels"],
            labels.classes,
            array_ids(part, len(read.images)),
            read.missing,
        )
        for part, read in images.items()
    }
    told = (*labels.notes, *notes, *said)
    return Source(request.text, sets["train"], sets.get("test"), None, told)


def _test_file(path: Path) -> Path | None:
    """`test.csv` beside `train.csv`, `x_test.csv` beside `x_train.csv`."""
    name = path.name
    for train, test in (("train", "test"), ("Train", "Test"), ("TRAIN", "TEST")):
        if train in name:
            beside = path.with_name(name.replace(train, test))
            return beside if beside.is_file() else None
    return None


def _read_pixels(path: Path, columns: list[str]) -> tuple[NDArray[Any], NDArray[np.float32]]:
    """(n,) labels as text or numbers, and (n, pixels) values."""
    label = 0
    if has_header := _has_header(columns):
        named = column_named(columns, LABELS)
        if named is None:
            raise DataError(f"{path}: no column is a label ({', '.join(columns[:9])}...); {_FORM}")
        label = columns.index(named)
    width = len(columns) - 1
    _check_width(path, width)
    rows = itertools.islice(csv_lines(path), int(has_header), None)
    labels: list[str] = []
    blocks: list[NDArray[np.float32]] = []
    numbered = enumerate(rows, 1 + has_header)
    while block := list(itertools.islice(numbered, _CHUNK)):
        blocks.append(_values(path, block, label, width))
        labels += [row[label].strip() for _, row in block]
        check_size(path, f"{len(labels):,} rows", len(labels) * width)
    if not labels:
        raise DataError(f"{path}: no rows below the header")
    numeric = all(text.isdecimal() and len(text) < _LONGEST_NUMBER for text in labels)
    found = np.array([int(text) for text in labels]) if numeric else np.array(labels)
    return found, np.concatenate(blocks)


def _check_width(path: Path, width: int) -> None:
    if not any(isqrt(width // c) ** 2 * c == width and width > c for c in (1, 3)):
        raise DataError(
            f"{path}: {width:,} columns beside the label make no square image, in grey or in "
            f"colour; {_FORM}. Images that are not square are stored as .npz"
        )


def _values(
    path: Path, block: list[tuple[int, list[str]]], label: int, width: int
) -> NDArray[np.float32]:
    for number, row in block:
        if len(row) != width + 1:
            raise DataError(f"{path}: line {number} has {len(row):,} fields, not {width + 1:,}")
    try:
        return np.array([row[:label] + row[label + 1 :] for _, row in block], dtype=np.float32)
    except ValueError:
        line, found = next(
            (number, text)
            for number, row in block
            for place, text in enumerate(row)
            if place != label and not _is_number(text)
        )
        way = "; write decimals with a point" if _is_number(found.replace(",", ".")) else ""
        raise DataError(
            f"{path}: line {line} holds a pixel that is no number, {found[:40]!r}{way}"
        ) from None


# A list of picture files.


def _listed(request: SourceRequest) -> Source:
    rows, notes = listed(request.path, request.column)
    return source_of_rows(request.path, request.text, rows, request.reading, notes=notes)


SOURCES.register(
    SourceKind(
        "csv",
        "a CSV file with a label and one column a pixel, or with picture files and their labels",
        _load,
        takes="FILE",
        resizes=True,
    )
)
