"""Images that are the same byte for byte: within a split, across splits, with two labels."""

import hashlib
from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vestry.audit.finding import Finding, Group, Place, by_share
from vestry.data.image_set import ImageSet
from vestry.data.mapped import parts_of

_MANY = 0.001


def identical_groups(sets: Mapping[str, ImageSet]) -> list[list[Place]]:
    """Every set of two or more images that are equal, in the order in which they come."""
    digests = np.concatenate([_digests(rows) for rows in sets.values()])
    starts = np.cumsum([0, *map(len, sets.values())])
    order = np.lexsort(digests.T)  # stable, so that equal ones stay in their order
    new = np.r_[True, (digests[order[1:]] != digests[order[:-1]]).any(axis=1)][: len(order)]
    firsts = np.flatnonzero(new)
    sizes = np.diff(np.r_[firsts, len(order)])
    groups = [order[at : at + size] for at, size in zip(firsts, sizes, strict=True) if size > 1]
    return [
        [_place(list(sets), starts, row) for row in group.tolist()]
        for group in sorted(groups, key=lambda group: int(group[0]))
    ]


def _digests(rows: ImageSet) -> NDArray[np.uint64]:
    """(n, 2) 16 bytes of BLAKE2b of each image: of a million images an object each would take
    hundreds of megabytes."""
    images = (one for part in parts_of(rows.images) for one in np.ascontiguousarray(part))
    found = bytearray()
    for image in images:
        found += hashlib.blake2b(image.data, digest_size=16).digest()
    return np.frombuffer(found, np.uint64).reshape(-1, 2)


def _place(splits: list[str], starts: NDArray[np.int64], row: int) -> Place:
    at = int(np.searchsorted(starts, row, side="right")) - 1
    return Place(splits[at], row - int(starts[at]))


def duplicate_findings(sets: Mapping[str, ImageSet], groups: list[list[Place]]) -> list[Finding]:
    """Within each split, across each pair of splits, and those with different labels."""
    return [
        *(_within(sets, groups, split) for split in sets),
        *(_across(sets, groups, one, other) for one, other in combinations(sets, 2)),
        _conflicts(sets, groups),
    ]


def _within(sets: Mapping[str, ImageSet], groups: list[list[Place]], split: str) -> Finding:
    """count: rows that repeat an earlier one of their split."""
    own = [[place for place in group if place.split == split] for group in groups]
    own = [group for group in own if len(group) > 1]
    count, rows = sum(len(group) - 1 for group in own), len(sets[split])
    return Finding(
        kind="duplicates_within",
        splits=(split,),
        severity=by_share(count, rows, "medium", "low", _MANY),
        count=count,
        of=rows,
        groups=[Group(tuple(group)) for group in sorted(own, key=len, reverse=True)],
    )


def _across(
    sets: Mapping[str, ImageSet], groups: list[list[Place]], one: str, other: str
) -> Finding:
    """count: rows of `other` that stand in `one`, too; what was learnt is then asked again."""
    found = []
    count = 0
    for group in groups:
        mine = [place for place in group if place.split == one]
        theirs = [place for place in group if place.split == other]
        if mine and theirs:
            found.append(Group((*mine, *theirs)))
            count += len(theirs)
    return Finding(
        kind="duplicates_across",
        splits=(one, other),
        severity=by_share(count, len(sets[other]), "high", "medium", _MANY),
        count=count,
        of=len(sets[other]),
        groups=found,
        repeated=other,
    )


def _conflicts(sets: Mapping[str, ImageSet], groups: list[list[Place]]) -> Finding:
    """count: images that stand somewhere else with another label."""
    found = [
        Group(tuple(group))
        for group in groups
        if len({int(sets[place.split].labels[place.row]) for place in group}) > 1
    ]
    return Finding(
        kind="label_conflict",
        splits=tuple(sets),
        severity="high",
        count=sum(len(group.places) for group in found),
        of=sum(len(rows) for rows in sets.values()),
        groups=found,
    )
