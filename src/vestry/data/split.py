"""Which rows go where: a part by fraction or count, at random by class, or the first or last."""

import math
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, model_validator

from vestry.data.groups import deal, refuse_parted
from vestry.data.image_set import ImageSet
from vestry.errors import DataError

# Whole numbers of rows for each class, in proportion to what there is.


Counts = NDArray[np.int64]


def largest_remainder(counts: Counts, size: int) -> Counts:
    """Whole shares of `size` in proportion to `counts` that add up to it (Hamilton's method).

    Reckoned in integers, so that no share depends on rounding; ties go to the lower class.
    """
    total = int(counts.sum())
    shares = counts * size // total
    remainders = counts * size % total
    lacking = size - int(shares.sum())
    shares[np.argsort(-remainders, kind="stable")[:lacking]] += 1
    return shares


def class_shares(counts: Counts, size: int, leaving: bool) -> Counts:
    """(classes,) how many of `size` rows each class gives: within one row of its proportion.

    counts: (classes,) rows that there are, `size` of them at least. Where that one row allows it,
    each class is among what is taken and, if `leaving`, among what is left, too; a class's only
    row is then left. Where nothing is rare, these are the shares of `largest_remainder`.
    """
    if not size:
        return np.zeros_like(counts)
    total = int(counts.sum())
    fair = counts * size  # in parts of `total`
    lowest = np.maximum(0, -(-fair // total) - 1)
    highest = np.minimum(counts, fair // total + 1)
    least = np.maximum(lowest, (counts > (1 if leaving else 0)).astype(np.int64))
    most = np.minimum(highest, counts - 1) if leaving else highest
    most = np.maximum(most, lowest)
    shares = np.clip(largest_remainder(counts, size), least, most)
    surplus = shares * total - fair
    for low, high in ((least, most), (lowest, highest)):
        _move(shares, surplus, size, low, high, total)
    return shares


def _move(
    shares: Counts, surplus: Counts, size: int, lowest: Counts, highest: Counts, total: int
) -> None:
    """Bring the sum of `shares` to `size`, as far as the bounds allow, row by row: off the class
    that has most above its proportion, or to the one that lacks most."""
    while (excess := int(shares.sum()) - size) != 0:
        step = 1 if excess < 0 else -1
        free = np.flatnonzero(shares < highest if step > 0 else shares > lowest)
        if not len(free):
            return
        chosen = free[np.argmax(-step * surplus[free])]
        shares[chosen] += step
        surplus[chosen] += step * total


Take = Literal["first", "last", "random"]
Rows = NDArray[np.int64]


class Selection(BaseModel):
    """A part of some rows: a fraction of them or a count, never both.

    take: "random" (each class in proportion), or "first" or "last", which mean something only
    where rows stand in no order: of rows sorted by class they hold few classes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    fraction: Annotated[float, Field(gt=0, lt=1)] | None = None
    count: Annotated[int, Field(ge=1, strict=True)] | None = None
    take: Take = "random"

    @model_validator(mode="before")
    @classmethod
    def last_by_order(cls, values: Any) -> Any:
        """`by = "order"` is another name for `take = "last"`, as it stands beside `split`."""
        if not isinstance(values, dict) or "by" not in values:
            return values
        given = dict(values)
        by, take = given.pop("by"), given.setdefault("take", "last")
        if by != "order" or take != "last":
            raise ValueError('`by` can only be "order", which takes the last rows')
        return given

    @model_validator(mode="after")
    def exactly_one(self) -> Self:
        if self.fraction is None and self.count is None:
            raise ValueError("give fraction (between 0 and 1) or count (1 or more)")
        if self.fraction is not None and self.count is not None:
            raise ValueError("give either fraction or count, not both")
        return self

    def size(self, rows: int) -> int:
        """How many of `rows` this takes.

        A last fraction leaves floor(rows * (1 - fraction)) rows before it, as the
        `validation_split` of Keras does (keras/src/trainers/data_adapters/array_data_adapter.py,
        train_validation_split); any other is rounded to the nearest row.
        """
        if self.fraction is None:
            return self.count or 0
        if self.take == "last":
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
        """The rows that `selection` takes; the others are not used."""
        taken, _ = self.divide(rows, selection, what, leaving=False)
        if not len(taken):
            raise DataError(f"{what} takes none of {len(rows):,} rows; give a larger fraction")
        return rows.rows(taken)

    def part(self, rows: ImageSet, selection: Selection, what: str) -> tuple[ImageSet, ImageSet]:
        """What is left of `rows`, and the part that was split off; neither is empty."""
        taken, left = self.divide(rows, selection, what, leaving=True)
        if not len(taken) or not len(left):
            raise DataError(
                f"{what} takes {len(taken):,} of {len(rows):,} rows and leaves {len(left):,} for "
                "training; both need some"
            )
        return rows.rows(left), rows.rows(taken)

    def divide(
        self, rows: ImageSet, selection: Selection, what: str, leaving: bool
    ) -> tuple[Rows, Rows]:
        size, total = selection.size(len(rows)), len(rows)
        if size > total:
            raise DataError(
                f"{what} asks for {size:,} rows, there are {total:,}; ask for fewer, "
                "or give a fraction"
            )
        drawn = f"{size:,} drawn at random by class (seed {self.seed})"
        chosen = drawn if selection.take == "random" else f"the {selection.take} {size:,}"
        if leaving and rows.groups is not None and selection.take == "random":
            chosen = f"about {size:,} drawn at random by class, in whole groups (seed {self.seed}),"
        self.words.append(f"{what}: {chosen} of {total:,} rows")
        if not leaving:  # what is left is not used, so no group can stand on both sides
            return divide(rows.labels, size, selection.take, self.seed, leaving)
        return divide_rows(rows, size, selection.take, self.seed)


def divide_rows(rows: ImageSet, size: int, take: Take, seed: int) -> tuple[Rows, Rows]:
    """Which rows are taken and which are left, both of use; no group stands on both sides.

    Of whole groups, about `size` rows are taken. Raises DataError where the first or last rows
    would part a group.
    """
    if rows.groups is None:
        return divide(rows.labels, size, take, seed)
    if take == "random":
        share = size / len(rows)
        part = deal(rows.labels, rows.groups, np.array([1 - share, share]), seed)
        return np.flatnonzero(part == 1), np.flatnonzero(part == 0)
    taken, left = divide(rows.labels, size, take, seed)
    refuse_parted(rows.groups, np.isin(np.arange(len(rows)), taken).astype(np.int64))
    return taken, left


def divide(
    labels: Rows, size: int, take: Take, seed: int, leaving: bool = True
) -> tuple[Rows, Rows]:
    """Which rows are taken and which are left, each in their first order.

    labels: (n,) int64; size: at most n; leaving: what is left must serve, too (`class_shares`).
    """
    taken = np.zeros(len(labels), dtype=bool)
    if take == "first":
        taken[:size] = True
    elif take == "last":
        taken[len(labels) - size :] = True
    elif size:
        taken[stratified(labels, size, seed, leaving)] = True
    return np.flatnonzero(taken), np.flatnonzero(~taken)


def stratified(labels: Rows, size: int, seed: int, leaving: bool = False) -> Rows:
    """`size` rows drawn so that each class has its share, to within one row."""
    # RandomState, because NumPy promises its stream for all versions (NEP 19).
    random = np.random.RandomState(seed)
    shares = class_shares(np.bincount(labels), size, leaving)
    drawn = [
        random.permutation(np.flatnonzero(labels == label))[:share]
        for label, share in enumerate(shares)
    ]
    return np.concatenate(drawn)
