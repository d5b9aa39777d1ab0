"""Whether the parts that rows were cut into can be learnt from, chosen by and tested on."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from vestry.data.folds import TestFolds
from vestry.data.image_set import ImageSet, Source
from vestry.data.own_parts import refuse_unlearnt
from vestry.data.settings import DataSettings
from vestry.data.split import Selection
from vestry.errors import DataError, StudyError

Counts = NDArray[np.int64]
_NAMES_SHOWN, _SHARES_SHOWN = 5, 2

_FEWEST_TESTED = 2
_LARGE = 0.1
"""The total variation distance from which shares differ strongly: a tenth of one part's rows would
have to be of other classes for it to be like the other."""

_DRAWS = 999
"""Divisions at random, none of which may come out as uneven: p is 0.001 then. A permutation test,
since the chi-square distribution does not hold for classes of few rows."""


def check_source(source: Source, settings: DataSettings) -> None:
    """Raises DataError where the source has no training rows of a class, or no test rows of any."""
    train, parts = source.train, source.parts
    for name, rows in parts.items():
        if not len(rows) and name != "train":
            raise DataError(
                f"{source.name} has no {name} rows of {', '.join(train.classes)}; name a class in "
                "[data] classes that has some"
            )
    if settings.split is None and not isinstance(settings.test, TestFolds):
        refuse_unlearnt(source)
    counts = np.sum([rows.class_counts() for rows in parts.values()], axis=0)
    absent = np.flatnonzero(counts == 0)
    if len(absent):
        raise DataError(
            f"{source.name} has no training rows of {_listed(train.classes, absent)}; every "
            f"class needs some. {_numbering(train, absent)}Add images, or keep the classes that "
            "have some with `classes = [...]` in [data]"
        )


def _numbering(train: ImageSet, absent: Counts) -> str:
    """What is likely where classes have no names and the first number has no rows."""
    plain = train.classes == tuple(map(str, range(len(train.classes))))
    return (
        "Labels are counted from 0: if yours start at 1, take 1 off. "
        if (plain and absent.tolist() == [0])
        else ""
    )


def check_parts(
    splits: Mapping[str, ImageSet], source: Source, settings: DataSettings
) -> tuple[str, ...]:
    """Warnings on classes that validation or test rows lack, or have in other shares than the
    training rows do.

    Raises DataError where a class cannot be learnt, or where no model can be chosen because
    validation rows are of one class, and StudyError for a single test row.
    """
    classes = splits["training"].classes
    counts = {name: rows.class_counts() for name, rows in splits.items()}
    each = {id(rows): name for name, rows in splits.items()}  # folds share rows between splits
    in_all = np.sum([counts[name] for name in each.values()], axis=0)
    _refuse_useless(counts, classes, source, settings)
    said = []
    for name in ("validation", "test"):
        way = _way_on(name, source, settings)
        absent = np.flatnonzero(counts[name] == 0)
        if len(absent):
            said.append(f"No {name} rows of {_listed(classes, absent, in_all)}. {way}")
        elif other := other_shares(name, classes, counts[name], counts["training"]):
            said.append(f"{other} {way}")
    return (*said, *_of_subset(source.train, settings.training_rows))


def other_shares(
    name: str, classes: tuple[str, ...], counts: Counts, training: Counts
) -> str | None:
    """A sentence where the part's classes have strongly other shares than in training rows.

    counts, training: (classes,) rows of each.
    """
    if not differ(counts, training):
        return None
    shares = _told_shares(classes, counts, training, "of training rows")
    return (
        f"The {name} rows have other shares of classes than the training rows: {shares}; "
        "figures on the two cannot be set side by side."
    )


def _of_subset(train: ImageSet, selection: Selection | None) -> list[str]:
    """A warning where training_rows, from the front or the back, are unlike the other rows."""
    if selection is None or selection.take == "random":
        return []
    size = selection.size(len(train))
    labels = train.labels[:size] if selection.take == "first" else train.labels[-size:]
    counts = np.bincount(labels, minlength=len(train.classes))
    rest = train.class_counts() - counts
    if not differ(counts, rest):
        return []
    shares = _told_shares(train.classes, counts, rest, "of the others")
    return [
        "The rows of training_rows have other shares of classes than the source's other training "
        f"rows: {shares}. {_without_take('training_rows', selection)}"
    ]


def _refuse_useless(
    counts: Mapping[str, Counts], classes: tuple[str, ...], source: Source, settings: DataSettings
) -> None:
    unlearnt = np.flatnonzero(counts["training"] == 0)
    if len(unlearnt):
        raise DataError(
            f"no training rows of {_listed(classes, unlearnt)} are left; every class needs some. "
            f"{_way_to_training(settings)}"
        )
    there = np.flatnonzero(counts["validation"])
    if len(there) < 2:
        raise DataError(
            f"validation rows are of {classes[there[0]]} alone ({counts['validation'].sum():,} of "
            f"them); no model can be chosen by one class. {_way_on('validation', source, settings)}"
        )
    if counts["test"].sum() < _FEWEST_TESTED:
        raise StudyError(
            "there is one test row; a single one says nothing of how good a model is, and no "
            f"interval can be given. {_way_on('test', source, settings)}"
        )


def _way_to_training(settings: DataSettings) -> str:
    for name in ("training_rows", "validation", "test"):
        selection = getattr(settings, name)
        if isinstance(selection, Selection) and selection.take != "random":
            return _without_take(name, selection)
    return "Add images, or leave more rows for training in [data]."


def _way_on(name: str, source: Source, settings: DataSettings) -> str:
    """What to do about a part that lacks classes or has other shares."""
    own = name in source.parts
    part = "test_rows" if own and name == "test" else name
    selection = getattr(settings, part)
    if isinstance(selection, Selection) and selection.take != "random":
        return _without_take(part, selection)
    if own and settings.split is None:
        return (
            f"They are the source's own {name} rows; "
            "`split = { training = ..., validation = ..., test = ... }` in [data] pools all rows "
            "and draws each part by class."
        )
    part = part if settings.split is None else "split"
    return f"Add images of what is rare, or let {part} in [data] take more rows for it."


def _without_take(part: str, selection: Selection) -> str:
    said = f'[data] {part} says take = "{selection.take}"'
    return f"{said}; left out, rows are drawn at random by class."


def differ(some: Counts, others: Counts) -> bool:
    """Whether shares of classes differ strongly, and more than a division at random would have it.

    some, others: (classes,) rows of two disjoint parts.
    """
    if not some.sum() or not others.sum():
        return False
    found = _distance(some, others)
    if found < _LARGE:
        return False
    random, pool = np.random.default_rng(0), some + others
    drawn = (random.multivariate_hypergeometric(pool, int(some.sum())) for _ in range(_DRAWS))
    return all(_distance(part, pool - part) < found for part in drawn)


def _distance(some: Counts, others: Counts) -> float:
    """Total variation distance of shares of classes, 0 to 1."""
    return float(np.abs(some / some.sum() - others / others.sum()).sum() / 2)


def _told_shares(classes: tuple[str, ...], some: Counts, others: Counts, whose: str) -> str:
    """The classes whose shares differ most, in words."""
    one, other = some / some.sum(), others / others.sum()
    first = np.argsort(-np.abs(one - other), kind="stable")[:_SHARES_SHOWN]
    told = (
        f"{classes[label]} is {one[label]:.0%} of them and {other[label]:.0%} {whose}"
        for label in first
    )
    return ", ".join(told)


def _listed(classes: tuple[str, ...], labels: Iterable[int], in_all: Counts | None = None) -> str:
    """Names of the first few of these classes, with their rows, and how many more there are."""
    found = [
        classes[label] if in_all is None else f"{classes[label]} ({in_all[label]:,} rows in all)"
        for label in labels
    ]
    more = f" and {len(found) - _NAMES_SHOWN:,} more classes" if len(found) > _NAMES_SHOWN else ""
    return ", ".join(found[:_NAMES_SHOWN]) + more
