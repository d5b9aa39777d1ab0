"""What the training images have around their object, so that photographs can be made like them."""

import numpy as np
from numpy.typing import NDArray

from vestry.export.bundle import Border

ROWS = 2000
DARK, LIGHT = 24, 231
"""Border pixels at most, or at least, this bright."""
SHARE = 0.75
"""Of all border pixels: an object may touch the edge, as a trouser leg does."""


def border_of(images: NDArray[np.uint8]) -> Border | None:
    """ "dark" or "light" where most of the outermost pixels are; None where they are of all kinds.

    images: (n, height, width[, 3]); at most 2,000 of them are looked at, evenly spread.
    """
    some = images[:: max(1, len(images) // ROWS)]
    edges = (some[:, 0], some[:, -1], some[:, 1:-1, 0], some[:, 1:-1, -1])
    ring = np.concatenate([edge.reshape(-1) for edge in edges])
    if (ring <= DARK).mean() >= SHARE:
        return "dark"
    return "light" if (ring >= LIGHT).mean() >= SHARE else None
