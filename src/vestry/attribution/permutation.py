"""Permutation importance as an image (Breiman, "Random forests", Machine Learning 45, 2001).

What a pixel is worth to a model: it is exchanged among the images, each taking another's, and what
the model loses is measured. Beside the accuracy, in which single pixels rarely count, the loss of
the true class's mean probability is measured, which moves with every image.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.attribution.budget import Budget, Predict

_BLOCKS = (1, 2, 4, 8, 16, 32)
_ROWS_AT_ONCE = 4000
_TIMED_ROWS = 400


@dataclass(frozen=True, eq=False)
class Importance:
    """accuracy, probability: (height, width) what the model loses of its accuracy, and of the mean
    probability of the true class, when the block that a pixel is in is exchanged.

    block: pixels of a block's side. before: accuracy on the images as they are. blocks: how many
    there are; constant: how many of them are the same in all images, so that nothing is lost.
    """

    accuracy: NDArray[np.float64]
    probability: NDArray[np.float64]
    block: int
    before: float
    blocks: int
    constant: int


def permutation_importance(
    predict: Predict,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    seed: int,
    budget: Budget,
    part: float = 1.0,
) -> Importance:
    """Importance of single pixels, or of the smallest blocks that fit into `part` of the budget.

    images: (n, height, width[, 3]) and their labels (n,): rows that may be learnt from, never of
    the test set. A pixel of a colour image is exchanged with all its channels.
    """
    height, width = images.shape[1:3]
    seconds = budget.answer_seconds(predict, images[:_TIMED_ROWS]) * len(images)
    allowed = part * budget.left()
    for block in _BLOCKS:
        grid = _block_numbers(height, width, block)
        moving = _moving_blocks(images, grid)
        if seconds * len(moving) <= allowed or grid.max() == 0:
            break
    lost = _losses(predict, images, labels, grid, moving, seed)
    flat = np.zeros((2, int(grid.max()) + 1))
    flat[:, moving] = lost.values
    return Importance(
        flat[0][grid],
        flat[1][grid],
        block,
        lost.before,
        flat.shape[1],
        flat.shape[1] - len(moving),
    )


def _block_numbers(height: int, width: int, block: int) -> NDArray[np.int64]:
    """(height, width) the number of the block that each pixel is in, row by row."""
    across = -(-width // block)
    down, over = np.arange(height) // block, np.arange(width) // block
    return down[:, None] * across + over[None, :]


def _moving_blocks(images: NDArray[np.uint8], grid: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the blocks that are not the same in all images."""
    moves = (images != images[:1]).any(axis=0)
    moves = moves.reshape(*grid.shape, -1).any(axis=2)
    return np.unique(grid[moves])


@dataclass(frozen=True, eq=False)
class _Losses:
    """values: (2, blocks) of accuracy and of probability."""

    before: float
    values: NDArray[np.float64]


def _losses(
    predict: Predict,
    images: NDArray[np.uint8],
    labels: NDArray[np.int64],
    grid: NDArray[np.int64],
    moving: NDArray[np.int64],
    seed: int,
) -> _Losses:
    random = np.random.RandomState(seed)  # NumPy promises its stream (NEP 19)
    rows, before = len(images), _measured(predict(images), labels)
    found = np.empty((2, len(moving)))
    step = max(1, _ROWS_AT_ONCE // rows)
    for start in range(0, len(moving), step):
        numbers = moving[start : start + step]
        exchanged = np.repeat(images[None], len(numbers), axis=0)
        for copy, number in zip(exchanged, numbers, strict=True):
            inside = grid == number
            copy[:, inside] = images[random.permutation(rows)][:, inside]
        given = predict(exchanged.reshape(-1, *images.shape[1:]))
        for place in range(len(numbers)):
            part = given[place * rows : (place + 1) * rows]
            found[:, start + place] = before - _measured(part, labels)
    return _Losses(float(before[0]), found)


def _measured(given: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Accuracy, and the mean probability of the true class."""
    right = (given.argmax(axis=1) == labels).mean()
    true = given[np.arange(len(labels)), labels].mean(dtype=np.float64)
    return np.array([right, true], np.float64)
