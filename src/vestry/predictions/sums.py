"""Sums over the rows of probability tables: what every score is made from.

A score is made from sums over rows: of losses, of squares, of rows that are right or that a class
was claimed for. So one definition serves the rows as they are and all resamples of the bootstrap at
once: the sums of a resample are the rows' facts times how often it holds each row, which is one
matrix product for many resamples.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.table import Labels

Floats = NDArray[np.floating[Any]]
BINS = 15
"""Of confidences, to add up in."""


class Placed(NamedTuple):
    """A value for each row, added up with those of the rows that have the same place.

    place: (rows,) whole numbers below `size`, such as labels; value: (rows,).
    """

    place: Labels
    value: NDArray[Any]
    size: int


RowFact = Callable[[Floats, Labels], NDArray[Any] | Placed]
"""From (rows, classes) probabilities as doubles and (rows,) labels: a number a row."""


@dataclass(frozen=True, eq=False)
class Sums:
    """Of several tables of the same rows, in several resamples of these at once.

    support: (classes,) rows of each class, the same in every resample. found: by fact.
    """

    support: Labels
    found: Mapping[RowFact, Floats]

    def __getitem__(self, fact: RowFact) -> Floats:
        """(tables, resamples), or (tables, size, resamples) of facts that have places."""
        return self.found[fact]

    @property
    def rows(self) -> int:
        return int(self.support.sum())


def sums_of_rows(values: Floats, truth: Labels, facts: Iterable[RowFact]) -> Sums:
    """Of one table, (rows, classes), on its rows as they are: one resample that is all of them."""
    found: dict[RowFact, Floats] = {}
    for fact in facts:
        given = fact(values, truth)
        if isinstance(given, Placed):
            found[fact] = np.bincount(given.place, given.value, given.size).astype(np.float64)[
                None, :, None
            ]
        else:
            found[fact] = np.asarray(given.sum(dtype=np.float64)).reshape(1, 1)
    return Sums(np.bincount(truth, minlength=values.shape[1]), found)


def equal_mass_bins(values: Floats, bins: int = BINS) -> list[NDArray[np.intp]]:
    """Rows of (n,) `values` by rising value, in at most `bins` parts of about the same size.

    Equal values share a bin, so that a score does not hang on the order of the rows.
    """
    order = np.argsort(values, kind="stable")
    rising = values[order]
    sizes = [len(part) for part in np.array_split(order, bins)]
    cuts = np.cumsum(sizes)[:-1]
    cuts = cuts[cuts < len(order)]
    starts = np.searchsorted(rising, rising[cuts], side="left")
    ends = np.searchsorted(rising, rising[cuts], side="right")
    whole = np.where(cuts - starts <= ends - cuts, starts, ends)
    return [part for part in np.split(order, np.unique(whole)) if len(part)]


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
