"""Local binary patterns (Ojala, Pietikainen and Maenpaa, "Multiresolution gray-scale and rotation
invariant texture classification with local binary patterns", PAMI 24, 2002)."""

from typing import Annotated

import numpy as np
from pydantic import Field

from vestry.members.estimators.features.feature_step import (
    Extractor,
    Graph,
    Learnt,
    Shape,
    register,
)

_AROUND = ((0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1), (-1, 0), (-1, 1))
_GREY = (0.299, 0.587, 0.114)
_SMALLEST = 1e-4
"""Of brightness from 0 to 1: a neighbour that is darker by less counts as equal, so that rounding
tells no patterns apart."""


def pattern_classes() -> tuple[np.ndarray, int]:
    """(256,) the class of each pattern of eight neighbours, and how many classes there are: one for
    each that changes at most twice around the circle, and the last for all others."""
    codes = np.arange(256)
    bits = codes[:, None] >> np.arange(8) & 1
    uniform = (bits != np.roll(bits, 1, axis=1)).sum(axis=1) <= 2
    classes = np.where(uniform, np.cumsum(uniform) - 1, uniform.sum())
    return classes.astype(np.int64), int(uniform.sum()) + 1


@register
class LocalBinaryPatterns(Extractor):
    """Which of a pixel's eight neighbours are at least as bright as itself, counted in each cell:
    the roots of the shares of 59 patterns.

    lbp: pixels of a cell's side. distance: to the neighbours. Colour is taken as grey (BT.601).
    """

    name = "lbp"
    lbp: Annotated[int, Field(ge=2, le=128)]
    distance: Annotated[int, Field(ge=1, le=16)] = 1

    def width(self, shape: Shape) -> int:
        down, across = self._cells(shape)
        return down * across * pattern_classes()[1]

    def _cells(self, shape: Shape) -> tuple[int, int]:
        inner = [side - 2 * self.distance for side in shape[:2]]
        if min(inner) < self.lbp:
            raise ValueError(
                f"a {shape[0]} x {shape[1]} image has no whole cell of {self.lbp} pixels that have "
                f"neighbours at {self.distance}: take smaller cells"
            )
        return inner[0] // self.lbp, inner[1] // self.lbp

    def nodes(self, graph: Graph, planes: str, shape: Shape, learnt: Learnt) -> str:
        grey = planes
        if len(shape) == 3:
            weights = np.array(_GREY, np.float32).reshape(1, 3, 1, 1)
            grey = graph.add("Conv", planes, graph.constant(weights, "grey"))
        classes, count = pattern_classes()
        known = graph.add(
            "Gather", graph.constant(classes, "classes"), self._codes(graph, grey, shape)
        )
        each = graph.constant(np.arange(count).reshape(1, count, 1, 1), "each")
        marks = graph.cast(graph.add("Equal", known, each), "float")
        side = [self.lbp, self.lbp]
        shares = graph.add("AveragePool", marks, kernel_shape=side, strides=side)
        return graph.reshape(graph.add("Sqrt", shares), 0, -1)

    def _codes(self, graph: Graph, grey: str, shape: Shape) -> str:
        """(n, 1, height, width) whole numbers below 256, of the pixels that have all neighbours."""
        far, (height, width) = self.distance, shape[:2]
        middle = graph.add(
            "Sub", _part(graph, grey, far, far, height, width, far), graph.number(_SMALLEST)
        )
        bits = []
        for number, (down, across) in enumerate(_AROUND):
            other = _part(graph, grey, far + down * far, far + across * far, height, width, far)
            brighter = graph.cast(graph.add("GreaterOrEqual", other, middle), "float")
            bits.append(graph.add("Mul", brighter, graph.number(float(2**number))))
        return graph.add("Cast", graph.add("Sum", *bits), to=_WHOLE)


_WHOLE = 7
"""ONNX's own number for int64."""


def _part(
    graph: Graph, planes: str, down: int, across: int, height: int, width: int, border: int
) -> str:
    """The image without its border, moved by so much."""
    ends = graph.integers(down + height - 2 * border, across + width - 2 * border)
    return graph.add("Slice", planes, graph.integers(down, across), ends, graph.integers(2, 3))
