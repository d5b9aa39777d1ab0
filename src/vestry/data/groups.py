"""Rows that belong together, such as one patient's images: no split or fold parts them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    field_validator,
    model_serializer,
    model_validator,
)

from vestry.data.groups_file import groups_by_file, unnamed
from vestry.data.image_set import ImageSet, Source
from vestry.data.paths import DataPaths
from vestry.errors import DataError

_PART = re.compile(r"(train|training|val|valid|validation|test|testing)/", re.IGNORECASE)
_LONGEST_ID = 300
_NAMES_SHOWN = 3


class Groups(BaseModel):
    """The study's `groups`: how a row's group is known.

    column: an array of the source, a value a row. pattern: a regular expression that is looked for
    in each row's id, from its start and without the name of its part; what its first pair of
    brackets holds is the group's name. file: a CSV file of `id` and `group`, from the study's
    folder; a row that it does not name stands for itself.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    column: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    pattern: Annotated[str, Field(min_length=1, max_length=500)] | None = None
    file: Annotated[str, Field(min_length=1)] | None = None

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A study without such a file is what it was before there was one: fits are known by it."""
        tables: dict[str, Any] = given(self)
        if self.file is None:
            tables.pop("file", None)
        return tables

    @field_validator("pattern")
    @classmethod
    def compiles(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            try:
                brackets = re.compile(pattern).groups
            except (re.error, RecursionError, OverflowError) as error:
                raise ValueError(f"{pattern!r} is no regular expression: {error}") from None
            if not brackets:
                raise ValueError(f"{pattern!r} has no (...), which would hold the group's name")
        return pattern

    @model_validator(mode="after")
    def exactly_one(self) -> Self:
        if [self.column, self.pattern, self.file].count(None) != 2:
            raise ValueError(
                'give one of column = "...", pattern = "(...)..." and file = "groups.csv"'
            )
        return self

    @property
    def words(self) -> str:
        if self.file:
            return f"by the file {self.file}"
        return f"by {self.column}" if self.column else f"by the pattern {self.pattern}"


def with_groups(source: Source, settings: Groups, places: DataPaths) -> Source:
    """The source with a group for each row.

    Raises DataError where the pattern fits no id, the source has no such column, the file is not of
    this source, or all rows would be one group.
    """
    parts = source.parts
    unmatched = 0
    if settings.pattern is not None:
        found = {name: _matched(rows, settings.pattern) for name, rows in parts.items()}
        unmatched = sum(count for _, count in found.values())
        if unmatched == sum(map(len, parts.values())):
            raise DataError(
                f"groups: the pattern {settings.pattern!r} fits none of {unmatched:,} ids, such as "
                f"{_without_part(str(source.train.ids[0]))!r}"
            )
        parts = {name: parts[name].grouped(groups) for name, (groups, _) in found.items()}
    elif settings.file is not None:
        by_part = groups_by_file(places.path(settings.file), source)
        parts = {name: rows.grouped(by_part[name]) for name, rows in parts.items()}
    elif any(rows.groups is None for rows in parts.values()):
        raise DataError(
            f"groups: {source.name} gives no column {settings.column!r} for all of its rows; an "
            "npz: source has it as an array of that name (and test_... beside test_images); "
            'of files, take pattern = "(...)..." on their names'
        )
    count = len(np.unique(np.concatenate([groups_of(rows) for rows in parts.values()])))
    if count < 2:
        raise DataError(
            f"groups: {settings.words}, all rows are of one group, which no split can keep whole"
        )
    train, others = parts["train"], (parts.get("validation"), parts.get("test"))
    return replace(source, train=train, validation=others[0], test=others[1])


def groups_said(splits: Mapping[str, ImageSet], settings: Groups) -> str:
    """How many groups the rows that are used are of, and how many of these the source has parted:
    the splits' own groups, not those of rows that are left out."""
    parts = list(_apart(splits).values())
    known = [np.unique(groups_of(rows)) for rows in parts]
    names, times = np.unique(np.concatenate(known), return_counts=True)
    parted = int((times > 1).sum())
    kept = f"{parted:,} of them parted by the source" if parted else "none is parted"
    said = f"{len(names):,} groups in {sum(map(len, parts)):,} rows, {settings.words}: {kept}"
    if settings.pattern is not None:
        unmatched = sum(_matched(rows, settings.pattern)[1] for rows in parts)
        if unmatched:
            said += f"; {unmatched:,} rows whose ids do not fit it stand each for itself"
    if settings.file is not None:
        alone = sum(unnamed(rows) for rows in parts)
        said += f"; {alone:,} rows that it does not name stand each for itself" if alone else ""
    return said


def taken_for_independent(groups: Sequence[NDArray[np.str_]]) -> list[str]:
    """A warning on intervals of rows that may be alike; none where each row is a group of its own.

    groups: of each part that figures are told of, (n,) the group of every row.
    """
    largest = max((int(np.unique(own, return_counts=True)[1].max()) for own in groups), default=1)
    if largest < 2:
        return []
    count = len(np.unique(np.concatenate(groups)))
    return [
        f"The rows are of {count:,} groups, up to {largest:,} rows each. The intervals take rows "
        "for independent; where rows of a group are alike, they are too narrow"
    ]


