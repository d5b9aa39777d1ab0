"""The pixels as they are, from 0 to 1."""

import math
from typing import Literal

from vestry.members.estimators.features.feature_step import (
    Extractor,
    Graph,
    Learnt,
    Shape,
    register,
)


@register
class Pixels(Extractor):
    """Every channel of every pixel, a plane a channel."""

    name = "pixels"
    is_kept = False
    pixels: Literal[True]

    def width(self, shape: Shape) -> int:
        return math.prod(shape)

    def nodes(self, graph: Graph, planes: str, shape: Shape, learnt: Learnt) -> str:
        return graph.reshape(planes, 0, -1)
