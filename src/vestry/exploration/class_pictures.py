"""What each class looks like: its mean image, and a few of its images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet

SAMPLES_A_CLASS = 10
MOST_SAMPLES = 300
MEAN_IDS = "mean/"


def mean_images(rows: ImageSet) -> tuple[list[str], NDArray[np.uint8]]:
    """Ids "mean/0", "mean/1", ... and (n, ...) uint8 pictures of the classes that have rows."""
    labels = np.flatnonzero(rows.class_counts())
    pictures = np.empty((len(labels), *rows.image_shape), np.uint8)
    for place, label in enumerate(labels):
        pictures[place] = np.rint(rows.images[rows.labels == label].mean(axis=0))
    return [f"{MEAN_IDS}{label}" for label in labels], pictures


def class_samples(rows: ImageSet, seed: int) -> dict[str, Any]:
    """A seeded draw of images of each class: `ids` has one list a class.

    At most SAMPLES_A_CLASS each, fewer where classes are many; the first classes only where there
    are more than MOST_SAMPLES of them.
    """
    each = max(1, min(SAMPLES_A_CLASS, MOST_SAMPLES // len(rows.classes)))
    random = np.random.RandomState(seed)  # its stream is promised for all versions (NEP 19)
    ids = []
    for label in range(min(MOST_SAMPLES, len(rows.classes))):
        own = np.flatnonzero(rows.labels == label)
        ids.append(rows.ids[np.sort(random.permutation(own)[:each])].tolist())
    return {"seed": seed, "a_class": each, "ids": ids}
