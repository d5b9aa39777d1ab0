"""The distance of two images where one may be shifted by a pixel."""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from vestry.exploration.unit_vectors import SMALLEST_DEVIATION, chunks

SHIFTS = tuple(shift for shift in product((-1, 0, 1), repeat=2) if any(shift))
SMALLEST_SIDE = 16
"""In smaller images a pixel is too much of the picture for a shift by one to be the same."""


def can_be_shifted(shape: tuple[int, ...]) -> bool:
    return min(shape[:2]) >= SMALLEST_SIDE


def shifted_distance(
    images: NDArray[np.float32], among: NDArray[np.float32], place: NDArray[np.int64]
) -> NDArray[np.float64]:
    """(n,) the smallest distance of each image and its own one of `among` over shifts by one pixel,
    diagonal ones too.

    images: (n, height, width[, 3]); place: (n,) which of `among` each is compared with. Compared
    are what an image holds within its border of one pixel and the part of the other that a shift
    moves there, each less its mean and over its length: so it does not matter what a shift filled
    up with. 2, the largest distance, where one of the two is constant.
    """
    found = np.full(len(images), 2.0)
    for rows in chunks(len(images), images[:1].size):
        inner, others = parts(images[rows], 0, 0), among[place[rows]]
        for down, across in SHIFTS:
            moved = parts(others, down, across)
            both = inner.any(axis=1) & moved.any(axis=1)
            difference = inner - moved
            distance = np.sqrt(np.einsum("ij,ij->i", difference, difference))
            found[rows] = np.where(both, np.minimum(found[rows], distance), found[rows])
    return found


def parts(images: NDArray[np.float32], down: int, across: int) -> NDArray[np.float32]:
    """(n, values) each image but a border of one pixel, moved; less its mean, over its length."""
    height, width = images.shape[1:3]
    part = images[:, 1 + down : height - 1 + down, 1 + across : width - 1 + across]
    flat = part.reshape(len(images), -1)
    flat = flat - flat.mean(axis=1, keepdims=True)
    lengths = np.sqrt(np.einsum("ij,ij->i", flat, flat))
    # Of the whole image's length, which is 1.
    lengths[lengths < SMALLEST_DEVIATION] = np.inf
    return np.asarray(flat / lengths[:, None], np.float32)
