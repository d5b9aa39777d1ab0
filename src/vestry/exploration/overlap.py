"""Which classes lie among each other: counts of nearest neighbours."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

NEIGHBOURS = 10
PAIRS = 10


def overlap(
    components: NDArray[np.float32], labels: NDArray[np.int64], classes: int
) -> dict[str, Any]:
    """Of the ten nearest neighbours of each image, how many are of which class.

    components: (n, d) in which distances are taken. pairs: the classes with the largest share of
    neighbours that belong to the other one; own: for each class the share that are its own (None
    where it has no image here).
    """
    count = min(NEIGHBOURS, len(components) - 1)
    found = nearest_rows(components, count)
    links = np.zeros((classes, classes), np.int64)
    np.add.at(links, (np.repeat(labels, count), labels[found].ravel()), 1)
    given = links.sum(axis=1)
    pairs = []
    for one in range(classes):
        for other in range(one + 1, classes):
            shared = int(links[one, other] + links[other, one])
            if shared:
                share = shared / int(given[one] + given[other])
                pairs.append({"classes": [one, other], "shared": shared, "share": round(share, 4)})
    pairs.sort(key=lambda pair: -float(pair["share"]))  # type: ignore[arg-type]
    return {
        "neighbours": count,
        "dimensions": components.shape[1],
        "pairs": pairs[:PAIRS],
        "own": [
            round(float(links[c, c] / given[c]), 4) if given[c] else None for c in range(classes)
        ],
    }


def nearest_rows(values: NDArray[np.float32], count: int) -> NDArray[np.int64]:
    """(n, count) the nearest other rows; a bounded number of rows at a time."""
    squares = np.einsum("ij,ij->i", values, values)
    found = np.empty((len(values), count), np.int64)
    for start in range(0, len(values), 1024):
        part = values[start : start + 1024]
        distance = squares[None, :] - 2 * part @ values.T
        distance[np.arange(len(part)), np.arange(start, start + len(part))] = np.inf
        found[start : start + 1024] = np.argpartition(distance, count - 1, axis=1)[:, :count]
    return found
