"""Frames of one object: images whose names say that they belong together, and whose looks agree.

Neighbouring frames of a film or of one patient are almost the same image. Split at random, a test
frame has its neighbours among the training images, and figures tell of objects seen before.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.audit.finding import Finding, Group, Place
from vestry.audit.outlines import has_outlines, outlines
from vestry.audit.unit_vectors import Directions, chunks
from vestry.data.groups import named_groups
from vestry.data.image_set import ImageSet

_PATTERNS = (
    r"(.*[^0-9])[0-9]+[^0-9/]*$",
    r"(.*)/[^/]*$",
    r"(.*[/_-][^/_-]+?)[_-][^/]*$",
    r"(?:.*/)?([^/_-]+)[_-][^/]*$",
)
"""What of a name may be whom it is of: all but its last number, its folder, its first word within
its folder, its first word in whatever folder."""
_LEAST_ROWS = 30
"""Images in runs of two or more, below which nothing is said."""
_LEAST_SHARE, _LEAST_GAIN = 0.3, 0.25
"""Of these images: whose most alike image is of their own run; and by how much more than runs dealt
at random would have it, as a part of what is left."""


@dataclass(frozen=True, eq=False)
class _Runs:
    """Rows by one pattern. names: (n,) each row's run. inside: (n,) rows that share it with another
    of their class. share: of those, whose most alike image is of the same run. chance: what that
    would be of runs dealt at random within classes."""

    pattern: str
    names: NDArray[np.str_]
    inside: NDArray[np.bool_]
    share: float
    chance: float

    @property
    def gain(self) -> float:
        return (self.share - self.chance) / max(1 - self.chance, 1e-9)

    @property
    def is_seen(self) -> bool:
        rows = int(self.inside.sum())
        return rows >= _LEAST_ROWS and self.share >= _LEAST_SHARE and self.gain >= _LEAST_GAIN


@dataclass(frozen=True, eq=False)
class _Pooled:
    """All rows that are compared, of all splits."""

    places: list[Place]
    ids: NDArray[np.str_]
    labels: NDArray[np.int64]


def bursts(sets: Mapping[str, ImageSet], directions: Mapping[str, Directions]) -> Finding:
    """Images in runs, where names show runs whose images are more alike than others of their class.

    A run is what one of a few patterns makes of names (`_PATTERNS`). It is believed where the most
    alike image of the same class, by outlines, lies in the same run far more often than in runs of
    the same sizes dealt at random. Of several patterns the one counts whose runs say most.
    """
    splits = tuple(sets)
    of = sum(len(found.rows) for found in directions.values())
    shape = directions[splits[0]].shape
    pooled = _pooled(sets, directions)
    runs = _best(pooled, directions) if has_outlines(shape) else None
    if runs is None:
        return Finding("bursts", splits, "info", 0, of, facts={"pattern": None})
    sizes = dict(zip(*np.unique(runs.names[runs.inside], return_counts=True), strict=True))
    longest = sorted(sizes, key=lambda name: -sizes[name])
    parted = _parted(pooled, runs)
    is_kept = all(rows.groups is not None for rows in sets.values())
    return Finding(
        kind="bursts",
        splits=splits,
        severity="high" if parted else "info" if is_kept else "medium",
        count=int(runs.inside.sum()),
        of=of,
        groups=[_group(pooled, runs, name) for name in longest],
        facts={
            "pattern": runs.pattern,
            "runs": len(sizes),
            "longest": int(sizes[longest[0]]),
            "share": round(runs.share, 4),
            "chance": round(runs.chance, 4),
            "parted": parted,
            "kept": is_kept,
        },
    )


def _pooled(sets: Mapping[str, ImageSet], directions: Mapping[str, Directions]) -> _Pooled:
    places = [Place(split, int(row)) for split, own in directions.items() for row in own.rows]
    ids = np.concatenate([sets[split].ids[own.rows] for split, own in directions.items()])
    labels = np.concatenate([own.labels for own in directions.values()])
    return _Pooled(places, ids, labels)


def _nearest_of_class(values: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) for each row the most alike other row of its class; -1 for one that is alone."""
    nearest = np.full(len(labels), -1)
    for label in np.unique(labels):
        own = np.flatnonzero(labels == label)
        if len(own) < 2:
            continue
        for rows in chunks(len(own), len(own)):
            products = values[own[rows]] @ values[own].T
            every = np.arange(len(products))
            products[every, every + rows.start] = -np.inf
            nearest[own[rows]] = own[products.argmax(axis=1)]
    return nearest


def _best(pooled: _Pooled, directions: Mapping[str, Directions]) -> _Runs | None:
    """Images are compared only where some pattern makes runs of names."""
    by_name = {each: named_groups(pooled.ids, each)[0] for each in _PATTERNS}
    sizes = {each: _sizes(names, pooled.labels) for each, names in by_name.items()}
    whole = np.bincount(pooled.labels)[pooled.labels]
    able = [p for p, own in sizes.items() if ((own > 1) & (own < whole)).sum() >= _LEAST_ROWS]
    if not able:
        return None
    values = np.concatenate([outlines(own.images) for own in directions.values()])
    nearest = _nearest_of_class(values, pooled.labels)
    seen = [_runs(each, by_name[each], sizes[each], nearest, whole) for each in able]
    return max((runs for runs in seen if runs.is_seen), key=lambda runs: runs.gain, default=None)


def _sizes(names: NDArray[np.str_], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """(n,) how many rows have each row's name and label."""
    together = np.stack([np.unique(names, return_inverse=True)[1], labels])
    _, cell, counts = np.unique(together, axis=1, return_inverse=True, return_counts=True)
    return np.asarray(counts[cell.ravel()])


def _runs(
    pattern: str,
    names: NDArray[np.str_],
    sizes: NDArray[np.int64],
    nearest: NDArray[np.int64],
    whole: NDArray[np.int64],
) -> _Runs:
    """How far the images agree with what a pattern makes of the names. whole: (n,) how many rows
    each row's class has."""
    inside = sizes > 1
    share = float((names[nearest] == names)[inside].mean())
    chance = float(((sizes - 1) / np.maximum(whole - 1, 1))[inside].mean())
    return _Runs(pattern, names, inside, share, chance)


def _parted(pooled: _Pooled, runs: _Runs) -> int:
    """Images of the last split whose run has images in another one, too."""
    splits = np.array([place.split for place in pooled.places])
    last = splits[-1]
    elsewhere = np.unique(runs.names[runs.inside & (splits != last)])
    return int((np.isin(runs.names, elsewhere) & runs.inside & (splits == last)).sum())


def _group(pooled: _Pooled, runs: _Runs, name: str) -> Group:
    rows = np.flatnonzero((runs.names == name) & runs.inside)
    return Group(tuple(pooled.places[row] for row in rows))
