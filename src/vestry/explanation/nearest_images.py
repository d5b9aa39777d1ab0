"""The training images that look most like a given one."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet
from vestry.exploration.small_images import vectors
from vestry.exploration.unit_vectors import Directions, nearest_rows, unit_vectors

COUNT = 3


@dataclass(frozen=True)
class Near:
    """A training image, its label, and how far it is: see `vestry.exploration.unit_vectors`."""

    id: str
    label: int
    distance: float


def nearest_images(
    images: NDArray[np.uint8], training: ImageSet, among: Directions, count: int = COUNT
) -> list[list[Near]]:
    """For each of `images` its `count` nearest of `among`, the directions of `training`."""
    if not len(images):
        return []
    queries = unit_vectors(vectors(images))
    found = []
    for query, top in zip(queries, nearest_rows(queries, among.values, count), strict=True):
        # From the difference: in float32 a product close to 1 loses small distances.
        distances = np.linalg.norm(among.values[top].astype(np.float64) - query, axis=1)
        order = np.argsort(distances, kind="stable")
        found.append(
            [
                Near(
                    str(training.ids[among.rows[top[place]]]),
                    int(among.labels[top[place]]),
                    float(distances[place]),
                )
                for place in order
            ]
        )
    return found
