"""The parity gate: an exported file must answer as its source did, on real rows.

Converters are known to be silently wrong for some models, so nothing is exported on trust.
"""

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from vestry.errors import ModelError
from vestry.predictions.same_answers import same_answers

TOLERANCE = 1e-4
"""The largest difference of two probabilities that passes."""
GATE_ROWS = 1000
"""So many real rows are asked for; fewer are taken only where there are no more."""
_AT_ONCE = 500

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
Tell = Callable[[int, int], None]
Certificate = dict[str, Any]


class Images(Protocol):
    """(n, height, width[, 3]) uint8, of which a slice is an array: all of them may be too many."""

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice, /) -> NDArray[np.uint8]: ...


def certified(
    predict: Predict,
    images: Images,
    expected: NDArray[np.float32],
    tell: Tell | None = None,
    what: str = "rows",
) -> Certificate:
    """What was measured of `predict` against the source's own (n, classes) probabilities.

    tell: takes rows done and rows in all. what: how an error calls the images. Raises ModelError
    where a label differs, but for classes that tie, or a probability is more than 1e-4 off: the
    file is not what it was made from.
    """
    if not len(images):
        raise ModelError("parity: there are no rows to hold the exported file against")
    gap, equal, ties = 0.0, 0, 0
    for start in range(0, len(images), _AT_ONCE):
        rows = slice(start, start + _AT_ONCE)
        given, wanted = predict(images[rows]), expected[rows]
        if given.shape != wanted.shape:
            raise ModelError(f"parity: the file gives {given.shape}, its source {wanted.shape}")
        difference = np.abs(given.astype(np.float64) - wanted)
        # NaN is no small difference
        gap = max(gap, float(np.where(np.isfinite(difference), difference, np.inf).max()))
        same = same_answers(given, wanted)
        equal, ties = equal + same.equal, ties + same.ties
        if tell:
            tell(min(start + _AT_ONCE, len(images)), len(images))
    if equal < len(images) or gap > TOLERANCE:
        raise ModelError(
            "parity: the exported file does not answer as its source does; nothing was written "
            f"(labels equal on {equal:,} of {len(images):,} {what}, probabilities up to {gap:.1e} "
            f"apart, {TOLERANCE:.0e} allowed)"
        )
    return {
        "rows": len(images),
        "labels_equal": equal,
        "ties": ties,
        "largest_gap": gap,
        "tolerance": TOLERANCE,
    }
