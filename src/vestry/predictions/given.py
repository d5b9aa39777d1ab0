"""What a model of somebody else's said of some rows: read from its file, and checked.

Nothing is asked of who made it but ids and probabilities, or ids and labels, in a `.csv` or `.npz`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError
from vestry.predictions.given_file import CsvTable, read_csv, read_npz, texts

_Ids = NDArray[np.str_]
_ARRAYS = {
    "ids": ("ids", "id"),
    "classes": ("classes",),
    "probabilities": ("probabilities",),
    "labels": ("labels", "label"),
}
ID, LABEL = "id", "label"
FORMS = (
    "a .csv with a column `id` and a column for each class, or with `id` and `label`; or an .npz "
    "with `ids`, `classes` and `probabilities`, or with `ids` and `labels`"
)
GIVEN_KIND = "predictions"
MADE_ELSEWHERE = "Made elsewhere: which rows it learnt from, and was chosen by, is not known."
UNKNOWN = (
    "Whether it learnt from test rows cannot be checked, and its parameters are not known: nothing "
    "is at hand but its predictions."
)
_SUM_TOLERANCE = 0.02
"""Rows that are rounded to two or three digits stay within it; logits and odds do not."""


@dataclass(frozen=True, eq=False)
class GivenPredictions:
    """One file's content: either `probabilities`, (n, classes) float64 in the order of `classes`,
    or `labels`, (n,) class names; the other is None.

    ids: (n,), None where rows have none. classes: None where the file names none.
    """

    path: Path
    ids: _Ids | None
    classes: tuple[str, ...] | None
    probabilities: NDArray[np.float64] | None
    labels: NDArray[np.str_] | None

    def __len__(self) -> int:
        values = self.labels if self.probabilities is None else self.probabilities
        return 0 if values is None else len(values)


def read_given(path: Path) -> GivenPredictions:
    """Raises DataError where the file is not there, damaged, or of another form."""
    if path.suffix.lower() == ".csv":
        given = _of_csv(read_csv(path))
    elif path.suffix.lower() == ".npz":
        given = _of_arrays(path, read_npz(path, _ARRAYS))
    else:
        raise DataError(f"{path}: predictions are {FORMS}")
    if not len(given):
        raise DataError(f"{path}: it holds no rows")
    if given.ids is not None:
        _check_ids(path, given.ids)
    return given if given.probabilities is None else _checked(given)


def _of_csv(table: CsvTable) -> GivenPredictions:
    ids = table.column(ID) if ID in table.header else None
    named = tuple(name for name in table.header if name != ID)
    if not named:
        raise DataError(f"{table.path}: it has no column but `id`; predictions are {FORMS}")
    if named == (LABEL,):
        return GivenPredictions(table.path, ids, None, None, table.column(LABEL))
    if LABEL in named:
        raise DataError(
            f"{table.path}: it has a column `label` beside {', '.join(named[:3])}; give labels or "
            "a column for each class, not both"
        )
    return GivenPredictions(table.path, ids, named, table.numbers(named), None)


def _of_arrays(path: Path, arrays: Mapping[str, NDArray[Any]]) -> GivenPredictions:
    ids = texts(path, arrays["ids"].ravel()) if "ids" in arrays else None
    classes = (
        tuple(texts(path, arrays["classes"].ravel()).tolist()) if "classes" in arrays else None
    )
    if ("probabilities" in arrays) == ("labels" in arrays):
        which = "both `probabilities` and `labels`" if "labels" in arrays else "neither"
        raise DataError(f"{path}: it holds {which}; predictions are {FORMS}")
    if "labels" in arrays:
        return GivenPredictions(
            path, ids, classes, None, named_labels(path, arrays["labels"], classes)
        )
    values = arrays["probabilities"]
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise DataError(
            f"{path}: `probabilities` are {values.dtype} of shape {values.shape}; (rows, classes) "
            "numbers are needed"
        )
    if classes is not None and len(classes) != values.shape[1]:
        raise DataError(
            f"{path}: {values.shape[1]} columns of probabilities and {len(classes)} classes"
        )
    if ids is not None and len(ids) != len(values):
        raise DataError(f"{path}: {len(ids):,} ids and {len(values):,} rows of probabilities")
    return GivenPredictions(path, ids, classes, values.astype(np.float64), None)


def named_labels(
    path: Path, labels: NDArray[Any], classes: tuple[str, ...] | None
) -> NDArray[np.str_]:
    """Labels by their names; numbers are places in `classes` where the file has them."""
    if labels.ndim != 1:
        raise DataError(
            f"{path}: `labels` have shape {labels.shape}; one a row is needed (of one-hot rows, "
            "store labels.argmax(axis=1))"
        )
    if classes is None or labels.dtype.kind not in "iu":
        return texts(path, labels)
    if len(labels) and not (labels.min() >= 0 and labels.max() < len(classes)):
        raise DataError(
            f"{path}: `labels` go from {labels.min()} to {labels.max()}, but there are "
            f"{len(classes)} classes; number them from 0"
        )
    return np.asarray(np.array(classes, dtype=np.str_)[labels])


def _check_ids(path: Path, ids: _Ids) -> None:
    known, counts = np.unique(ids, return_counts=True)
    twice = known[counts > 1]
    if len(twice):
        raise DataError(
            f"{path}: {several(len(twice), 'id')} stand there more than once, such as "
            f"{str(twice[0])!r}; give each row once"
        )
    if len(known) and known[0] == "":
        raise DataError(f"{path}: a row has an empty id")


def _checked(given: GivenPredictions) -> GivenPredictions:
    """Probabilities are numbers from 0 to 1 that sum to about 1."""
    values = given.probabilities
    if values is None:
        return given
    wrong = np.asarray(~np.isfinite(values).all(axis=1))
    if wrong.any():
        raise DataError(f"{_place(given, wrong)}: a probability is missing, NaN or infinite")
    outside = np.asarray(((values < 0) | (values > 1 + _SUM_TOLERANCE)).any(axis=1))
    if outside.any():
        row = values[int(np.flatnonzero(outside)[0])]
        extreme = row[np.argmax(np.maximum(-row, row - 1))]
        raise DataError(
            f"{_place(given, outside)}: {extreme:.4g} is no probability; of scores or logits store "
            "the softmax, of per cents a hundredth"
        )
    sums = values.sum(axis=1)
    off = np.abs(sums - 1) > _SUM_TOLERANCE
    if off.any():
        raise DataError(
            f"{_place(given, off)}: the probabilities sum to {sums[off][0]:.4g}, not 1 (up to "
            f"{_SUM_TOLERANCE:g} is taken for rounding); store a row's scores over their sum"
        )
    return given


def _place(given: GivenPredictions, wrong: NDArray[np.bool_]) -> str:
    """Where the first of the wrong rows stands, and how many there are."""
    first, count = int(np.flatnonzero(wrong)[0]), int(wrong.sum())
    name = f" ({given.ids[first]})" if given.ids is not None else ""
    more = f" and {several(count - 1, 'other')}" if count > 1 else ""
    return f"{given.path}: row {first + 1}{name}{more}"


def several(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")
