"""Resizing as two matrix products, so that every runtime computes it alike."""

import numpy as np
from numpy.typing import NDArray


def resize_matrix(size: int, wanted: int) -> NDArray[np.float32]:
    """(wanted, size): each row holds what a new pixel takes of the old ones; rows sum to 1.

    Bilinear with aligned pixel centres and, where it shrinks, a filter as wide as a new pixel:
    what torch does with `antialias=True`, and Pillow by default.
    """
    scale = size / wanted
    width = max(scale, 1.0)
    centres = scale * (np.arange(wanted) + 0.5)
    distances = (np.arange(size) + 0.5 - centres[:, None]) / width
    weights = np.maximum(0.0, 1.0 - np.abs(distances))
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)
