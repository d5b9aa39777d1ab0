"""Convolutions with random kernels (after Dempster, Petitjean and Webb, "ROCKET: exceptionally fast
and accurate time series classification using random convolutional kernels", 2020), for images."""

from collections.abc import Iterator
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
from vestry.members.estimators.features.pooling import check_grid, over_grid

_SIZES = (3, 5, 7)
_ALIKE = 1e-4
"""Answers that differ by less are equal: of an even ground all are, whatever rounding makes them.
"""


@register
class RandomConvolutions(Extractor):
    """For each kernel the share of places that it answers more strongly than one place of one row
    to learn from, by the parts of a grid; and its strongest answer.

    random_convolutions: how many. Sides of 3, 5 or 7, pixels next to each other or 2, 4, ...
    apart, weights normal and of mean 0: all of that the seed draws.
    """

    name = "random_convolutions"
    random_convolutions: Annotated[int, Field(ge=1, le=20_000)]
    grid: Annotated[int, Field(ge=1, le=16)] = 2

    def width(self, shape: Shape) -> int:
        if min(shape[:2]) < _SIZES[0]:
            raise ValueError(
                f"kernels of {_SIZES[0]} pixels do not go into {shape[0]} x {shape[1]}"
            )
        check_grid(self.grid, (shape[0], shape[1]), "random convolutions")
        return self.random_convolutions * (self.grid**2 + 1)

    def learn(self, images: NDArray[np.uint8], seed: int) -> Learnt:
        random = np.random.default_rng(seed)
        planes = images[..., None] if images.ndim == 3 else images
        forms = _forms(min(planes.shape[1:3]))
        chosen = np.sort(random.integers(0, len(forms), self.random_convolutions))
        learnt: dict[str, NDArray[np.float32]] = {}
        for number, (size, apart) in enumerate(forms):
            count = int((chosen == number).sum())
            if count:
                kernels = random.normal(size=(count, planes.shape[3], size, size))
                kernels -= kernels.mean(axis=(1, 2, 3), keepdims=True)
                answers = _answers(planes, kernels, apart, random)
                learnt[f"{size}.{apart}.kernels"] = kernels.astype(np.float32)
                learnt[f"{size}.{apart}.answers"] = answers.astype(np.float32)
        return learnt

    def nodes(self, graph: Graph, planes: str, shape: Shape, learnt: Learnt) -> str:
        """Kernels are less those answers, so that what is stronger is above 0."""
        parts = []
        for size, apart in _forms(min(shape[:2])):
            if (kernels := learnt.get(f"{size}.{apart}.kernels")) is None:
                continue
            maps = graph.add(
                "Conv",
                planes,
                graph.constant(kernels, "kernels"),
                graph.constant(-learnt[f"{size}.{apart}.answers"], "answers"),
                dilations=[apart, apart],
                pads=[size // 2 * apart] * 4,
            )
            above = graph.cast(graph.add("Greater", maps, graph.number(_ALIKE)), "float")
            parts.append(over_grid(graph, above, (shape[0], shape[1]), self.grid))
            parts.append(graph.reshape(graph.add("GlobalMaxPool", maps), 0, -1))
        return graph.add("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]


def _forms(side: int) -> list[tuple[int, int]]:
    """(size, distance of its pixels) of all kernels that go into an image."""
    return [(size, apart) for size in _SIZES for apart in _distances(size, side)]


def _distances(size: int, side: int) -> Iterator[int]:
    apart = 1
    while (size - 1) * apart < side:
        yield apart
        apart *= 2


def _answers(
    planes: NDArray[np.uint8],
    kernels: NDArray[np.float64],
    apart: int,
    random: np.random.Generator,
) -> NDArray[np.float64]:
    """(kernels,) what each answers at a place of a row that is drawn for it."""
    rows, height, width, _ = planes.shape
    count, _, size, _ = kernels.shape
    reach = (size - 1) * apart
    taps = np.arange(size) * apart
    row = random.integers(0, rows, (count, 1, 1))
    down = random.integers(0, height - reach, (count, 1, 1)) + taps[:, None]
    across = random.integers(0, width - reach, (count, 1, 1)) + taps
    seen = planes[row, down, across] / 255
    return np.asarray(np.einsum("khwc,kchw->k", seen, kernels))
