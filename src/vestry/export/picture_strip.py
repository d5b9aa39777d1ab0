"""Labelled images that travel in a bundle: a seeded few of each class, in one PNG."""

import base64
import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_set import ImageSet
from vestry.export.bundle import KnownImages

MOST_IMAGES, MOST_PIXELS = 400, 400 * 28 * 28


def picture_strip(rows: ImageSet, each: int, seed: int = 0) -> KnownImages:
    """Up to `each` images of every class, drawn with `seed`; fewer where they are many or large."""
    shape = rows.image_shape
    room = min(MOST_IMAGES, MOST_PIXELS // (shape[0] * shape[1])) // len(rows.classes)
    places = drawn(rows.labels, len(rows.classes), max(1, min(each, room)), seed)
    pixels = rows.images[places].reshape(-1, *shape[1:])
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG", optimize=True)
    return KnownImages(
        tuple(rows.labels[places].tolist()),
        tuple(rows.ids[places].tolist()),
        base64.b64encode(stream.getvalue()).decode(),
    )


def drawn(labels: NDArray[np.int64], classes: int, each: int, seed: int) -> NDArray[np.int64]:
    # RandomState, because NumPy promises its stream for all versions (NEP 19).
    random = np.random.RandomState(seed)
    found = []
    for label in range(classes):
        rows = np.flatnonzero(labels == label)
        found.append(np.sort(random.permutation(rows)[:each]))
    return np.concatenate(found)