def _apart(splits: Mapping[str, ImageSet]) -> dict[str, ImageSet]:
    """The splits, each set of rows once: where folds choose or test, theirs are the training's."""
    learnt = splits["training"]
    return {n: rows for n, rows in splits.items() if n == "training" or rows is not learnt}


def groups_of(rows: ImageSet) -> NDArray[np.str_]:
    """(n,) each row's group; its own id where it stands for itself."""
    return rows.ids if rows.groups is None else rows.groups


def _matched(rows: ImageSet, pattern: str) -> tuple[NDArray[np.str_], int]:
    return named_groups(rows.ids, pattern)


def named_groups(ids: NDArray[np.str_], pattern: str) -> tuple[NDArray[np.str_], int]:
    """(n,) the group that `pattern` makes of each id, the id itself where it does not fit; and how
    many do not. Ids are cut to a length that bounds time."""
    expression = re.compile(pattern)
    fits = [expression.match(_without_part(name)[:_LONGEST_ID]) for name in ids.tolist()]
    names = [
        name if fit is None or fit[1] is None else fit[1]
        for name, fit in zip(ids.tolist(), fits, strict=True)
    ]
    return np.array(names, dtype=np.str_), sum(fit is None or fit[1] is None for fit in fits)


def _without_part(name: str) -> str:
    """An id without the name of its part, so that one patient is one group in all of them."""
    return _PART.sub("", name, count=1) if _PART.match(name) else name


def shared_groups(splits: Mapping[str, ImageSet]) -> list[str]:
    """Warnings on groups with rows in two splits: those that the source itself has parted."""
    said = []
    for (first, some), (second, others) in combinations(_apart(splits).items(), 2):
        if some.groups is None or others.groups is None:
            continue
        both = np.intersect1d(some.groups, others.groups)
        if len(both):
            rows = int(np.isin(others.groups, both).sum())
            names = ", ".join(both[:_NAMES_SHOWN].tolist())
            more = " and others" if len(both) > _NAMES_SHOWN else ""
            said.append(
                f"{len(both):,} groups ({names}{more}) have both {first} and {second} rows, as the "
                f"source parts them: {rows:,} of {len(others):,} {second} rows; figures on these "
                "are too good. `split` in [data] pools all rows and parts no group"
            )
    return said


def refuse_parted(groups: NDArray[np.str_], part: NDArray[np.int64]) -> None:
    """DataError where parts that are taken in the rows' order hold rows of one group.

    groups, part: (n,) of each row.
    """
    pairs = np.unique(np.stack([np.unique(groups, return_inverse=True)[1], part]), axis=1)[0]
    names, times = np.unique(pairs, return_counts=True)
    parted = np.unique(groups)[names[times > 1]]
    if len(parted):
        raise DataError(
            f"groups: taken in the order of the rows, {len(parted):,} groups would be parted, such "
            f"as {parted[0]}; put each group's rows together, or draw rows at random"
        )


def deal(
    labels: NDArray[np.int64], groups: NDArray[np.str_], shares: NDArray[np.float64], seed: int
) -> NDArray[np.int64]:
    """(n,) the part of every row, from 0: whole groups, each class about in proportion.

    shares: each part's share of the rows, summing to 1. Groups come in an order drawn with `seed`,
    large ones first; each goes to the part where its classes lack most beside what the part is to
    have, as in scikit-learn's StratifiedGroupKFold, but for parts of unlike size. Raises DataError
    where a part would get nothing.
    """
    _, place = np.unique(groups, return_inverse=True)
    counts = np.zeros((int(place.max()) + 1, int(labels.max()) + 1))
    np.add.at(counts, (place, labels), 1)
    wanted = np.outer(shares, counts.sum(axis=0)) + 1e-9
    have = np.zeros_like(wanted)
    order = np.random.RandomState(seed).permutation(len(counts))  # its stream is promised (NEP 19)
    part_of = np.zeros(len(counts), dtype=np.int64)
    for group in order[np.argsort(-counts[order].sum(axis=1), kind="stable")]:
        own = counts[group]
        worse = (own * (2 * (have - wanted) + own) / wanted).sum(axis=1)
        part_of[group] = int(worse.argmin())
        have[part_of[group]] += own
    if len(counts) < len(shares):
        raise DataError(
            f"{len(counts):,} groups cannot fill {len(shares)} parts; a group is never parted, so "
            "give fewer folds or other fractions"
        )
    _fill(part_of, counts.sum(axis=1), len(shares))
    return part_of[place]


def _fill(part_of: NDArray[np.int64], sizes: NDArray[np.float64], parts: int) -> None:
    """Give each part that has no group the smallest of the part that has most."""
    for empty in set(range(parts)) - set(part_of.tolist()):
        own = np.flatnonzero(part_of == np.bincount(part_of).argmax())
        part_of[own[sizes[own].argmin()]] = empty
