"""What each class looks like: its mean image, and a few of its images."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet
from vestry.data.mapped import parts_of, picked_parts
from vestry.data.split import stratified
from vestry.schema.exploration import ClassSamples

_SAMPLES_A_CLASS = 10
_MOST_SAMPLES = 300
_MEAN_IDS = "mean/"


def mean_images(rows: ImageSet) -> tuple[list[str], NDArray[np.uint8]]:
    """Ids "mean/0", "mean/1", ... and (n, ...) uint8 pictures of the classes that have rows."""
    counts = rows.class_counts()
    sums, start = np.zeros((len(counts), *rows.image_shape)), 0
    for part in parts_of(rows.images):
        own = rows.labels[start : start + len(part)]
        for label in np.unique(own):
            sums[label] += part[own == label].sum(axis=0, dtype=np.float64)
        start += len(part)
    labels = np.flatnonzero(counts)
    each = counts[labels].reshape(-1, *[1] * len(rows.image_shape))
    pictures = np.rint(sums[labels] / each).astype(np.uint8)
    return [f"{_MEAN_IDS}{label}" for label in labels], pictures


def class_samples(rows: ImageSet, seed: int) -> ClassSamples:
    """A seeded draw of images of each class.

    At most SAMPLES_A_CLASS each, fewer where classes are many; the first classes only where there
    are more than MOST_SAMPLES of them.
    """
    each = max(1, min(_SAMPLES_A_CLASS, _MOST_SAMPLES // len(rows.classes)))
    random = np.random.RandomState(seed)  # its stream is promised for all versions (NEP 19)
    ids = []
    for label in range(min(_MOST_SAMPLES, len(rows.classes))):
        own = np.flatnonzero(rows.labels == label)
        ids.append(rows.ids[np.sort(random.permutation(own)[:each])].tolist())
    return ClassSamples(seed=seed, a_class=each, ids=ids)


# Images small enough to be compared in numbers: at most 1,024 pixels each.


_MOST_PIXELS = 1024
MOST_ROWS = 100_000
CHUNK = 2048


def small_size(image_shape: tuple[int, ...]) -> tuple[int, int]:
    """(height, width) that images are compared at: their own, or one in the same proportions."""
    height, width = image_shape[:2]
    factor = min(1.0, (_MOST_PIXELS / (height * width)) ** 0.5)
    low = max(1, int(height * factor))
    return low, max(1, min(int(width * factor), _MOST_PIXELS // low))


def small_images(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, height, width[, 3]) as float32 of at most MOST_PIXELS pixels; larger images are averaged
    over the area of each small pixel."""
    size = small_size(images.shape[1:])
    if size == images.shape[1:3]:
        return images.astype(np.float32)
    down, across = area_weights(images.shape[1], size[0]), area_weights(images.shape[2], size[1])
    result = np.empty((len(images), *size, *images.shape[3:]), np.float32)
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK].astype(np.float32)
        result[start : start + CHUNK] = np.einsum(
            "ah,nhw...,bw->nab...", down, part, across, optimize=True
        )
    return result


def area_weights(size: int, smaller: int) -> NDArray[np.float32]:
    """(smaller, size): the part of each small pixel that each old one fills; rows sum to 1."""
    edges = np.arange(smaller + 1) * (size / smaller)
    low, high = edges[:-1, None], edges[1:, None]
    old = np.arange(size)[None, :]
    overlap = np.clip(np.minimum(high, old + 1) - np.maximum(low, old), 0, None)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True), np.float32)


def vectors(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """(n, values) of the small images."""
    return small_images(images).reshape(len(images), -1)


def small_parts(rows: ImageSet, places: NDArray[np.int64]) -> Iterator[NDArray[np.float32]]:
    """`small_images` of the rows at `places`, CHUNK at a time; of mapped ones none stays in
    memory."""
    for part in picked_parts(rows.images, places):
        for start in range(0, len(part), CHUNK):
            yield small_images(part[start : start + CHUNK])


def drawn_rows(rows: ImageSet, most: int, seed: int) -> NDArray[np.int64]:
    """All rows, or `most` of them drawn by class, in their first order."""
    if len(rows) <= most:
        return np.arange(len(rows))
    return np.sort(stratified(rows.labels, most, seed))
