"""The probability table: the waist of the house.

Every member and every committee, of whatever kind, becomes one of these; everything after it works
on tables alone. A table holds no labels, so the same code serves fresh images.
"""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError, TableError, bounded
from vestry.predictions.given_file import read_npz
from vestry.storage.run_folder import atomic_path

Labels = NDArray[np.int64]
"""(rows,) places in the class names."""
Split = Literal["training", "validation", "test", "fresh"]

_ROW_SUM_TOLERANCE = 1e-4


@dataclass(frozen=True)
class ProbabilityTable:
    """Class probabilities of one model for the rows of one split.

    ids: (n,) text, the rows' ids. probabilities: (n, classes) float32, rows summing to 1.
    classes: class names in label order. maker: the member's or committee's name. only_labels: the
    model gave a class and no probabilities; each row is 1 for it, which says nothing of how sure
    the model was.
    """

    ids: NDArray[np.str_]
    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    maker: str
    split: Split
    only_labels: bool = False

    def __post_init__(self) -> None:
        _check_shape(self)
        _check_values(self)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def labels(self) -> NDArray[np.int64]:
        """(n,) the most probable class; the first of equals."""
        return np.asarray(self.probabilities.argmax(axis=1), dtype=np.int64)

    def rows(self, index: NDArray[np.int64]) -> "ProbabilityTable":
        """The table of the rows at `index`, in that order."""
        return replace(self, ids=self.ids[index], probabilities=self.probabilities[index])

    def save(self, path: Path) -> None:
        """Write an `.npz` that numpy alone can read, whole or not at all."""
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez(
                file,
                ids=self.ids,
                classes=np.array(self.classes),
                probabilities=self.probabilities,
                maker=np.array(self.maker),
                split=np.array(self.split),
                only_labels=np.array(self.only_labels),
            )


def load_table(path: Path) -> ProbabilityTable:
    """Read a table.

    Raises TableError where the file is missing, damaged or not a table; never unpickles.
    """
    try:
        found = read_npz(path, {name: (name,) for name in _ARRAYS})
        return ProbabilityTable(
            ids=_texts(found["ids"]),
            classes=tuple(_texts(found["classes"]).tolist()),
            probabilities=found["probabilities"],
            maker=str(found["maker"]),
            split=_split(str(found["split"])),
            only_labels="only_labels" in found and bool(found["only_labels"]),
        )
    except (DataError, KeyError, ValueError) as error:
        raise TableError(f"{path} is not a whole probability table: {error}") from error


_ARRAYS = ("ids", "classes", "probabilities", "maker", "split", "only_labels")
_SPLITS: tuple[Split, ...] = get_args(Split)


def _texts(values: NDArray[Any]) -> NDArray[np.str_]:
    if values.dtype.kind != "U" or values.ndim != 1:
        raise ValueError(f"{values.dtype} of shape {values.shape}, where texts in a row belong")
    return values


def _split(name: str) -> Split:
    if name not in _SPLITS:
        raise ValueError(f"{bounded(name, 40)!r} is none of {', '.join(_SPLITS)}")
    return _SPLITS[_SPLITS.index(name)]


def _check_shape(table: ProbabilityTable) -> None:
    expected = (len(table.ids), len(table.classes))
    if table.probabilities.shape != expected:
        raise TableError(
            f"table of {table.maker}: probabilities have shape {table.probabilities.shape}, "
            f"but {expected[0]} ids and {expected[1]} classes ask for {expected}"
        )
    if table.probabilities.dtype != np.float32:
        raise TableError(f"table of {table.maker}: {table.probabilities.dtype}, not float32")


def _check_values(table: ProbabilityTable) -> None:
    values = table.probabilities
    whole = np.isfinite(values).all() and (values >= 0).all()
    sums = values.sum(axis=1, dtype=np.float64)
    if not (whole and (np.abs(sums - 1) <= _ROW_SUM_TOLERANCE).all()):
        raise TableError(
            f"table of {table.maker}: every row must hold probabilities that sum to 1; "
            "the model gave something else (NaN, negative or unnormalised values)"
        )


def check_same_rows(tables: list[ProbabilityTable]) -> None:
    """Raise TableError unless all tables speak of the same rows, classes and split."""
    first = tables[0]
    for table in tables[1:]:
        if table.classes != first.classes:
            raise TableError(f"{table.maker} and {first.maker} have different classes")
        if table.split != first.split or not np.array_equal(table.ids, first.ids):
            raise TableError(
                f"{table.maker} ({table.split}) and {first.maker} ({first.split}) "
                "speak of different rows"
            )


def refuse_test_rows(table: ProbabilityTable, purpose: str) -> None:
    """Raise TableError if `table` is of test rows: whatever is fitted must not see them."""
    if table.split == "test":
        raise TableError(
            f"{purpose} cannot be fitted on the test table of {table.maker}: "
            "fit on its validation table; the test set is for the final comparison only"
        )
