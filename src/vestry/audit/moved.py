"""Images as they look when they are cut or moved by a few pixels: a little nearer, farther, aside.

Outlines stand a pixel of displacement, so that a few such forms cover what lies between them.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

_ZOOMS = (1 / 1.1, 1.1, 1 / 1.25, 1.25)
"""About the middle: what an image cut by 1 to 4 of 32 pixels a side, or another one of which it is
such a part, is undone by."""
_STEP = 2 / 32
"""Of a side: how far images are moved aside."""
_FORMS: tuple[tuple[float, float, float], ...] = (
    *((zoom, 0.0, 0.0) for zoom in _ZOOMS),
    *((1.0, down, across) for down, across in product((-1, 0, 1), repeat=2) if down or across),
    *((1 / 1.07, down / 2, across / 2) for down, across in product((-1, 1), repeat=2)),
)
COUNT = len(_FORMS)


def moved_forms(images: NDArray[np.float32]) -> Iterator[NDArray[np.float32]]:
    """COUNT times (n, height, width), the images in another form each time, colours averaged; their
    borders are continued.

    images: (n, height, width[, 3])
    """
    grey = images.mean(axis=3) if images.ndim == 4 else images
    for zoom, down, across in _FORMS:
        rows = _sampled(images.shape[1], zoom, down)
        columns = _sampled(images.shape[2], zoom, across)
        yield np.asarray(rows @ grey @ columns.T, np.float32)


def _sampled(size: int, zoom: float, steps: float) -> NDArray[np.float32]:
    """(size, size) what each pixel takes of each old one, between two of which it lies."""
    middle = (size - 1) / 2
    places = np.clip((np.arange(size) - middle) / zoom + middle + steps * _STEP * size, 0, size - 1)
    low = np.minimum(places.astype(np.int64), size - 2)
    part = (places - low).astype(np.float32)
    matrix = np.zeros((size, size), np.float32)
    every = np.arange(size)
    matrix[every, low], matrix[every, low + 1] = 1 - part, part
    return matrix
