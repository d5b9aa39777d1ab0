"""What was given in files, as tables of the rows that are asked about."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError, did_you_mean
from vestry.predictions.given import GivenPredictions, several
from vestry.predictions.table import ProbabilityTable, Split

_Ids = NDArray[np.str_]
_SUM_SAID = 1e-4


@dataclass(frozen=True)
class MatchedPredictions:
    """tables: by split, rows in the order that was asked for. notes: how they were matched, what
    was mended."""

    tables: dict[Split, ProbabilityTable]
    notes: list[str] = field(default_factory=list)


def matched(
    given: GivenPredictions,
    classes: Sequence[str],
    rows: Mapping[Split, _Ids],
    order: _Ids,
    model: str,
) -> MatchedPredictions:
    """Tables of the rows of every split.

    classes: names in label order. rows: ids by split. order: all of these ids in the order that
    predictions without ids are taken to have.

    Raises DataError where rows are missing or classes unknown.
    """
    values, notes = _by_class(given, tuple(classes))
    places, said = _places(given, order)
    notes = said + notes
    tables = {
        split: ProbabilityTable(
            ids,
            tuple(classes),
            values[[places[name] for name in ids.tolist()]],
            model,
            split,
            only_labels=given.labels is not None,
        )
        for split, ids in rows.items()
    }
    return MatchedPredictions(tables, notes)


def _places(given: GivenPredictions, order: _Ids) -> tuple[dict[str, int], list[str]]:
    """Where each id's row stands, and what is to be said of it."""
    if given.ids is None:
        if len(given) != len(order):
            raise DataError(
                f"{given.path}: it has no ids and {len(given):,} rows, where {len(order):,} are "
                "asked for; add a column `id`, or give exactly the rows asked for, in their order"
            )
        text = f"its file has no ids: its {len(given):,} rows were matched by their order"
        return {name: row for row, name in enumerate(order.tolist())}, [text]
    places = {name: row for row, name in enumerate(given.ids.tolist())}
    missing = [name for name in order.tolist() if name not in places]
    if missing:
        raise DataError(_missing_words(given, missing, order))
    more = len(given) - len(order)
    said = f"its file speaks of {several(more, 'row')} more, which are not looked at"
    return places, [said] if more else []


def _missing_words(given: GivenPredictions, missing: list[str], order: _Ids) -> str:
    own = str(given.ids[0]) if given.ids is not None else ""
    what = (
        f"none of the {len(order):,} rows asked for is in it: its ids are such as {own!r}, those "
        f"asked for such as {missing[0]!r}"
        if len(missing) == len(order)
        else f"no prediction for {len(missing):,} of {len(order):,} rows, such as {missing[0]!r}"
    )
    return f"{given.path}: {what}; give a row for each id of both validation and test"


def _by_class(
    given: GivenPredictions, classes: tuple[str, ...]
) -> tuple[NDArray[np.float32], list[str]]:
    """(n, classes) float32 in the order of `classes`; what was mended."""
    if given.labels is not None:
        labels, notes = _class_names(given.labels, classes)
        return _one_hot(given.path, labels, classes), notes
    values = given.probabilities
    if values is None:
        raise ValueError("predictions are probabilities or labels")
    named = given.classes
    if named is None:
        if values.shape[1] != len(classes):
            raise DataError(
                f"{given.path}: {values.shape[1]} columns of probabilities without names, but "
                f"there are {len(classes)} classes; store their names as `classes`"
            )
        named = classes
    _check_known(given.path, named, classes)
    notes = []
    lacking = [name for name in classes if name not in named]
    if lacking:
        names = ", ".join(lacking[:5])
        notes.append(f"its file has no column for {names}; it never answers so")
    sums = values.sum(axis=1, keepdims=True)
    if float(np.abs(sums - 1).max()) > _SUM_SAID:
        notes.append(
            f"its probabilities sum to {float(sums.min()):.4g} to {float(sums.max()):.4g} a row, "
            "and were divided by that"
        )
    whole = np.zeros((len(values), len(classes)))
    whole[:, [classes.index(name) for name in named]] = values / sums
    return whole.astype(np.float32), notes


def new_names(labels: NDArray[np.str_], classes: tuple[str, ...]) -> list[str]:
    """Names among `labels` that are none of `classes`, and no places in these."""
    known: list[str] = np.unique(labels).tolist()
    return [] if _are_places(known, classes) else [name for name in known if name not in classes]


def _are_places(known: list[str], classes: tuple[str, ...]) -> bool:
    """Labels that are numbers, where no class is called by one, are places among the classes."""
    return not any(name.isdecimal() for name in classes) and all(
        name.isdecimal() and len(name) < 6 and int(name) < len(classes) for name in known
    )


def _class_names(
    labels: NDArray[np.str_], classes: tuple[str, ...]
) -> tuple[NDArray[np.str_], list[str]]:
    if not _are_places(np.unique(labels).tolist(), classes):
        return labels, []
    said = f"its labels are numbers, taken as places in {classes[0]}, {classes[1]}, and so on"
    return np.array(classes, dtype=np.str_)[labels.astype(np.int64)], [said]


def _one_hot(path: Path, labels: NDArray[np.str_], classes: tuple[str, ...]) -> NDArray[np.float32]:
    known, inverse = np.unique(labels, return_inverse=True)
    _check_known(path, known.tolist(), classes)
    places = np.array([classes.index(name) for name in known.tolist()], dtype=np.int64)
    return np.eye(len(classes), dtype=np.float32)[places[inverse]]


def _check_known(path: Path, named: Sequence[str], classes: tuple[str, ...]) -> None:
    unknown = [name for name in named if name not in classes]
    if unknown:
        hint = did_you_mean(unknown[0], classes) or f"; there is {', '.join(classes[:8])}, ..."
        raise DataError(f"{path}: there is no class {unknown[0]!r}{hint}")
