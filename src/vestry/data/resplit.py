"""Splits anew: all rows of a source pooled, and cut in three by fractions."""

import functools
import math
from dataclasses import dataclass
from typing import Annotated, Literal, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestry.data.groups import deal, refuse_parted
from vestry.data.image_set import ImageSet, Source
from vestry.data.split import Rows, class_shares
from vestry.errors import DataError

_Fraction = Annotated[float, Field(gt=0, lt=1)]
_TOLERANCE = 1e-9


class Fractions(BaseModel):
    """How much of the pooled rows each split gets; the three sum to 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    training: _Fraction
    validation: _Fraction
    test: _Fraction
    by: Literal["class", "order"] = "class"
    """class: drawn at random, each class in proportion; order: the last rows are test, those before
    them validation."""

    @model_validator(mode="after")
    def sum_to_one(self) -> Self:
        total = self.training + self.validation + self.test
        if abs(total - 1) > _TOLERANCE:
            raise ValueError(f"the three fractions sum to {total:.10g}, not to 1")
        return self


@dataclass(frozen=True)
class Cut:
    """Three disjoint parts of the same rows, and how each was made, in words."""

    training: ImageSet
    validation: ImageSet
    test: ImageSet
    words: tuple[str, ...]


def pooled(source: Source) -> ImageSet:
    """The rows of all the source's parts, training rows first, with the ids that they had."""
    return functools.reduce(ImageSet.followed_by, source.parts.values())


def cut(source: Source, fractions: Fractions, seed: int) -> Cut:
    """The source's rows in three parts, each class in proportion, drawn with `seed`.

    Sizes of validation and test are rounded to the nearest row; training has the rest. Rows keep
    the order of the pool. Raises DataError where a part would be empty.
    """
    rows = pooled(source)
    total = len(rows)
    validation, test = (
        math.floor(total * share + 0.5) for share in (fractions.validation, fractions.test)
    )
    training = total - validation - test
    if min(training, validation, test) < 1:
        raise DataError(
            f"split gives {training:,} training, {validation:,} validation and {test:,} test rows "
            f"of {total:,}; each needs some"
        )
    part = _part_of(rows, fractions, (training, validation, test), seed)
    for_training, for_validation, for_test = (np.flatnonzero(part == number) for number in range(3))
    whence = f", the source's {_parts(source)} rows pooled" if len(source.parts) > 1 else ""
    chosen = f"drawn at random by class (seed {seed}) of all {total:,} rows{whence}"
    if fractions.by == "order":
        chosen = f"in the order of all {total:,} rows{whence}"
    elif rows.groups is not None:
        chosen = f"in whole groups {chosen}"
    training, validation, test = len(for_training), len(for_validation), len(for_test)
    return Cut(
        rows.rows(for_training),
        rows.rows(for_validation),
        rows.rows(for_test),
        words=(
            f"test: {'the last ' * (fractions.by == 'order')}{test:,} {chosen}",
            f"validation: {validation:,} {chosen}",
            f"training: the other {training:,} of all {total:,} rows{whence}",
        ),
    )


def _part_of(rows: ImageSet, fractions: Fractions, sizes: tuple[int, int, int], seed: int) -> Rows:
    """(n,) 0 for training, 1 for validation, 2 for test."""
    if fractions.by == "order":
        part = np.repeat(np.arange(3), sizes)
        if rows.groups is not None:
            refuse_parted(rows.groups, part)
        return part
    if rows.groups is not None:
        return deal(rows.labels, rows.groups, np.array(sizes) / len(rows), seed)
    part = np.zeros(len(rows), dtype=np.int64)
    _, for_validation, for_test = drawn(rows.labels, *sizes[1:], seed)
    part[for_validation], part[for_test] = 1, 2
    return part


def _parts(source: Source) -> str:
    *first, last = ["training", *list(source.parts)[1:]]
    return f"{', '.join(first)} and {last}"


def drawn(labels: Rows, validation: int, test: int, seed: int) -> tuple[Rows, Rows, Rows]:
    """Rows for training, validation and test, each in rising order."""
    random = np.random.RandomState(seed)  # NumPy promises its stream (NEP 19)
    counts = np.bincount(labels)
    for_test = class_shares(counts, test, leaving=True)
    for_validation = class_shares(counts - for_test, validation, leaving=True)
    place = np.zeros(len(labels), dtype=np.int64)
    for label, (tested, validated) in enumerate(zip(for_test, for_validation, strict=True)):
        own = random.permutation(np.flatnonzero(labels == label))
        place[own[:tested]] = 2
        place[own[tested : tested + validated]] = 1
    return np.flatnonzero(place == 0), np.flatnonzero(place == 1), np.flatnonzero(place == 2)
