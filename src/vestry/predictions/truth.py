"""The true labels of rows whose images are not at hand: from a `.csv` or `.npz`."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestry.data.limits import MOST_CLASSES
from vestry.errors import DataError
from vestry.predictions.given import named_labels, several
from vestry.predictions.given_file import read_csv, read_npz, texts

_Texts = NDArray[np.str_]
_Part = Literal["validation", "test"]
_ARRAYS = {
    "ids": ("ids", "id"),
    "labels": ("labels", "label"),
    "splits": ("splits", "split"),
    "groups": ("groups", "group"),
    "classes": ("classes",),
}
_FORMS = (
    "a .csv with the columns id, label and split, or an .npz with the arrays ids, labels and "
    "splits; split is validation or test"
)
_SPELLINGS: dict[str, _Part] = {
    "validation": "validation",
    "valid": "validation",
    "val": "validation",
    "test": "test",
}
_LEFT_OUT = ("train", "training")


@dataclass(frozen=True, eq=False)
class Truth:
    """ids, labels, splits: (n,) text, a row each, every id once; labels are class names, splits
    `validation` or `test`. classes: in order, where the file has one. groups: (n,), rows of one are
    of the same thing; None where not given. notes: what was left out.
    """

    path: Path
    ids: _Texts
    labels: _Texts
    splits: _Texts
    classes: tuple[str, ...] | None
    groups: _Texts | None
    notes: tuple[str, ...] = ()

    def rows(self, part: _Part) -> NDArray[np.int64]:
        """Where the rows of this split stand, in the file's order."""
        return np.flatnonzero(self.splits == part)


def read_truth(path: Path) -> Truth:
    """Raises DataError where the file is missing, damaged, or lacks rows of a split."""
    if path.suffix.lower() == ".csv":
        table = read_csv(path)
        names = {key: next((n for n in ways if n in table.header), None) for key, ways in _COLUMNS}
        arrays = {key: table.column(name) for key, name in names.items() if name}
        return _truth_of(path, arrays, None)
    if path.suffix.lower() == ".npz":
        found = read_npz(path, _ARRAYS)
        classes = (
            tuple(texts(path, found.pop("classes").ravel()).tolist())
            if "classes" in found
            else None
        )
        return _truth_of(path, _columns(path, found, classes), classes)
    raise DataError(f"{path}: the truth is {_FORMS}")


_COLUMNS = tuple((key, ways) for key, ways in _ARRAYS.items() if key != "classes")


def _columns(
    path: Path, found: Mapping[str, NDArray[Any]], classes: tuple[str, ...] | None
) -> dict[str, _Texts]:
    """The arrays as text; labels that are numbers by the names in `classes`."""
    for key, values in found.items():
        if values.ndim != 1:
            raise DataError(f"{path}: `{key}` have shape {values.shape}; one a row is needed")
    columns = {key: texts(path, values) for key, values in found.items()}
    if "labels" in found:
        columns["labels"] = named_labels(path, found["labels"], classes)
    return columns


def _truth_of(path: Path, columns: dict[str, _Texts], classes: tuple[str, ...] | None) -> Truth:
    for key, ways in _COLUMNS:
        if key not in columns and key != "groups":
            raise DataError(f"{path}: it has no `{ways[-1]}`; the truth is {_FORMS}")
    lengths = {key: len(values) for key, values in columns.items()}
    if len(set(lengths.values())) > 1:
        said = ", ".join(f"{count:,} {key}" for key, count in lengths.items())
        raise DataError(f"{path}: {said}; each row needs one of each")
    splits, kept = _splits(path, columns["splits"])
    columns = {key: values[kept] for key, values in columns.items()}
    truth = Truth(
        path,
        columns["ids"],
        columns["labels"],
        splits[kept],
        classes,
        columns.get("groups"),
        _said(kept),
    )
    _check(truth)
    return truth


def _splits(path: Path, given: _Texts) -> tuple[_Texts, NDArray[np.bool_]]:
    """(n,) validation or test, and which rows are one of the two; training rows are left out."""
    lower = np.char.lower(given)
    known, inverse = np.unique(lower, return_inverse=True)
    for name in known.tolist():
        if name not in _SPELLINGS and name not in _LEFT_OUT:
            row = int(np.flatnonzero(lower == name)[0])
            raise DataError(
                f"{path}: row {row + 1} has the split {str(given[row])!r}; a row is of validation "
                "(models are chosen by it) or of test (they are judged by it)"
            )
    parts = np.array([_SPELLINGS.get(name, "") for name in known.tolist()], dtype="<U10")[inverse]
    return parts, parts != ""


def _said(kept: NDArray[np.bool_]) -> tuple[str, ...]:
    left = int((~kept).sum())
    verb = "was" if left == 1 else "were"
    return (f"{several(left, 'training row')} of the truth {verb} left out",) if left else ()


def _check(truth: Truth) -> None:
    path = truth.path
    for part in ("validation", "test"):
        if not len(truth.rows(part)):
            raise DataError(
                f"{path}: it has no {part} rows; models are chosen by validation rows and judged "
                "by test rows, so mark some as each in the column `split`"
            )
    known, counts = np.unique(truth.ids, return_counts=True)
    if (counts > 1).any():
        twice = str(known[counts > 1][0])
        raise DataError(f"{path}: the id {twice!r} stands there more than once; give each row once")
    if (truth.ids == "").any() or (truth.labels == "").any():
        row = int(np.flatnonzero((truth.ids == "") | (truth.labels == ""))[0])
        raise DataError(f"{path}: row {row + 1} has an empty id or label")
    named = np.unique(truth.labels)
    if len(named) > MOST_CLASSES:
        raise DataError(
            f"{path}: {len(named):,} different labels; at most {MOST_CLASSES:,} classes are judged"
        )
    unknown = [name for name in named.tolist() if truth.classes and name not in truth.classes]
    if unknown:
        raise DataError(f"{path}: the label {unknown[0]!r} is not among its `classes`")
