"""Images of one split that are almost an image of another."""

from collections.abc import Mapping

import numpy as np

from vestry.data.image_set import ImageSet
from vestry.exploration.finding import Finding, Group, Place, by_share
from vestry.exploration.unit_vectors import Directions, nearest

THRESHOLD = 0.1
"""A correlation of pixels of 0.995 and above."""

MANY = 0.01


def near_duplicates(
    sets: Mapping[str, ImageSet], directions: Mapping[str, Directions], first: str, other: str
) -> Finding:
    """Rows of `other` whose nearest row of `first` is under THRESHOLD, closest first.

    Exact duplicates are not among them: they are a finding of their own.
    """
    among, queries = directions[first], directions[other]
    place, distance = nearest(queries.values, among.values)
    close = np.flatnonzero(distance < THRESHOLD)
    close = close[queries.values[close].any(axis=1)]
    close = close[np.argsort(distance[close], kind="stable")]
    groups, disagreeing = [], 0
    for query in close:
        row, match = int(queries.rows[query]), int(among.rows[place[query]])
        if not np.array_equal(sets[other].images[row], sets[first].images[match]):
            pair = (Place(other, row), Place(first, match))
            groups.append(Group(pair, round(float(distance[query]), 4)))
            disagreeing += int(sets[other].labels[row] != sets[first].labels[match])
    return Finding(
        kind="near_duplicates",
        splits=(first, other),
        severity=by_share(len(groups), len(queries.rows), "medium", "low", MANY),
        count=len(groups),
        of=len(queries.rows),
        groups=groups,
        facts={
            "threshold": THRESHOLD,
            "median": round(float(np.median(distance)), 4),
            "other_label": disagreeing,
            "compared_with": len(among.rows),
        },
    )
