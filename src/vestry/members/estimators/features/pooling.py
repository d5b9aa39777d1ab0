"""Means over the parts of a grid that is laid over maps."""

import numpy as np
from numpy.typing import NDArray

from vestry.members.estimators.features.feature_step import Graph


def over_grid(graph: Graph, maps: str, size: tuple[int, int], grid: int) -> str:
    """(n, channels * grid * grid), of maps (n, channels, *size).

    All parts are of one size; where the grid does not divide a side they overlap by what is over.
    As one product, since onnxruntime is many times slower at means over windows of this size.
    """
    parts = [_parts(side, grid) for side in size]
    weights = np.einsum("ih,jw->hwij", *parts).reshape(size[0] * size[1], grid * grid)
    flat = graph.add("Reshape", maps, graph.integers(0, 0, -1))
    pooled = graph.add("MatMul", flat, graph.constant(weights.astype(np.float32), "grid"))
    return graph.reshape(pooled, 0, -1)


def _parts(side: int, grid: int) -> NDArray[np.float64]:
    """(grid, side): what each place is to each part's mean."""
    step = side // grid
    length = side - (grid - 1) * step
    places = np.arange(side)
    starts = np.arange(grid)[:, None] * step
    return ((places >= starts) & (places < starts + length)) / length


def check_grid(grid: int, size: tuple[int, int], what: str) -> None:
    """ValueError where so many parts do not go into the maps."""
    if min(size) < grid:
        raise ValueError(
            f"{what} leave {size[0]} x {size[1]} places of an image, and a grid of {grid} x {grid} "
            "needs one a part at least: take a smaller size or grid"
        )
