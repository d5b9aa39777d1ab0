"""Images as directions: without their mean, at length 1; and their nearest neighbours.

The distance of two such vectors is the square root of 2 - 2r, r the correlation of their pixels:
0 for the same picture whatever its brightness and contrast, 1.41 for pictures that have nothing to
do with each other, 2 for a picture and its negative.
"""

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from vestry.audit.pictures import MOST_ROWS, drawn_rows, small_parts, small_size
from vestry.data.image_set import ImageSet

_CELLS = 20_000_000
"""Products held at a time: 80 MB."""

SMALLEST_DEVIATION = 1e-3


@dataclass(frozen=True, eq=False)
class Directions:
    """One split's images.

    values: (n, d) float32, zeros for a constant image. labels: (n,). rows: (n,) which rows of the
    split these are: all, or some drawn by class. of: how many the split has. shape: of the
    small images, (height, width) or (height, width, 3).
    """

    values: NDArray[np.float32]
    labels: NDArray[np.int64]
    rows: NDArray[np.int64]
    of: int
    shape: tuple[int, ...]

    @classmethod
    def of_images(cls, rows: ImageSet, seed: int, most: int = MOST_ROWS) -> "Directions":
        """most: rows, of which more are drawn from."""
        drawn = drawn_rows(rows, most, seed)
        shape = (*small_size(rows.image_shape), *rows.image_shape[2:])
        values, start = np.empty((len(drawn), prod(shape)), np.float32), 0
        for small in small_parts(rows, drawn):
            values[start : start + len(small)] = small.reshape(len(small), -1)
            start += len(small)
        return cls(unit_vectors(values), rows.labels[drawn], drawn, len(rows), shape)

    @property
    def images(self) -> NDArray[np.float32]:
        """`values` as images, (n, height, width[, 3])."""
        return self.values.reshape(len(self.values), *self.shape)

    @property
    def is_capped(self) -> bool:
        return len(self.rows) < self.of


def unit_vectors(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Each row less its mean, over its length; written over `values`."""
    values -= values.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", values, values))
    flat = lengths < SMALLEST_DEVIATION * np.sqrt(values.shape[1])
    lengths[flat] = 1
    values /= lengths[:, None]
    values[flat] = 0
    return values


def nearest(
    queries: NDArray[np.float32], among: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """For each query the nearest row of `among`, and its distance; in chunks of bounded size."""
    found = np.empty(len(queries), np.int64)
    for rows in chunks(len(queries), len(among)):
        found[rows] = (queries[rows] @ among.T).argmax(axis=1)
    # Once more from the difference: in float32 a product close to 1 loses small distances.
    distance = np.empty(len(queries))
    for rows in chunks(len(queries), queries.shape[1]):
        difference = queries[rows] - among[found[rows]]
        distance[rows] = np.sqrt(np.einsum("ij,ij->i", difference, difference))
    return found, distance


def nearest_rows(
    queries: NDArray[np.float32], among: NDArray[np.float32], count: int
) -> NDArray[np.int64]:
    """(n, count) the rows of `among` that have the largest products with each query, largest first;
    fewer columns where `among` has fewer rows."""
    count = min(count, len(among))
    found = np.empty((len(queries), count), np.int64)
    for rows in chunks(len(queries), len(among)):
        products = queries[rows] @ among.T
        every = np.arange(len(products))
        for place in range(count):
            found[rows, place] = products.argmax(axis=1)
            products[every, found[rows, place]] = -np.inf
    return found


def neighbour_distance(
    queries: NDArray[np.float32], among: NDArray[np.float32], count: int, same: bool
) -> NDArray[np.float64]:
    """(n,) the mean distance of each query to its `count` nearest rows of `among`.

    same: queries and `among` are the same rows, and no row counts as its own neighbour.
    """
    found = np.empty(len(queries))
    for rows in chunks(len(queries), len(among)):
        products = queries[rows] @ among.T
        if same:
            own = np.arange(rows.start, rows.start + len(products))
            products[np.arange(len(products)), own] = -np.inf
        top = _largest(products, count)
        found[rows] = np.sqrt(np.clip(2 - 2 * top.astype(np.float64), 0, None)).mean(axis=1)
    return found


def _largest(products: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """(n, count) the largest of each row, which are then lost from `products`.

    One after the other: for a few that takes a fifth of the time of a partition.
    """
    found = np.empty((len(products), count), np.float32)
    every = np.arange(len(products))
    for place in range(count):
        at = products.argmax(axis=1)
        found[:, place] = products[every, at]
        products[every, at] = -np.inf
    return found


def chunks(rows: int, width: int) -> list[slice]:
    step = max(1, _CELLS // max(1, width))
    return [slice(start, min(rows, start + step)) for start in range(0, rows, step)]
