"""Sums over the rows of probability tables, and over resamples of these rows.

A score is made from sums over rows, so that one definition serves the rows as they are and all
resamples at once: the sums of a resample are the rows' facts times how often it holds each row.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.sums import Floats, Placed, RowFact, Sums
from vestry.predictions.table import Labels

_CELLS = 500_000
"""Counts of rows in resamples that are held at once: 4 MB as doubles, which a cache holds."""


def drawn(support: Labels, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """(rows, some resamples) how often each row stands in each resample; rows sorted by class.

    Each resample draws from every class as many rows as there are, with replacement: the stratified
    bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993).
    """
    rows = int(support.sum())
    start = np.repeat(np.cumsum(support) - support, support)
    of = np.repeat(support, support).astype(np.float64)
    step = max(1, _CELLS // rows)
    for first in range(0, resamples, step):
        some = min(step, resamples - first)
        # A product of this size is never rounded up to `of`: see the spacing of doubles below it.
        places = (rng.random((some, rows)) * of).astype(np.int64) + start
        places += rows * np.arange(some)[:, None]
        counts = np.bincount(places.ravel(), minlength=some * rows).reshape(some, rows)
        yield np.ascontiguousarray(counts.T, dtype=np.float64)


class ResampledSums:
    """Facts of all rows of several tables, to be added up for any resamples.

    dense: (facts x tables, rows), a fact's tables one after the other. placed: a sparse matrix of
    blocks (size, rows), in the same order: most of what a row says of 10 classes or 15 bins is 0.
    """

    def __init__(
        self, tables: Sequence[NDArray[np.float32]], truth: Labels, facts: Iterable[RowFact]
    ) -> None:
        """tables: (rows, classes) of each; truth: (rows,) labels."""
        doubles = [values.astype(np.float64) for values in tables]
        self.tables = len(doubles)
        self.support = np.bincount(truth, minlength=doubles[0].shape[1])
        self._dense: dict[RowFact, list[NDArray[Any]]] = {}
        self._placed: dict[RowFact, list[Placed]] = {}
        for fact in facts:
            for values in doubles:
                given = fact(values, truth)
                if isinstance(given, Placed):
                    self._placed.setdefault(fact, []).append(given)
                else:
                    self._dense.setdefault(fact, []).append(given)
        no_rows = np.empty((0, len(truth)))
        self.dense = np.vstack([no_rows, *(row for each in self._dense.values() for row in each)])
        placed = [each for several in self._placed.values() for each in several]
        self.placed = _stacked(placed) if placed else no_rows

    def of(self, counts: Floats) -> Sums:
        """counts: (rows, resamples) how often each row stands in each resample."""
        found: dict[RowFact, Floats] = {}
        dense = (self.dense @ counts).reshape(-1, self.tables, counts.shape[1])
        found |= dict(zip(self._dense, dense, strict=True))
        start, placed = 0, self.placed @ counts if self._placed else np.empty(0)
        for fact, (first, *_) in self._placed.items():
            end = start + self.tables * first.size
            found[fact] = placed[start:end].reshape(self.tables, first.size, -1)
            start = end
        return Sums(self.support, found)


def _stacked(blocks: Sequence[Placed]) -> Any:
    """(all places, rows) sparse: in each block, each row's value at its place."""
    from scipy.sparse import csr_matrix, vstack  # noqa: PLC0415 - studies are read without it

    rows = [np.arange(len(block.place)) for block in blocks]
    return vstack(
        [
            csr_matrix((block.value, (block.place, row)), shape=(block.size, len(row)), dtype=float)
            for block, row in zip(blocks, rows, strict=True)
        ],
        "csr",
    )
