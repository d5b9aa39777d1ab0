"""Which image is most like another one by its outlines, and whether more so than by chance."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.audit.unit_vectors import chunks

_BLOCKS = 16
_FEWEST = 4 * _BLOCKS
"""Images to compare with below which nothing is usual."""
_MOST_ALIKE = 0.9999
"""Above, two images are the same as far as 32-bit numbers can tell."""
_UPPER = 3
"""Blocks left out from above where the spread is measured: a repeat, or a few, is in these."""

EXPECTED = 0.1
"""Pairs of different pictures that a threshold may let through in a whole search."""
_LEAST_MARGIN = 0.4
_LEAST_LIKENESS = 0.7
"""What is less alike than that is no repeat, however lonely it is."""


@dataclass(frozen=True, eq=False)
class Alike:
    """For each query its most alike row. place: (n,) which. likeness: (n,) correlation of outlines,
    -1 to 1. margin: (n,) by how much it is more alike than rows usually are, in Fisher's z. spread:
    by how much that differs between rows that are no repeats: the scale of its upper tail.
    searches: how many such searches there are of the same queries, which share what is EXPECTED."""

    place: NDArray[np.int64]
    likeness: NDArray[np.float64]
    margin: NDArray[np.float64]
    spread: float
    searches: int = 1

    @property
    def threshold(self) -> float:
        """The margin above which EXPECTED pairs of different pictures are expected in the search.

        Of each block's best half are above what is usual, and they fall off about exponentially.
        """
        count = 0.5 * _BLOCKS * len(self.margin) * self.searches
        return max(_LEAST_MARGIN, self.spread * float(np.log(max(1.0, count / EXPECTED))))

    @property
    def repeats(self) -> NDArray[np.bool_]:
        """(n,) whether the two are taken for one picture."""
        return (self.margin >= self.threshold) & (self.likeness >= _LEAST_LIKENESS)


def can_be_compared(among: NDArray[np.float32]) -> bool:
    return len(among) >= _FEWEST


def most_alike(
    queries: NDArray[np.float32],
    among: NDArray[np.float32],
    searches: int = 1,
) -> Alike:
    """The most alike row of `among` for each query.

    queries: (n, d), among: (m, d), outlines, m at least as `can_be_compared` says.

    What is usual is found by dealing `among` into blocks, each BLOCKS-th row into the same: the
    median over blocks of the best in each. A repeat is in one block or a few, so it does not count
    as usual, while a picture that is plain has much that is like it in all of them. The spread is
    taken between that median and the best block but UPPER, of most queries: so it holds where every
    picture is repeated, too.
    """
    width = len(among) // _BLOCKS
    dealt = np.arange(width * _BLOCKS).reshape(width, _BLOCKS).T.ravel()
    order = np.concatenate([dealt, np.arange(width * _BLOCKS, len(among))])
    sorted_rows = among[order]
    place = np.empty(len(queries), np.int64)
    likeness, usual, upper = (np.empty(len(queries)) for _ in range(3))
    for rows in chunks(len(queries), len(among)):
        products = queries[rows] @ sorted_rows.T
        every = np.arange(len(products))
        found = products.argmax(axis=1)
        place[rows], likeness[rows] = order[found], products[every, found]
        blocks = products[:, : width * _BLOCKS].reshape(len(products), _BLOCKS, width)
        best = np.sort(blocks.max(axis=2), axis=1)
        usual[rows], upper[rows] = np.median(best, axis=1), best[:, -1 - _UPPER]
    spreads = (_fisher(upper) - _fisher(usual)) / np.log(0.5 * _BLOCKS / (_UPPER + 1))
    spread = float(np.median(spreads)) if len(spreads) else 0.0
    return Alike(place, likeness, _fisher(likeness) - _fisher(usual), spread, searches)


def _fisher(likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse hyperbolic tangent, in which a correlation's spread is the same everywhere."""
    return np.asarray(np.arctanh(np.clip(likeness, -_MOST_ALIKE, _MOST_ALIKE)))
