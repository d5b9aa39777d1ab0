"""Rows set aside from fitting: every class has its share, and none loses its last row."""

import numpy as np
from numpy.typing import NDArray

from vestry.classifiers.parameter_error import ParameterError

Rows = NDArray[np.int64]

HELD_OUT = 2
"""What tells this drawing from what training draws of the same seed."""


def held_out_rows(labels: NDArray[np.int64], fraction: float, seed: int) -> tuple[Rows, Rows]:
    """Rows to fit on and rows held out, each in ascending order.

    labels: (n,). Every class keeps at least one row to fit on, so a class of a single row has
    none held out. Raises ParameterError where `fraction` is not between 0 and 1 or takes no row.
    """
    if not 0 < fraction < 1:
        raise ParameterError(f"validation_fraction = {fraction!r} is not between 0 and 1")
    random = np.random.default_rng([seed, HELD_OUT])
    order = np.lexsort((random.random(len(labels)), labels))
    # Going through the classes one after the other, each row adds `fraction` to what is owed.
    owed = np.floor(fraction * np.arange(len(labels) + 1) + random.random())
    taken = np.diff(owed) >= 1
    counts = np.bincount(labels)
    lost = np.bincount(labels[order][taken], minlength=len(counts))
    firsts = np.cumsum(counts) - counts
    taken[firsts[(lost == counts) & (counts > 0)]] = False
    if not taken.any():
        raise ParameterError(
            f"validation_fraction = {fraction!r} of {len(labels)} rows holds none out; "
            "give more rows or a larger fraction"
        )
    return np.sort(order[~taken]), np.sort(order[taken])
