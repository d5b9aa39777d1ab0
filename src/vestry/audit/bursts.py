"""Frames of one object: images that belong together by their names and looks, or by looks alone.

Neighbouring frames of a film or of one patient are almost the same image. Split at random, a test
frame has its neighbours among the training images, and figures tell of objects seen before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.audit.finding import Finding, Group, Place
from vestry.audit.outlines import has_outlines, outlines
from vestry.audit.tracks import Tracks, coarse, compared_rows, has_tracks, tracks
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


def bursts(
    sets: Mapping[str, ImageSet], directions: Mapping[str, Directions], seed: int
) -> Finding:
    """Images in runs, where names show runs whose images are more alike than others of their class;
    else where images alone show them (`tracks`).

    A run of names is what one of a few patterns makes of them (`_PATTERNS`). It is believed where
    the most alike image of the same class, by outlines, lies in the same run far more often than in
    runs of the same sizes dealt at random. Of several patterns the one counts whose runs say most.
    seed: for which images are compared where there are very many.
    """
    shape = next(iter(directions.values())).shape
    pooled = _pooled(sets, directions)
    runs = _best(pooled, directions) if has_outlines(shape) else None
    if runs is not None:
        told = {"share": round(runs.share, 4), "chance": round(runs.chance, 4)}
        names = np.where(runs.inside, runs.names, "")
        return _finding(sets, pooled, names, {"pattern": runs.pattern, **told})
    found = _by_likeness(pooled, directions, seed) if has_tracks(shape) else None
    if found is not None:
        names = np.where(found.of >= 0, found.of.astype(np.str_), "")
        return _finding(sets, pooled, names, {"pattern": None, "apart": round(found.apart, 2)})
    return Finding("bursts", tuple(sets), "info", 0, len(pooled.places), facts={"pattern": None})


def _finding(
    sets: Mapping[str, ImageSet], pooled: _Pooled, names: NDArray[np.str_], how: dict[str, Any]
) -> Finding:
    """names: (n,) each row's run; nothing for a row that is in none."""
    known, counts = np.unique(names[names != ""], return_counts=True)
    longest = np.argsort(-counts, kind="stable")
    parted = _parted(pooled, names)
    is_kept = all(rows.groups is not None for rows in sets.values())
    return Finding(
        kind="bursts",
        splits=tuple(sets),
        severity="high" if parted else "info" if is_kept else "medium",
        count=int(counts.sum()),
        of=len(pooled.places),
        groups=_groups(pooled, names, known[longest]),
        facts={
            **how,
            "runs": len(known),
            "longest": int(counts.max()),
            "parted": parted,
            "kept": is_kept,
        },
    )


def tracks_by_likeness(
    findings: Sequence[Finding], sets: Mapping[str, ImageSet]
) -> list[list[str]]:
    """Of each object the ids of its images, where nothing but the images says what belongs
    together; where names do, their pattern is enough."""
    found = next(each for each in findings if each.kind == "bursts")
    if not found.count or found.facts["pattern"] is not None:
        return []
    return [[str(sets[p.split].ids[p.row]) for p in group.places] for group in found.groups]


def drawn_note(directions: Mapping[str, Directions], seed: int) -> list[str]:
    """What was not compared, where classes are so large that only a part of them was."""
    labels = np.concatenate([own.labels for own in directions.values()])
    rows = len(compared_rows(labels, seed))
    if rows == len(labels):
        return []
    return [
        f"Of {len(labels):,} images, {rows:,} drawn by class were compared with all of their class "
        "to find frames of one object by likeness alone: there are too many pairs for more."
    ]


def _by_likeness(pooled: _Pooled, directions: Mapping[str, Directions], seed: int) -> Tracks | None:
    """Tracks among the rows that are compared; the others are in none."""
    rows = compared_rows(pooled.labels, seed)
    values = np.concatenate([coarse(own.images) for own in directions.values()])
    found = tracks(values[rows], pooled.labels[rows])
    if found is None:
        return None
    of = np.full(len(pooled.labels), -1)
    of[rows] = found.of
    return replace(found, of=of)


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


def _parted(pooled: _Pooled, names: NDArray[np.str_]) -> int:
    """Images of the last split whose run has images in another one, too."""
    splits = np.array([place.split for place in pooled.places])
    last = splits[-1]
    elsewhere = np.unique(names[(names != "") & (splits != last)])
    return int((np.isin(names, elsewhere) & (splits == last)).sum())


def _groups(pooled: _Pooled, names: NDArray[np.str_], wanted: NDArray[np.str_]) -> list[Group]:
    """One for each name that is wanted, in that order."""
    order = np.argsort(names, kind="stable")
    start = np.searchsorted(names[order], wanted)
    end = np.searchsorted(names[order], wanted, side="right")
    return [
        Group(tuple(pooled.places[row] for row in order[first:last]))
        for first, last in zip(start, end, strict=True)
    ]
