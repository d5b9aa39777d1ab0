"""Rows cut into folds by what they hold and not by where they stand."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vestry.committees.rule import Labels, Stack

Rows = NDArray[np.int64]


def canonical_order(stacked: Stack, truth: Labels) -> Rows:
    """(n,) rows sorted by label, then by probabilities: the same however they were ordered."""
    columns = np.concatenate(list(stacked), axis=1).T
    return np.lexsort((*columns[::-1], truth))


def folds(stacked: Stack, truth: Labels, count: int) -> Iterator[tuple[Rows, Rows]]:
    """`count` pairs of rows to fit on and rows held out; every fold has its share of each class.

    Row i of the canonical order is held out in fold i mod `count`, so that neither a seed nor the
    order of the rows decides.
    """
    order = canonical_order(stacked, truth)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) % count
    for fold in range(count):
        yield np.flatnonzero(place != fold), np.flatnonzero(place == fold)
