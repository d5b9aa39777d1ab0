"""A data source: pictures of stripes that lie or stand, as many as the study's text says."""

import numpy as np

from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.source_kind import SourceKind
from vestry.errors import DataError

SIDE = 12


def load(request):
    """`stripes:FILE`, a text file with the number of pictures in it."""
    if not request.path.is_file():
        raise DataError(f"{request.path}: no such file (source {request.text})")
    count = int(request.path.read_text())
    random = np.random.default_rng(0)
    labels = np.arange(count) % 2
    images = random.integers(0, 90, (count, SIDE, SIDE)).astype(np.uint8)
    for image, standing, phase in zip(images, labels, random.integers(0, 2, count), strict=True):
        (image.T if standing else image)[phase::2] += 60
    train = ImageSet(images, labels, ("lying", "standing"), array_ids("train", count))
    return Source(request.text, train, None, "free of rights", (f"{count} pictures were drawn",))


STRIPES = SourceKind("stripes", "drawn stripes, lying or standing", load, takes="FILE")
