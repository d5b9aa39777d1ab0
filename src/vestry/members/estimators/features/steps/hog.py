"""Histograms of oriented gradients (Dalal and Triggs, "Histograms of oriented gradients for human
detection", CVPR 2005)."""

import math
from typing import Annotated

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from vestry.members.estimators.features.feature_step import (
    Extractor,
    Graph,
    Learnt,
    Shape,
    register,
)

_EPSILON = 0.03
"""Added to the length of a block, of pixels from 0 to 1: what is below is noise."""
_CLIP = 0.2


@register
class Hog(Extractor):
    """Gradients of each cell counted by their direction, with blocks of cells brought to one
    length.

    hog: pixels of a cell's side. bins: directions that are told apart, over half a turn, or over a
    whole one where `signed` (dark to bright is then another direction than bright to dark). block:
    cells of a block's side; blocks overlap, one begins at every cell. Of colour the channel with
    the strongest gradient counts, pixel by pixel.

    A gradient counts by its length, for the two nearest directions and cells by how near they are.
    """

    name = "hog"
    hog: Annotated[int, Field(ge=2, le=128)]
    bins: Annotated[int, Field(ge=2, le=64)] = 9
    signed: bool = False
    block: Annotated[int, Field(ge=1, le=16)] = 2

    def width(self, shape: Shape) -> int:
        down, across = self._blocks(shape)
        return down * across * self.block**2 * self.bins

    def _blocks(self, shape: Shape) -> tuple[int, int]:
        cells = [math.ceil(side / self.hog) for side in shape[:2]]
        if min(cells) < self.block:
            raise ValueError(
                f"cells of {self.hog} pixels make {cells[0]} x {cells[1]} of a {shape[0]} x "
                f"{shape[1]} image, and a block is {self.block} x {self.block}: take smaller cells "
                "or blocks"
            )
        return cells[0] - self.block + 1, cells[1] - self.block + 1

    def nodes(self, graph: Graph, planes: str, shape: Shape, learnt: Learnt) -> str:
        down, across = _gradients(graph, planes, shape)
        length = graph.add(
            "Sqrt", graph.add("Add", graph.add("Mul", down, down), graph.add("Mul", across, across))
        )
        votes = self._votes(graph, down, across, length)
        return self._normalised(graph, self._cells(graph, votes, shape), shape)

    def _votes(self, graph: Graph, down: str, across: str, length: str) -> str:
        """(n, bins + 1, height, width): what each pixel adds to each direction; the last one is the
        first again.

        length * max(0, 1 - |position - bin|), as max(0, length - |length * position - length *
        bin|), so that one product serves all bins.
        """
        cosine = graph.add("Div", across, graph.add("Max", length, graph.number(1e-6)))
        bounded = graph.add("Clip", cosine, graph.number(-1.0), graph.number(1.0))
        angle = graph.add("Acos", bounded)
        turn = 2 * math.pi if self.signed else math.pi
        other = graph.add("Sub", graph.number(turn), angle)
        angle = graph.add("Where", graph.add("Less", down, graph.number(0.0)), other, angle)
        position = graph.add("Mul", angle, graph.number(self.bins / turn))
        both = graph.add("Concat", graph.add("Mul", position, length), length, axis=1)
        numbers = np.arange(self.bins + 1, dtype=np.float32)
        weights = np.stack([np.ones_like(numbers), -numbers], axis=1)[:, :, None, None]
        gap = graph.add("Conv", both, graph.constant(weights, "directions"))
        return graph.add("Relu", graph.add("Sub", length, graph.add("Abs", gap)))

    def _cells(self, graph: Graph, votes: str, shape: Shape) -> str:
        """(n, bins, cells down, cells across)."""
        reach = self.hog // 2
        kernel = _near(self.hog, reach)
        bins = self.bins + 1
        weights = np.broadcast_to(np.outer(kernel, kernel), (bins, 1, len(kernel), len(kernel)))
        pads = [_pads(side, self.hog, reach) for side in shape[:2]]
        cells = graph.add(
            "Conv",
            votes,
            graph.constant(weights.astype(np.float32), "cells"),
            group=bins,
            strides=[self.hog, self.hog],
            pads=[pads[0][0], pads[1][0], pads[0][1], pads[1][1]],
        )
        wrapped = np.eye(self.bins, bins, dtype=np.float32)
        wrapped[0, -1] = 1
        return graph.add("Conv", cells, graph.constant(wrapped[:, :, None, None], "wrapped"))

    def _normalised(self, graph: Graph, cells: str, shape: Shape) -> str:
        """Each block at length 1, nothing in it above 0.2, and at length 1 again."""
        down, across = self._blocks(shape)
        parts = [
            graph.add(
                "Slice",
                cells,
                graph.integers(row, column),
                graph.integers(row + down, column + across),
                graph.integers(2, 3),
            )
            for row in range(self.block)
            for column in range(self.block)
        ]
        blocks = graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
        clipped = graph.add("Min", _at_length_1(graph, blocks), graph.number(_CLIP))
        return graph.reshape(_at_length_1(graph, clipped), 0, -1)


def _gradients(graph: Graph, planes: str, shape: Shape) -> tuple[str, str]:
    """(n, 1, height, width) downwards and to the right: each pixel's neighbours subtracted; at the
    border the pixel itself stands for the one that is missing."""
    padded = graph.add("Pad", planes, graph.integers(0, 0, 1, 1, 0, 0, 1, 1), mode="edge")
    height, width = shape[:2]

    def part(row: int, column: int) -> str:
        starts, ends = graph.integers(row, column), graph.integers(row + height, column + width)
        return graph.add("Slice", padded, starts, ends, graph.integers(2, 3))

    down = graph.add("Sub", part(2, 1), part(0, 1))
    across = graph.add("Sub", part(1, 2), part(1, 0))
    if len(shape) == 2:
        return down, across
    squares = [graph.add("Mul", each, each) for each in (down, across)]
    # As whole numbers, which pixels make them: channels that tie are then told apart by their order
    # everywhere, and not by the last digit.
    strength = graph.add("Mul", graph.add("Add", *squares), graph.number(255.0**2))
    strongest = graph.add("ArgMax", graph.add("Round", strength), axis=1, keepdims=1)
    return (
        graph.add("GatherElements", down, strongest, axis=1),
        graph.add("GatherElements", across, strongest, axis=1),
    )


def _near(cell: int, reach: int) -> NDArray[np.float64]:
    """What a pixel adds to a cell, by how far apart their middles are, from `reach` pixels before
    the cell to as many after it; the sum is 1."""
    offsets = np.arange(-reach, cell + reach) + 0.5 - cell / 2
    weights = 1 - np.abs(offsets) / cell
    return np.asarray(weights / weights.sum())


def _pads(side: int, cell: int, reach: int) -> tuple[int, int]:
    """Pixels that are added before and after so that whole cells cover the side."""
    missing = math.ceil(side / cell) * cell - side
    return missing // 2 + reach, missing - missing // 2 + reach


def _at_length_1(graph: Graph, blocks: str) -> str:
    squares = graph.add("ReduceSumSquare", blocks, graph.integers(1), keepdims=1)
    length = graph.add("Sqrt", graph.add("Add", squares, graph.number(_EPSILON**2)))
    return graph.add("Div", blocks, length)
