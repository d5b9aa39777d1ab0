"""The average training image, and how far each pixel strays from it."""

import numpy as np
from numpy.typing import NDArray

CHUNK = 2048


def mean_and_deviation(
    images: NDArray[np.uint8],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Both (height, width[, 3]), of each pixel over all images; in parts of bounded size."""
    total = np.zeros(images.shape[1:])
    squares = np.zeros(images.shape[1:])
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].astype(np.float64)
        total += part.sum(axis=0)
        squares += np.square(part).sum(axis=0)
    mean = total / len(images)  # whole numbers until here, so that nothing is lost
    return mean, np.sqrt(np.maximum(squares / len(images) - mean**2, 0))
