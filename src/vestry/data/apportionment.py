"""Whole numbers of rows for each class, in proportion to what there is."""

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.int64]


def largest_remainder(counts: Counts, size: int) -> Counts:
    """Whole shares of `size` in proportion to `counts` that add up to it (Hamilton's method).

    Reckoned in integers, so that no share depends on rounding; ties go to the lower class.
    """
    total = int(counts.sum())
    shares = counts * size // total
    remainders = counts * size % total
    lacking = size - int(shares.sum())
    shares[np.argsort(-remainders, kind="stable")[:lacking]] += 1
    return shares


def class_shares(counts: Counts, size: int, leaving: bool) -> Counts:
    """(classes,) how many of `size` rows each class gives: within one row of its proportion.

    counts: (classes,) rows that there are, `size` of them at least. Where that one row allows it,
    each class is among what is taken and, if `leaving`, among what is left, too; a class's only
    row is then left. Where nothing is rare, these are the shares of `largest_remainder`.
    """
    if not size:
        return np.zeros_like(counts)
    total = int(counts.sum())
    fair = counts * size  # in parts of `total`
    lowest = np.maximum(0, -(-fair // total) - 1)
    highest = np.minimum(counts, fair // total + 1)
    least = np.maximum(lowest, (counts > (1 if leaving else 0)).astype(np.int64))
    most = np.minimum(highest, counts - 1) if leaving else highest
    most = np.maximum(most, lowest)
    shares = np.clip(largest_remainder(counts, size), least, most)
    surplus = shares * total - fair
    for low, high in ((least, most), (lowest, highest)):
        _move(shares, surplus, size, low, high, total)
    return shares


def _move(
    shares: Counts, surplus: Counts, size: int, lowest: Counts, highest: Counts, total: int
) -> None:
    """Bring the sum of `shares` to `size`, as far as the bounds allow, row by row: off the class
    that has most above its proportion, or to the one that lacks most."""
    while (excess := int(shares.sum()) - size) != 0:
        step = 1 if excess < 0 else -1
        free = np.flatnonzero(shares < highest if step > 0 else shares > lowest)
        if not len(free):
            return
        chosen = free[np.argmax(-step * surplus[free])]
        shares[chosen] += step
        surplus[chosen] += step * total
