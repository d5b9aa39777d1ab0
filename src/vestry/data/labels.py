"""Labels as people store them - text, numbers from 1, columns, one-hot rows - as numbers from 0."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.limits import MOST_CLASSES
from vestry.errors import DataError


@dataclass(frozen=True, eq=False)
class Labels:
    """parts: (n,) int64 each, from 0, by the name that they came under. classes: their names in
    label order. notes: what was done to them."""

    parts: dict[str, NDArray[np.int64]]
    classes: tuple[str, ...]
    notes: tuple[str, ...]


def read_labels(
    where: str, given: Mapping[str, NDArray[Any]], names: list[str] | None = None
) -> Labels:
    """Labels of all parts of a source together, so that each class has one number.

    given: by part, (n,), (n, 1) or one-hot (n, classes) of text or of whole numbers. names: of the
    classes in label order, where the source has them. Text is sorted; numbers without names must
    start from 0 or 1, or be few: they are then their own names.

    Raises DataError for anything else.
    """
    notes: list[str] = []
    flat = {part: _flat(f"{where}: {part}", values, notes) for part, values in given.items()}
    texts = [part for part, values in flat.items() if values.dtype.kind in "US"]
    if texts and len(texts) < len(flat):
        raise DataError(f"{where}: {texts[0]} are text, the other labels numbers; give both alike")
    if texts:
        return _named(where, flat, names, notes)
    numbers = {part: values.astype(np.int64) for part, values in flat.items()}
    return _numbered(where, numbers, names, notes)


def _flat(where: str, labels: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    """(n,), of text or of integers."""
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    if labels.ndim == 2:
        labels = _of_one_hot(where, labels, notes)
    if labels.ndim != 1:
        raise DataError(f"{where} have shape {labels.shape}; one label a row is needed")
    if labels.dtype.kind == "O":
        labels = labels.astype(str)
    if labels.dtype.kind == "f" and np.array_equal(labels, np.rint(labels)):
        labels = labels.astype(np.int64)
    if labels.dtype.kind == "b":
        labels = labels.astype(np.int64)
    if labels.dtype.kind not in "iuUS":
        raise DataError(f"{where} hold {labels.dtype}; one whole number or name a row is needed")
    if labels.dtype.kind in "iu" and len(labels) and int(labels.max()) > np.iinfo(np.int64).max:
        raise DataError(f"{where} go up to {labels.max()}; number the classes from 0")
    if labels.dtype.kind == "S":
        labels = np.char.decode(labels, "utf-8")
    return labels


def _of_one_hot(where: str, rows: NDArray[Any], notes: list[str]) -> NDArray[Any]:
    if rows.dtype.kind in "iufb" and rows.size and _is_one_hot(rows):
        notes.append(f"{where.rpartition(': ')[2]} were one-hot rows")
        return np.asarray(rows.argmax(axis=1))
    raise DataError(
        f"{where} have shape {rows.shape} and are not one-hot: an image with several labels, or "
        "with none, has no class to learn. Give one label a row"
    )


def _is_one_hot(rows: NDArray[Any]) -> bool:
    return bool(np.isin(rows, (0, 1)).all() and (rows.sum(axis=1) == 1).all())


def _named(
    where: str, flat: Mapping[str, NDArray[Any]], names: list[str] | None, notes: list[str]
) -> Labels:
    """Text as labels: the classes are the names given, or all that occur, sorted."""
    found = sorted({str(name).strip() for values in flat.values() for name in np.unique(values)})
    if "" in found:
        raise DataError(f"{where}: a label is empty; give every row a class")
    _refuse_many(where, found)
    classes = names or found
    if strangers := [name for name in found if name not in classes]:
        raise DataError(f"{where}: a label is {strangers[0]!r}, which is none of the class names")
    number = {name: label for label, name in enumerate(classes)}
    parts = {
        part: np.array([number[str(name).strip()] for name in values], dtype=np.int64)
        for part, values in flat.items()
    }
    return Labels(parts, tuple(classes), tuple(notes))


def _numbered(
    where: str, parts: dict[str, NDArray[np.int64]], names: list[str] | None, notes: list[str]
) -> Labels:
    values = np.unique(np.concatenate([*parts.values(), np.zeros(0, np.int64)]))
    if names is not None:
        if len(values) and values[0] == 1 and values[-1] == len(names):
            notes.append(f"labels went from 1 to {len(names)} and were numbered from 0")
            parts = {part: labels - 1 for part, labels in parts.items()}
        return Labels(parts, tuple(names), tuple(notes))
    if not len(values) or values[0] == 0:
        _refuse_many(where, range(int(values[-1]) + 1 if len(values) else 0))
        count = int(values[-1]) + 1 if len(values) else 0
        return Labels(parts, tuple(map(str, range(count))), tuple(notes))
    _refuse_many(where, values.tolist())
    if values[0] < 0:
        raise DataError(f"{where}: a label is {values[0]}; number the classes from 0")
    notes.append(
        f"labels go from {values[0]} to {values[-1]}, not from 0: each number is its class's name"
    )
    renumbered = {part: np.searchsorted(values, labels) for part, labels in parts.items()}
    return Labels(renumbered, tuple(str(value) for value in values), tuple(notes))


def _shown(label: Any) -> str:
    return f"{label:,}" if isinstance(label, int) else repr(label)


def _refuse_many(where: str, classes: "range | list[Any]") -> None:
    if len(classes) > MOST_CLASSES:
        raise DataError(
            f"{where}: a label is {_shown(classes[-1])}, and at most {MOST_CLASSES:,} classes are "
            "counted. Number the classes from 0, or give their names"
        )
