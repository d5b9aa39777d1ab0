"""How near an image's patches are to typical ones (Coates, Ng and Lee, "An analysis of single-layer
networks in unsupervised feature learning", AISTATS 2011)."""

import warnings
from typing import Annotated

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
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

_DRAWN = 100_000
"""Patches that are learnt from."""
_ROUNDS = 20
_FLAT = 10 / 255**2
"""Added to a patch's variance, of pixels from 0 to 1, and to those of whitening: both the
authors'."""
_WHITENING = 0.1


@register
class Patches(Extractor):
    """Typical patches are the centres that k-means finds of whitened patches of the rows to learn
    from. Each place of an image answers for each by how much nearer it is than the mean of them, or
    0; the numbers are means of that over the parts of a grid (the authors' sums over quadrants, by
    their size).

    patches: how many are typical. size: pixels of a side. stride: from place to place. grid: parts
    down and across.
    """

    name = "patches"
    patches: Annotated[int, Field(ge=2, le=10_000)]
    size: Annotated[int, Field(ge=2, le=32)] = 6
    stride: Annotated[int, Field(ge=1, le=32)] = 1
    grid: Annotated[int, Field(ge=1, le=16)] = 2

    def width(self, shape: Shape) -> int:
        check_grid(self.grid, self._places(shape), f"patches of {self.size} pixels")
        return self.patches * self.grid**2

    def _places(self, shape: Shape) -> tuple[int, int]:
        down, across = ((side - self.size) // self.stride + 1 for side in shape[:2])
        return down, across

    def learn(self, images: NDArray[np.uint8], seed: int) -> Learnt:
        from sklearn.cluster import KMeans  # noqa: PLC0415 - heavy
        from sklearn.exceptions import ConvergenceWarning  # noqa: PLC0415

        drawn = self._drawn(images, np.random.default_rng(seed))
        whitening, mean = _whitening(drawn)
        white = (drawn - mean) @ whitening
        count = min(self.patches, len(white))
        with warnings.catch_warnings():
            # Of images with few unlike patches some centres coincide, which does no harm.
            warnings.simplefilter("ignore", ConvergenceWarning)
            centres = (
                KMeans(count, n_init=1, max_iter=_ROUNDS, random_state=seed)
                .fit(white)
                .cluster_centers_
            )
        centres = np.resize(centres, (self.patches, white.shape[1]))
        return {
            "whitening": whitening.astype(np.float32),
            "shift": (mean @ whitening).astype(np.float32),
            "centres": centres.astype(np.float32),
        }

    def _drawn(self, images: NDArray[np.uint8], random: np.random.Generator) -> NDArray[np.float32]:
        """(patches, channels * size * size), each less its mean and over its deviation."""
        channels_first = images[:, None] if images.ndim == 3 else images.transpose(0, 3, 1, 2)
        windows = sliding_window_view(channels_first, (self.size, self.size), (2, 3))
        count = min(_DRAWN, len(images) * windows.shape[2] * windows.shape[3])
        row, down, across = (random.integers(0, windows.shape[axis], count) for axis in (0, 2, 3))
        drawn = windows[row, :, down, across].reshape(count, -1).astype(np.float32) / 255
        drawn -= drawn.mean(axis=1, keepdims=True)
        return np.asarray(drawn / np.sqrt(drawn.var(axis=1, keepdims=True) + _FLAT))

    def nodes(self, graph: Graph, planes: str, shape: Shape, learnt: Learnt) -> str:
        white = self._white(graph, planes, shape, learnt)
        squares = graph.add("ReduceSumSquare", white, graph.integers(1), keepdims=1)
        distance = graph.add("Sqrt", self._squared_distances(graph, white, squares, learnt))
        mean = graph.add("ReduceMean", distance, graph.integers(1), keepdims=1)
        nearer = graph.add("Relu", graph.add("Sub", mean, distance))
        return over_grid(graph, nearer, self._places(shape), self.grid)

    def _white(self, graph: Graph, planes: str, shape: Shape, learnt: Learnt) -> str:
        """(n, dimensions, places down, places across): each place's patch, whitened."""
        channels = shape[2] if len(shape) == 3 else 1
        dimensions = channels * self.size**2
        kernel = (-1, channels, self.size, self.size)
        strides = [self.stride, self.stride]
        ones = np.full((1, dimensions), 1 / dimensions, np.float32).reshape(kernel)
        share = graph.constant(ones, "share")
        mean = graph.add("Conv", planes, share, strides=strides)
        square = graph.add("Conv", graph.add("Mul", planes, planes), share, strides=strides)
        variance = graph.add("Relu", graph.add("Sub", square, graph.add("Mul", mean, mean)))
        deviation = graph.add("Sqrt", graph.add("Add", variance, graph.number(_FLAT)))
        centred = learnt["whitening"] - learnt["whitening"].mean(axis=0)  # takes each mean off
        weights = graph.constant(centred.T.reshape(kernel), "whitening")
        turned = graph.add("Conv", planes, weights, strides=strides)
        shift = graph.constant(learnt["shift"].reshape(1, -1, 1, 1), "shift")
        return graph.add("Sub", graph.add("Div", turned, deviation), shift)

    def _squared_distances(self, graph: Graph, white: str, squares: str, learnt: Learnt) -> str:
        """In one product, to which the lengths belong as one more input and its bias."""
        centres = learnt["centres"]
        weights = np.concatenate([-2 * centres, np.ones((len(centres), 1), np.float32)], axis=1)
        both = graph.add("Concat", white, squares, axis=1)
        distance = graph.add(
            "Conv",
            both,
            graph.constant(weights[:, :, None, None], "centres"),
            graph.constant(np.square(centres).sum(axis=1), "lengths"),
        )
        return graph.add("Relu", distance)  # rounding may take it below 0


def _whitening(drawn: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The matrix that patches, less their mean, are to be multiplied by; and that mean."""
    mean = drawn.mean(axis=0, dtype=np.float64)
    values, directions = np.linalg.eigh(np.cov(drawn - mean, rowvar=False))
    scaled = directions / np.sqrt(np.maximum(values, 0) + _WHITENING)
    return scaled @ directions.T, mean
