"""Images that are equal byte for byte, beside a slow search for them."""

import numpy as np
import pytest

from vestry.audit.duplicates import identical_groups
from vestry.audit.finding import Place
from vestry.data.image_set import ImageSet, array_ids


def rows(count, name, random):
    images = random.integers(0, 3, (count, 2, 2)).astype(np.uint8)
    return ImageSet(images, np.zeros(count, np.int64), ("a", "b"), array_ids(name, count))


@pytest.mark.parametrize("count", [1, 2, 50, 300])
def test_they_are_found_in_the_order_in_which_they_come(count):
    random = np.random.default_rng(count)
    sets = {name: rows(size, name, random) for name, size in (("x", count), ("y", 3), ("z", 40))}
    slow: dict[bytes, list[Place]] = {}
    for split, own in sets.items():
        for row, image in enumerate(own.images):
            slow.setdefault(image.tobytes(), []).append(Place(split, row))
    assert identical_groups(sets) == [group for group in slow.values() if len(group) > 1]
