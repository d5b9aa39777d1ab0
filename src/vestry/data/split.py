"""Which rows go where: a part by fraction or count, from the front, the back or at random."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestry.data.image_set import ImageSet
from vestry.errors import DataError

Take = Literal["first", "last", "random"]
Rows = NDArray[np.int64]


class Selection(BaseModel):
    """A part of some rows: a fraction of them or a count, never both.

    take: "first", "last", or "random" (each class in proportion). Left out, what is usual where
    the selection stands: first for a subset, last for validation, random for test - and random
    for all three where rows are sorted by class, since the first or last then hold few classes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fraction: Annotated[float, Field(gt=0, lt=1)] | None = None
    count: Annotated[int, Field(ge=1, strict=True)] | None = None
    take: Take | None = None

    @model_validator(mode="after")
    def exactly_one(self) -> Self:
        if self.fraction is None and self.count is None:
            raise ValueError("give fraction (between 0 and 1) or count (1 or more)")
        if self.fraction is not None and self.count is not None:
            raise ValueError("give either fraction or count, not both")
        return self

    def size(self, rows: int, take: Take) -> int:
        """How many of `rows` this takes.

        A last fraction leaves floor(rows * (1 - fraction)) rows before it, as the
        `validation_split` of Keras does (keras/src/trainers/data_adapters/array_data_adapter.py,
        train_validation_split); any other is rounded to the nearest row.
        """
        if self.fraction is None:
            return self.count or 0
        if take == "last":
            return rows - math.floor(rows * (1 - self.fraction))
        return math.floor(rows * self.fraction + 0.5)


@dataclass
class Splitter:
    """Takes rows apart and keeps, in words, what it did.

    seed: for everything drawn at random; the same rows and seed give the same parts.
    """

    seed: int
    words: list[str] = field(default_factory=list)

    def subset(self, rows: ImageSet, selection: Selection, what: str) -> ImageSet:
        """The rows that `selection` takes, the first ones where it does not say which."""
        take = resolve_take(selection, rows.labels, "first")
        taken, _ = self.divide(rows, selection, take, what)
        if not len(taken):
            raise DataError(f"{what} takes none of {len(rows):,} rows; give a larger fraction")
        return rows.rows(taken)

    def part(
        self, rows: ImageSet, selection: Selection, usual: Take, what: str
    ) -> tuple[ImageSet, ImageSet]:
        """What is left of `rows`, and the part that was split off; neither is empty."""
        take = resolve_take(selection, rows.labels, usual)
        taken, left = self.divide(rows, selection, take, what)
        if not len(taken) or not len(left):
            raise DataError(
                f"{what} takes {len(taken):,} of {len(rows):,} rows and leaves {len(left):,} for "
                "training; both need some"
            )
        return rows.rows(left), rows.rows(taken)

    def divide(
        self, rows: ImageSet, selection: Selection, take: Take, what: str
    ) -> tuple[Rows, Rows]:
        size, total = selection.size(len(rows), take), len(rows)
        if size > total:
            raise DataError(
                f"{what} asks for {size:,} rows, there are {total:,}; ask for fewer, "
                "or give a fraction"
            )
        drawn = f"{size:,} drawn at random by class (seed {self.seed})"
        chosen = drawn if take == "random" else f"the {take} {size:,}"
        reason = ", since rows are sorted by class" if self.overruled(rows, selection) else ""
        self.words.append(f"{what}: {chosen} of {total:,} rows{reason}")
        return divide(rows.labels, size, take, self.seed)

    def overruled(self, rows: ImageSet, selection: Selection) -> bool:
        return selection.take is None and sorted_by_class(rows.labels)


def resolve_take(selection: Selection, labels: Rows, usual: Take) -> Take:
    """What is taken: as the selection says, or what is usual, but random where that is no use."""
    if selection.take is not None:
        return selection.take
    return "random" if sorted_by_class(labels) else usual


def sorted_by_class(labels: Rows) -> bool:
    return len(labels) > 1 and bool((np.diff(labels) >= 0).all())


def divide(labels: Rows, size: int, take: Take, seed: int) -> tuple[Rows, Rows]:
    """Which rows are taken and which are left, each in their first order.

    labels: (n,) int64; size: at most n.
    """
    taken = np.zeros(len(labels), dtype=bool)
    if take == "first":
        taken[:size] = True
    elif take == "last":
        taken[len(labels) - size :] = True
    elif size:
        taken[stratified(labels, size, seed)] = True
    return np.flatnonzero(taken), np.flatnonzero(~taken)


def stratified(labels: Rows, size: int, seed: int) -> Rows:
    """`size` rows drawn so that each class has its share, to within one row."""
    # RandomState, because NumPy promises its stream for all versions (NEP 19).
    random = np.random.RandomState(seed)
    counts = np.bincount(labels)
    shares = largest_remainder(counts, size)
    drawn = [
        random.permutation(np.flatnonzero(labels == label))[:share]
        for label, share in enumerate(shares)
    ]
    return np.concatenate(drawn)


def largest_remainder(counts: Rows, size: int) -> Rows:
    """Whole shares of `size` in proportion to `counts` that add up to it (Hamilton's method).

    Reckoned in integers, so that no share depends on rounding; ties go to the lower class.
    """
    total = int(counts.sum())
    shares = counts * size // total
    remainders = counts * size % total
    lacking = size - int(shares.sum())
    shares[np.argsort(-remainders, kind="stable")[:lacking]] += 1
    return shares
