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
_SAMPLE = 2000

EXPECTED = 0.1
"""Pairs of different pictures that a threshold may let through in a whole search."""
_LEAST_MARGIN, _MOST_MARGIN = 0.4, 2.0
_LEAST_LIKENESS = 0.7
"""What is less alike than that is no repeat, however lonely it is."""


@dataclass(frozen=True, eq=False)
class Alike:
    """For each query its most alike row. place: (n,) which. likeness: (n,) correlation of outlines,
    -1 to 1. margin: (n,) by how much it is more alike than rows usually are, in Fisher's z."""

    place: NDArray[np.int64]
    likeness: NDArray[np.float64]
    margin: NDArray[np.float64]

    def repeats(self, threshold: float) -> NDArray[np.bool_]:
        """(n,) whether the two are taken for one picture."""
        return (self.margin >= threshold) & (self.likeness >= _LEAST_LIKENESS)


def can_be_compared(among: NDArray[np.float32]) -> bool:
    return len(among) >= _FEWEST


def most_alike(
    queries: NDArray[np.float32],
    among: NDArray[np.float32],
    own: NDArray[np.int64] | None = None,
) -> Alike:
    """The most alike row of `among` for each query.

    queries: (n, d), among: (m, d), outlines, m at least as `can_be_compared` says. own: (n,) which
    row of `among` a query is itself, and which is not compared.

    What is usual is found by dealing `among` into blocks, each BLOCKS-th row into the same: the
    median over blocks of the best in each. A repeat is in one block or a few, so it does not count
    as usual, while a picture that is plain has much that is like it in all of them.
    """
    width = len(among) // _BLOCKS
    dealt = np.arange(width * _BLOCKS).reshape(width, _BLOCKS).T.ravel()
    order = np.concatenate([dealt, np.arange(width * _BLOCKS, len(among))])
    sorted_rows, back = among[order], np.argsort(order)
    place = np.empty(len(queries), np.int64)
    likeness, usual = np.empty(len(queries)), np.empty(len(queries))
    for rows in chunks(len(queries), len(among)):
        products = queries[rows] @ sorted_rows.T
        every = np.arange(len(products))
        if own is not None:
            products[every, back[own[rows]]] = -1
        found = products.argmax(axis=1)
        place[rows], likeness[rows] = order[found], products[every, found]
        blocks = products[:, : width * _BLOCKS].reshape(len(products), _BLOCKS, width)
        usual[rows] = np.median(blocks.max(axis=2), axis=1)
    return Alike(place, likeness, _fisher(likeness) - _fisher(usual))


def _fisher(likeness: NDArray[np.float64]) -> NDArray[np.float64]:
    """The inverse hyperbolic tangent, in which a correlation's spread is the same everywhere."""
    return np.asarray(np.arctanh(np.clip(likeness, -_MOST_ALIKE, _MOST_ALIKE)))


def learnt_threshold(found: Alike, among: NDArray[np.float32], seed: int) -> float:
    """The margin above which EXPECTED pairs of different pictures are expected in the whole search.

    Margins of different pictures fall off about exponentially. How fast is learnt from the upper
    half of the margins but its top tenth in all, where repeats would be: of the queries themselves
    and, since many of these may be repeats, of rows of `among` beside the rest of it. The steeper
    one counts.
    """
    drawn = np.sort(np.random.RandomState(seed).permutation(len(among))[:_SAMPLE])
    within = most_alike(among[drawn], among, drawn)
    count = len(found.margin)
    learnt = min(_tail(margin, count) for margin in (found.margin, within.margin))
    return float(np.clip(learnt, _LEAST_MARGIN, _MOST_MARGIN))


def _tail(margin: NDArray[np.float64], count: int) -> float:
    """Where an exponential through the median and the top tenth leaves EXPECTED of `count`."""
    middle, high = np.quantile(margin, [0.5, 0.9])
    scale = (high - middle) / np.log(5)
    return float(middle + scale * np.log(max(1.0, 0.5 * count / EXPECTED)))
