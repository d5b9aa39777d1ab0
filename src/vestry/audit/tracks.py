"""Tracks: images of one class that are far more alike among each other than to the rest of it.

Frames of one object are so, whatever they are called; of images that were taken one by one few are.
Pixels are compared coarsely, so that noise and a small move change little.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.audit.linkage import Links, parts_apart
from vestry.audit.pictures import area_weights
from vestry.audit.unit_vectors import chunks, nearest_rows, unit_vectors
from vestry.data.split import stratified

_GREY_SIDE, _COLOUR_SIDE = 16, 12
"""Of the pictures that are compared."""
_SMALLEST_SIDE = 8
_NEIGHBOURS = 6
_LEAST, _LARGEST_PART = 3, 1 / 3
"""Images of a track; and of those of its class what it may hold at most: more is a kind, no
object."""
_FEWEST = 20
"""Images of a class below which nothing is usual."""
_SEEN, _TAKEN = 0.25, 0.1
"""By how much a track stands apart, in Fisher's z, to count as a sign of tracks; and, where there
are enough such signs, to be taken for one. A distance 1.28 and 1.11 times as large."""
_LEAST_ROWS, _LEAST_SHARE = 30, 0.2
"""Images in tracks below which nothing is said. In data without tracks the share of rows that stand
apart so far is 1% of thousands and up to 7% of 150 (docs/measurements.md)."""
_MOST_ALIKE = 0.9999
_ROUNDS = 8
_MOST_PAIRS = 1_500_000_000
"""Of one class each, that are compared: half a minute."""


@dataclass(frozen=True, eq=False)
class Tracks:
    """of: (n,) the number of each row's track, from 0; -1 where it is in none. apart: at the median
    over rows in tracks, how many times as far the nearest image of the class outside the track is
    as the nearest within. share: of the rows, that stood apart so far that tracks were believed."""

    of: NDArray[np.int64]
    apart: float
    share: float


def compared_rows(labels: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    """All rows, or as many drawn by class that at most _MOST_PAIRS are compared."""
    pairs = float((np.bincount(labels).astype(float) ** 2).sum())
    if pairs <= _MOST_PAIRS:
        return np.arange(len(labels))
    return np.sort(stratified(labels, int(len(labels) * (_MOST_PAIRS / pairs) ** 0.5), seed))


def has_tracks(shape: tuple[int, ...]) -> bool:
    """Whether images are large enough to be told apart."""
    return min(shape[:2]) >= _SMALLEST_SIDE


def coarse(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """(n, d) float32 of length 1 and mean 0: the images, averaged down; zeros for a constant one.

    images: (n, height, width[, 3])
    """
    side = _COLOUR_SIDE if images.ndim == 4 else _GREY_SIDE
    down, across = (area_weights(size, min(size, side)) for size in images.shape[1:3])
    parts = [
        np.einsum("ah,nhw...,bw->nab...", down, images[rows], across, optimize=True)
        for rows in chunks(len(images), images[:1].size)
    ]
    small = np.ascontiguousarray(np.concatenate(parts), np.float32).reshape(len(images), -1)
    return _unit(small)


def _unit(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """At length 1; a scale does not matter, so that faint pictures are none of one value."""
    largest = np.abs(values).max(axis=1, keepdims=True)
    return unit_vectors(np.asarray(values / np.where(largest > 0, largest, 1), np.float32))


def tracks(values: NDArray[np.float32], labels: NDArray[np.int64]) -> Tracks | None:
    """The tracks among images, or None where too few stand apart.

    values: (n, d) as of `coarse`. labels: (n,).
    """
    classes = [_Class.of(values, np.flatnonzero(labels == label)) for label in np.unique(labels)]
    able = [each for each in classes if len(each.rows) >= _FEWEST]
    seen = sum(len(track) for each in able for track in each.tracks(_SEEN))
    share = seen / max(1, len(labels))
    if seen < _LEAST_ROWS or share < _LEAST_SHARE:
        return None
    found, ratios, count = np.full(len(labels), -1), [], 0
    for each in able:
        for track in each.tracks(_TAKEN):
            found[each.rows[track]] = count
            ratios.append(each.outside[track] / each.inside[track])
            count += 1
    return Tracks(found, float(np.median(np.concatenate(ratios))), share)


@dataclass(eq=False)
class _Class:
    """Rows of one class. values: (m, d). links: known so far. inside: (m,) distance to the nearest
    row. outside: (m,) to the nearest outside the row's part, where that was looked for. known:
    parts of which it was."""

    rows: NDArray[np.int64]
    values: NDArray[np.float32]
    links: Links
    inside: NDArray[np.float64]
    outside: NDArray[np.float64]
    known: set[bytes]

    @classmethod
    def of(cls, values: NDArray[np.float32], rows: NDArray[np.int64]) -> "_Class":
        """Constant images are like nothing and are left out. Each row has links to its nearest."""
        rows = rows[values[rows].any(axis=1)]
        own = values[rows]
        near = nearest_rows(own, own, _NEIGHBOURS + 1)
        first = np.repeat(np.arange(len(own)), near.shape[1])
        second, apart = near.ravel(), near.ravel() != first
        first, second = first[apart], second[apart]
        products = _products(own, first, second)
        best = np.full(len(own), -1.0)
        np.maximum.at(best, first, products)
        links = Links(first, second, _fisher(products))
        return cls(rows, own, links, _distance(best), np.full(len(own), np.inf), set())

    def tracks(self, margin: float) -> list[NDArray[np.int64]]:
        """Places in `rows` of each track that stands apart by `margin`.

        A row has links to a few others, which may all be of its own track. So from each part that
        seems to stand apart the nearest rows outside are looked for, until none is new.
        """
        most = max(_LEAST, int(len(self.rows) * _LARGEST_PART))
        found: list[NDArray[np.int64]] = []
        for _ in range(_ROUNDS):
            found = parts_apart(len(self.rows), self.links, margin, _LEAST, most)
            new = [part for part in found if part.tobytes() not in self.known]
            if not new:
                return found
            self._look_outside(new)
        return [part for part in found if part.tobytes() in self.known]

    def _look_outside(self, parts: list[NDArray[np.int64]]) -> None:
        part_of = np.full(len(self.rows), -1)
        for number, part in enumerate(parts):
            part_of[part] = number
            self.known.add(part.tobytes())
        queries = np.concatenate(parts)
        nearest = np.empty(len(queries), np.int64)
        for some in chunks(len(queries), len(self.rows)):
            products = self.values[queries[some]] @ self.values.T
            products[part_of[queries[some]][:, None] == part_of] = -np.inf
            nearest[some] = products.argmax(axis=1)
        products = _products(self.values, queries, nearest)
        self.outside[queries] = _distance(products)
        self.links += Links(queries, nearest, _fisher(products))


def _products(
    values: NDArray[np.float32], first: NDArray[np.int64], second: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(m,) correlations of pairs of rows."""
    found = np.empty(len(first))
    for some in chunks(len(first), values.shape[1]):
        found[some] = np.einsum("ij,ij->i", values[first[some]], values[second[some]])
    return np.clip(found, -_MOST_ALIKE, _MOST_ALIKE)


def _fisher(products: NDArray[np.float64]) -> NDArray[np.float64]:
    """Near 1 it is less the logarithm of the distance: so a difference is a ratio of distances."""
    return np.asarray(np.arctanh(products))


def _distance(products: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.sqrt(2 - 2 * products))
