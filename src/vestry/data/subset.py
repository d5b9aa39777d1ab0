"""Parts of the training rows: the folds of a cross-validation, and so many images of each class.

A part is JSON-able, because a task's description names it; which rows it means follows from the
labels alone.
"""

from collections.abc import Iterable
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from vestry.data.groups import deal
from vestry.data.image_set import ImageSet
from vestry.errors import DataError

Rows = NDArray[np.int64]
_Names = NDArray[np.str_]
_Seed = Annotated[int, Field(ge=0, lt=2**32, strict=True)]


class Fold(BaseModel):
    """Everything but one of `of` equal parts, which is held out; `number` counts from 1."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["fold"] = "fold"
    number: int
    of: int
    stratified: bool
    seed: int

    def rows(self, labels: Rows, groups: _Names | None = None) -> tuple[Rows, Rows]:
        """Which rows are learnt from and which are held out, each in their first order.

        groups: (n,) of which none is parted; None where each row stands for itself.
        """
        fold = fold_of(labels, self.of, self.stratified, self.seed, groups)
        return np.flatnonzero(fold != self.number - 1), np.flatnonzero(fold == self.number - 1)


class PerClassSubset(BaseModel):
    """`per_class` images of each class, drawn with `seed`; a larger number holds the smaller."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["few"] = "few"
    per_class: int
    seed: int

    def rows(self, labels: Rows, groups: _Names | None = None) -> tuple[Rows, Rows]:  # noqa: ARG002
        """Which rows are learnt from; none are held out. DataError where a class has too few."""
        random = np.random.RandomState(self.seed)  # NumPy promises its stream (NEP 19)
        drawn = []
        for label in range(int(labels.max()) + 1):
            own = np.flatnonzero(labels == label)
            if len(own) < self.per_class:
                raise DataError(
                    f"class {label} has {len(own):,} training images, {self.per_class:,} a class "
                    "are asked for; give smaller `images_per_class`"
                )
            drawn.append(random.permutation(own)[: self.per_class])
        return np.sort(np.concatenate(drawn)), np.zeros(0, dtype=np.int64)


class NestedFold(BaseModel):
    """What is learnt from in `outer`, without one of the folds that this is cut into in turn, which
    is held out. `outer` may be nested itself, for a student's teacher."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["nested"] = "nested"
    outer: "Fold | PerClassSubset | NestedFold"
    inner: Fold

    def rows(self, labels: Rows, groups: _Names | None = None) -> tuple[Rows, Rows]:
        """Which rows are learnt from and which are held out, each in their first order."""
        own, _ = self.outer.rows(labels, groups)
        learnt, held_out = self.inner.rows(labels[own], None if groups is None else groups[own])
        return own[learnt], own[held_out]


Subset = Fold | PerClassSubset | NestedFold
PARTS: dict[str, type[Subset]] = {"fold": Fold, "few": PerClassSubset, "nested": NestedFold}


class CrossValidation(BaseModel):
    """The study's `cross_validation` of a member.

    folds: equal parts of the training rows, each held out once; stratified: with each class's
    share in every fold; repeats: how often they are drawn anew. reported: what a report gave as
    mean (`accuracy`) and `deviation`; reported_on: the rows that it scored its folds on.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folds: Annotated[int, Field(ge=2, le=1000)] = 5
    stratified: bool = True
    repeats: Annotated[int, Field(ge=1, le=100)] = 1
    seed: _Seed = 0
    reported: dict[str, float] = Field(default_factory=dict)
    reported_on: Literal["test", "held_out"] | None = None

    def parts(self) -> list[Fold]:
        """Every fold of every repeat, in order."""
        return [
            Fold(number=n, of=self.folds, stratified=self.stratified, seed=self.seed + repeat)
            for repeat in range(self.repeats)
            for n in range(1, self.folds + 1)
        ]


def held_out_whole(parts: Iterable[Fold], rows: ImageSet) -> list[int]:
    """Classes of which some fold holds out every row, so that what is fitted there never learns
    them: those of a single row, and by chance others where folds are not stratified."""
    found: set[int] = set()
    every = set(rows.labels.tolist())
    for part in parts:
        learnt, _ = part.rows(rows.labels, rows.groups)
        found |= every - set(rows.labels[learnt].tolist())
    return sorted(found)


def fold_of(
    labels: Rows, folds: int, stratified: bool, seed: int, groups: _Names | None = None
) -> Rows:
    """(n,) the fold, from 0, of every row; folds differ by one row at most, in all and by class.

    Rows are dealt in turn, class after class, so that neither a class nor the whole is uneven.
    Groups are dealt whole, so that folds are as even as these let them.
    """
    if len(labels) < folds:
        raise DataError(f"{folds} folds of {len(labels)} training rows: give fewer folds")
    if groups is not None:
        kinds = labels if stratified else np.zeros_like(labels)
        return deal(kinds, groups, np.full(folds, 1 / folds), seed)
    random = np.random.RandomState(seed)
    order = random.permutation(len(labels))
    if stratified:
        order = order[np.argsort(labels[order], kind="stable")]
    fold = np.empty(len(labels), dtype=np.int64)
    fold[order] = np.arange(len(labels)) % folds
    return fold
