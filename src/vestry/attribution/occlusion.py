"""Occlusion maps: which parts of an image a model's answer rests on.

A patch of the image is covered and the model asked again, at every place in turn; what the
probability of its answer loses is what it saw there (Zeiler and Fergus, "Visualizing and
understanding convolutional networks", ECCV 2014). That asks nothing of a model but probabilities,
so networks, trees and support vector machines are explained alike, and by the very model that is
stored: gradients would need another path through every kind of model, and trees have none.

Zeiler and Fergus cover with grey. Where the background is black, a grey square is itself a thing
to see, so that here the average training image stands in the patch.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vestry.attribution.budget import Budget, Predict

_SIDE = 4
"""A patch is this part of the image's shorter side."""
_STEPS = 3
"""A patch moves by this part of itself."""
_TIMED_ROWS = 32


@dataclass(frozen=True)
class Patches:
    """Square patches of `size` pixels, `stride` pixels apart, on images of `height` x `width`."""

    height: int
    width: int
    size: int
    stride: int

    def starts(self, side: int) -> range:
        """First rows or columns: patches reach over the border, so that every pixel is covered."""
        return range(self.stride - self.size, side, self.stride)

    def masks(self) -> NDArray[np.bool_]:
        """(places, height, width): what the patch covers at each place."""
        down = _covers(self.starts(self.height), self.size, self.height)
        across = _covers(self.starts(self.width), self.size, self.width)
        both = down[:, None, :, None] & across[None, :, None, :]
        return both.reshape(-1, self.height, self.width)

    @property
    def places(self) -> int:
        return len(self.starts(self.height)) * len(self.starts(self.width))


def _covers(starts: range, size: int, side: int) -> NDArray[np.bool_]:
    """(starts, side)"""
    first = np.array(starts)[:, None]
    pixel = np.arange(side)[None, :]
    return (pixel >= first) & (pixel < first + size)


def finer_to_coarser(height: int, width: int) -> list[Patches]:
    """Patches of a quarter of the shorter side, a third of a patch apart; then further apart."""
    size = max(1, round(min(height, width) / _SIDE))
    finest = max(1, size // _STEPS)
    strides = dict.fromkeys([finest, min(size, 2 * finest), size])
    return [Patches(height, width, size, stride) for stride in strides]


@dataclass(frozen=True, eq=False)
class Occlusion:
    """One image's map.

    answer: the class that the model gives the image, and `confidence` its probability.
    losses: (places,) what that probability loses with each place covered, negative where it gains.
    changed: (places,) whether the model then answers another class.
    values: (height, width) the mean loss of the places that cover a pixel.
    """

    answer: int
    confidence: float
    losses: NDArray[np.float32]
    changed: NDArray[np.bool_]
    values: NDArray[np.float32]


def occlusion(
    predict: Predict, image: NDArray[np.uint8], cover: NDArray[np.uint8], masks: NDArray[np.bool_]
) -> Occlusion:
    """Cover `image` with `cover`, an image of its shape, at each place of `masks`, all at once."""
    where = masks.reshape(*masks.shape, *[1] * (image.ndim - 2))
    covered = np.where(where, cover, image)
    given = predict(np.concatenate([image[None], covered]))
    whole, rest = given[0], given[1:]
    answer = int(whole.argmax())
    losses = whole[answer] - rest[:, answer]
    values = np.tensordot(losses, masks.astype(np.float32), 1) / masks.sum(axis=0)
    return Occlusion(
        answer,
        float(whole[answer]),
        losses,
        rest.argmax(axis=1) != answer,
        values.astype(np.float32),
    )


@dataclass(frozen=True)
class Plan:
    """The patches that there is time for, and how many of the images."""

    patches: Patches
    images: int
    is_finest: bool


def affordable(
    predict: Predict, images: NDArray[np.uint8], cover: NDArray[np.uint8], budget: Budget
) -> Plan:
    """The finest patches with which all `images` fit into the budget, as far as one can tell.

    Where not even the coarsest do, as many images as do; one at least.
    """
    offers = finer_to_coarser(*cover.shape[:2])
    rows = np.repeat(images[:1], min(_TIMED_ROWS, offers[0].places), axis=0)
    seconds = budget.answer_seconds(predict, rows)
    left = budget.left()
    for patches in offers:
        each = seconds * (patches.places + 1)
        if each * len(images) <= left:
            return Plan(patches, len(images), patches is offers[0])
    return Plan(offers[-1], max(1, min(len(images), int(left / each))), len(offers) == 1)


def occlusions(
    predict: Predict,
    images: NDArray[np.uint8],
    cover: NDArray[np.uint8],
    plan: Plan,
    budget: Budget,
) -> Iterator[Occlusion]:
    """The maps of the plan's images in order, until the budget is used up; one at least."""
    masks = plan.patches.masks()
    for number, image in enumerate(images[: plan.images]):
        if number and budget.left() <= 0:
            return
        yield occlusion(predict, image, cover, masks)


def middle_share(losses: NDArray[np.float32]) -> float | None:
    """The part of all loss in a map's middle half in height and width; None without any loss.

    losses: (height, width); what covering gained counts as no loss.
    """
    lost = np.clip(losses.astype(np.float64), 0, None)
    whole = float(lost.sum())
    return float(lost[_middle(losses.shape)].sum()) / whole if whole > 0 else None


def _middle(shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape
    return (
        slice(height // 4, height - height // 4),
        slice(width // 4, width - width // 4),
    )


def middle_area(shape: tuple[int, ...]) -> float:
    """The part of the picture that `middle` is: a quarter, where its sides are multiples of 4."""
    return float(np.zeros(shape)[_middle(shape)].size / (shape[0] * shape[1]))
