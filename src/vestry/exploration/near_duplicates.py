"""Images of one split that are almost an image of another, as they stand or shifted by a pixel."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet
from vestry.exploration.finding import Finding, Group, Place, by_share
from vestry.exploration.shifts import can_be_shifted, shifted_distance
from vestry.exploration.spectra import spectra
from vestry.exploration.unit_vectors import Directions, nearest, nearest_rows

THRESHOLD = 0.1
"""A correlation of pixels of 0.995 and above."""

CANDIDATES = 5
"""Of 4,000 Fashion-MNIST images shifted by a pixel all were among the first five by spectrum."""

MANY = 0.01

Rows = NDArray[np.int64]
Distances = NDArray[np.float64]


def near_duplicates(
    sets: Mapping[str, ImageSet], directions: Mapping[str, Directions], first: str, other: str
) -> Finding:
    """Rows of `other` that have a row of `first` closer than THRESHOLD, closest first.

    The distance is that of the two images, or the smallest over shifts by one pixel. Exact
    duplicates are not among them: they are a finding of their own.
    """
    among, queries = directions[first], directions[other]
    place, plain = nearest(queries.values, among.values)
    distance = plain.copy()
    if shifts := can_be_shifted(among.shape):
        shifted_place, shifted = nearest_shifted(queries, among)
        closer = shifted < distance
        place[closer], distance[closer] = shifted_place[closer], shifted[closer]
    close = np.flatnonzero(distance < THRESHOLD)
    close = close[queries.values[close].any(axis=1)]
    close = close[np.argsort(distance[close], kind="stable")]
    groups, disagreeing, moved = [], 0, 0
    for query in close:
        row, match = int(queries.rows[query]), int(among.rows[place[query]])
        if not np.array_equal(sets[other].images[row], sets[first].images[match]):
            pair = (Place(other, row), Place(first, match))
            groups.append(Group(pair, round(float(distance[query]), 4)))
            disagreeing += int(sets[other].labels[row] != sets[first].labels[match])
            moved += int(plain[query] >= THRESHOLD)
    return Finding(
        kind="near_duplicates",
        splits=(first, other),
        severity=by_share(len(groups), len(queries.rows), "medium", "low", MANY),
        count=len(groups),
        of=len(queries.rows),
        groups=groups,
        facts={
            "threshold": THRESHOLD,
            "median": round(float(np.median(plain)), 4),
            "other_label": disagreeing,
            "compared_with": len(among.rows),
            "shifted": moved if shifts else None,
        },
        repeated=other,
    )


def nearest_shifted(queries: Directions, among: Directions) -> tuple[Rows, Distances]:
    """For each query the row of `among` that is nearest when shifted by a pixel, and its distance.

    Only the CANDIDATES whose spectra are most alike are compared: a shift moves the pixels of a
    fine pattern further apart than those of two different images, but leaves its spectrum.
    """
    candidates = nearest_rows(spectra(queries.images), spectra(among.images), CANDIDATES)
    place, distance = candidates[:, 0].copy(), np.full(len(candidates), 2.0)
    for column in candidates.T:
        found = shifted_distance(queries.images, among.images, column)
        closer = found < distance
        place[closer], distance[closer] = column[closer], found[closer]
    return place, distance
