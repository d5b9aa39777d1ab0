"""Sizes, ranges and class counts of each split; mean and deviation of each class."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet


def facts(sets: Mapping[str, ImageSet]) -> dict[str, Any]:
    """What the images are, in numbers; nothing in it is estimated."""
    rows = next(iter(sets.values()))
    return {
        "colour": len(rows.image_shape) == 3,
        "dtype": str(rows.images.dtype),
        "image_shape": list(rows.image_shape),
        "classes": list(rows.classes),
        "splits": {split: split_facts(rows) for split, rows in sets.items()},
    }


def split_facts(rows: ImageSet) -> dict[str, Any]:
    """One split; histograms give range, mean and deviation exactly, without float copies.

    Means and deviations are None where there are no images.
    """
    counts = np.zeros((len(rows.classes), 256), np.int64)
    for label in range(len(rows.classes)):
        counts[label] = np.bincount(rows.images[rows.labels == label].ravel(), minlength=256)
    present = np.flatnonzero(counts.sum(axis=0))
    mean, deviation = moments(counts.sum(axis=0))
    by_class = [moments(row) for row in counts]
    missing = rows.missing
    return {
        "shape": list(rows.images.shape),
        "bytes": int(rows.images.nbytes),
        "pixel_range": [int(present[0]), int(present[-1])] if len(present) else None,
        "pixel_mean": mean,
        "pixel_deviation": deviation,
        "class_counts": rows.class_counts().tolist(),
        "class_means": [found[0] for found in by_class],
        "class_deviations": [found[1] for found in by_class],
        "missing_values": None if missing is None else int(missing.sum()),
        "images_with_missing": None if missing is None else int(np.count_nonzero(missing)),
    }


def moments(histogram: NDArray[np.int64]) -> tuple[float | None, float | None]:
    """Mean and standard deviation of values 0 to 255, each as often as `histogram` says."""
    total = int(histogram.sum())
    if not total:
        return None, None
    values = np.arange(256, dtype=np.float64)
    mean = float(histogram @ values / total)
    return mean, float(np.sqrt(histogram @ (values - mean) ** 2 / total))
