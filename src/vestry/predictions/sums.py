"""Sums over the rows of probability tables: what every score is made from.

A score is made from sums over rows: of losses, of squares, of rows that are right or that a class
was claimed for. So one definition serves the score itself and how much each row moves it: the
slope of the score along each sum, times what the row adds to that sum; and it serves resamples of
the rows, whose sums are the rows' facts times how often each row is held. What may be summed, a
number a row, stands here, too.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.table import Labels

Floats = NDArray[np.floating[Any]]
_BINS = 15
"""Of confidences, to add up in."""
_STEP = 1e-5
_AT_ONCE = 256


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
    """Of one table, or of versions of it whose sums are a little other.

    support: (classes,) rows of each class, the same in every version. found: by fact.
    """

    support: Labels
    found: Mapping[RowFact, Floats]

    def __getitem__(self, fact: RowFact) -> Floats:
        """(1, versions), or (1, size, versions) of facts that have places."""
        return self.found[fact]

    @property
    def rows(self) -> int:
        return int(self.support.sum())


def sums_of_rows(values: Floats, truth: Labels, facts: Iterable[RowFact]) -> Sums:
    """Of one table, (rows, classes): one version."""
    found = {fact: _summed(fact(values, truth)) for fact in facts}
    return Sums(np.bincount(truth, minlength=values.shape[1]), found)


def _summed(given: NDArray[Any] | Placed) -> Floats:
    if isinstance(given, Placed):
        sums = np.bincount(given.place, given.value, given.size).astype(np.float64)
        return np.asarray(sums[None, :, None])
    return np.asarray(given.sum(dtype=np.float64)).reshape(1, 1)


def slopes(
    value: Callable[[Sums], Floats], sums: Sums, facts: Iterable[RowFact]
) -> dict[RowFact, Floats]:
    """How fast a score moves with each of its sums: (size,) by fact, (1,) of those without places.

    value: the score as a function of `sums`, which are one version. By differences, so that a score
    has to say nothing of its slopes; a step is a small part of a row.
    """
    start = float(np.ravel(value(sums))[0])
    found: dict[RowFact, Floats] = {}
    for fact in facts:
        size = sums[fact].size
        parts = [
            np.ravel(value(_moved(sums, fact, range(first, min(first + _AT_ONCE, size)))))
            for first in range(0, size, _AT_ONCE)
        ]
        found[fact] = (np.concatenate(parts) - start) / _STEP
    return found


def _moved(sums: Sums, fact: RowFact, places: range) -> Sums:
    """A version for each of these places of the fact: with a step more there."""
    versions = {each: np.repeat(some, len(places), axis=-1) for each, some in sums.found.items()}
    versions[fact].reshape(-1, len(places))[list(places), range(len(places))] += _STEP
    return Sums(sums.support, versions)


def along(slope: Mapping[RowFact, Floats], values: Floats, truth: Labels) -> Floats:
    """(rows,) what each row of a table adds to a score whose slopes these are."""
    total = np.zeros(len(truth))
    for fact, each in slope.items():
        given = fact(values, truth)
        if isinstance(given, Placed):
            total += each[given.place] * given.value
        else:
            total += each[0] * given
    return total


def equal_mass_bins(values: Floats, bins: int = _BINS) -> list[NDArray[np.intp]]:
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


# What may be summed: a number a row, of (rows, classes) probabilities and (rows,) labels.


def predicted(values: Floats, truth: Labels) -> Placed:
    """1 for each row, by the class that it was taken for."""
    return Placed(values.argmax(axis=1), np.ones(len(truth)), values.shape[1])


def right(values: Floats, truth: Labels) -> Placed:
    """1 for each row that was taken for what it is, by that class."""
    labels = values.argmax(axis=1)
    return Placed(labels, labels == truth, values.shape[1])


def of_class(values: Floats, truth: Labels) -> Placed:
    """1 for each row, by the class that it is of."""
    return Placed(truth, np.ones(len(truth)), values.shape[1])


def right_at_half(values: Floats, truth: Labels) -> NDArray[np.bool_]:
    """1 where the true class has a probability above 0.5."""
    return np.asarray(values[np.arange(len(truth)), truth] > 0.5)


def claimed_at_half(values: Floats, truth: Labels) -> Labels:  # noqa: ARG001
    """1 where some class has a probability above 0.5; two cannot."""
    return np.asarray((values > 0.5).sum(axis=1))


def log_losses(values: Floats, truth: Labels) -> Floats:
    """Negative log probability of the truth, in nats; clipped as scikit-learn does."""
    tiny = np.finfo(np.float64).eps
    given = values[np.arange(len(truth)), truth] / values.sum(axis=1)
    return np.asarray(-np.log(np.clip(given, tiny, 1 - tiny)))


def briers(values: Floats, truth: Labels) -> Floats:
    """Squared distances from the truth as (0, .., 1, .., 0), 0 to 2."""
    return np.asarray((values**2).sum(axis=1) - 2 * values[np.arange(len(truth)), truth] + 1)


def gaps(values: Floats, truth: Labels) -> Placed:
    """Confidence less 1 where it is right, by the bin that the row's confidence is in."""
    confidence, hit = values.max(axis=1), values.argmax(axis=1) == truth
    bins = np.empty(len(truth), dtype=np.int64)
    for number, part in enumerate(equal_mass_bins(confidence)):
        bins[part] = number
    return Placed(bins, confidence - hit, _BINS)


# Over resamples of the rows.


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
        self, tables: Iterable[NDArray[Any]], truth: Labels, facts: Iterable[RowFact]
    ) -> None:
        """tables: (rows, classes) of each, at least one, of which none is kept; truth: (rows,)
        labels."""
        self._dense: dict[RowFact, list[NDArray[Any]]] = {}
        self._placed: dict[RowFact, list[Placed]] = {}
        asked = tuple(facts)
        for number, table in enumerate(tables, 1):
            values = table.astype(np.float64, copy=False)
            self.tables = number
            self.support = np.bincount(truth, minlength=values.shape[1])
            for fact in asked:
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
