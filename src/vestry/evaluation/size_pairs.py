"""Learning curves held against each other, at every number of training images that two share."""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.difference import Answers, adjusted, difference
from vestry.evaluation.seed_pool import seed_pool
from vestry.schema.ablations import SizePair

Sizes = Mapping[int, NDArray[np.bool_]]
"""By images a class: (seeds, n) whether each seed's model is right on each test image."""


def size_pairs(curves: Mapping[str, Sizes]) -> list[SizePair]:
    """Every two members at every size that both have, by rising size; one family of tests."""
    pairs = [
        (size, one, other)
        for size in sorted({size for sizes in curves.values() for size in sizes})
        for one, other in combinations([name for name in curves if size in curves[name]], 2)
    ]
    pools = {
        size: seed_pool([sizes[size] for sizes in curves.values() if size in sizes])
        for size in {size for size, _, _ in pairs}
    }
    found = adjusted(
        [
            difference(*(Answers(curves[name][size], pools[size]) for name in (one, other)))
            for size, one, other in pairs
        ]
    )
    return [
        SizePair(images_per_class=size, one=one, other=other, difference=each)
        for (size, one, other), each in zip(pairs, found, strict=True)
    ]
