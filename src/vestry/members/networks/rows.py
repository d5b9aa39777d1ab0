"""Images and labels as tensors: bytes in memory, scaled a chunk at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.augmentation import DRAWS, Augmenter, filling
from vestry.members.networks.settings import TrainingSettings

CHUNK_PIXELS = 4_000_000
"""Images are picked out of the training set and scaled in chunks of about this many numbers."""


@dataclass
class Rows:
    """Images (n, height, width, channels) uint8 and labels (n,) int64, as tensors."""

    images: Tensor
    labels: Tensor

    @classmethod
    def of(cls, images: NDArray[np.uint8], labels: NDArray[np.int64]) -> "Rows":
        return cls(as_tensor(images), torch.from_numpy(np.ascontiguousarray(labels)))

    def __len__(self) -> int:
        return len(self.labels)


def as_tensor(images: NDArray[np.uint8]) -> Tensor:
    with_channels = images if images.ndim == 4 else images[..., None]
    # torch has no read-only tensors: it warns when it is given a read-only array
    writable = np.require(with_channels, requirements=["C", "W"])
    return torch.from_numpy(writable)


def _chunk_rows(images: Tensor, batch_size: int) -> int:
    """Rows picked at once: a whole number of batches."""
    return max(1, CHUNK_PIXELS // (images[0].numel() * batch_size)) * batch_size


def scaled(images: Tensor) -> Tensor:
    """uint8 to float32 in [0, 1]; features, float32 already, are left as they are."""
    if images.dtype == torch.float32:
        return images
    return images.to(torch.float32).mul_(1 / 255)


# The training images as an epoch takes them: in its order, scaled, augmented, chunk by chunk.


_ALTERATIONS = 1
"""What tells the stream of alterations from that of an epoch's order and dropout masks, so that
both are the same with and without augmentation."""
_COPIES = 4
"""What tells the stream of a student's copies from others; 2 and 3 are the trainer's."""


class TrainingImages:
    """images: (n, height, width, channels) uint8, or float32 features, which are not augmented.

    copies: in so many ways each image is altered, in turns; None for anew each time.
    """

    def __init__(self, images: Tensor, settings: TrainingSettings) -> None:
        self.images = images
        self.copies: int | None = None
        self.chunk = _chunk_rows(images, settings.batch_size)
        augmentation = settings.augmentation
        self.augmenter: Augmenter | None = None
        if isinstance(augmentation, Augmentation) and augmentation.alters:
            shape = tuple(images.shape[1:])
            self.augmenter = Augmenter(augmentation, shape, filling(augmentation, images.numpy()))

    def chunks(self, order: Tensor, seed: int, epoch: int) -> Iterator[Tensor]:
        """Images in `order`, float32 in [0, 1]; each chunk but the last is whole batches.

        epoch: from 1; it and the seed alone decide the alterations.
        """
        parts = torch.split(order, self.chunk)
        if self.augmenter is None:
            yield from (scaled(self.images.index_select(0, part)) for part in parts)
            return
        random = np.random.default_rng([seed, epoch, _ALTERATIONS])
        if self.copies is None:
            drawn = self.augmenter.draw(random, len(order))
        else:
            drawn = self._drawn_of_copies(order, seed, epoch)
        for part, rows in zip(parts, torch.split(drawn, self.chunk), strict=True):
            yield self.augmenter.apply(scaled(self.images.index_select(0, part)), rows, random)

    def copies_of(self, order: Tensor, epoch: int) -> Tensor:
        """Which copy each row of an epoch's `order` is: the next one each time that the epoch goes
        through the rows."""
        count, copies = len(self.images), self.copies or 1
        passes = -(-len(order) // count)
        numbers = torch.arange(len(order)) // count + (epoch - 1) * passes
        return numbers % copies

    def copy(self, number: int | None, seed: int) -> Iterator[Tensor]:
        """All images in their own order, altered as that copy has them; None: as they are."""
        parts = torch.split(torch.arange(len(self.images)), self.chunk)
        drawn = None if number is None else self._drawn(number, seed)
        random = np.random.default_rng([seed, number or 0, _COPIES, _ALTERATIONS])
        for part in parts:
            images = scaled(self.images.index_select(0, part))
            if self.augmenter is None or drawn is None:
                yield images
            else:
                yield self.augmenter.apply(images, drawn[part], random)

    def _drawn(self, copy: int, seed: int) -> Tensor:
        assert self.augmenter is not None  # noqa: S101 - for the type checker
        return self.augmenter.draw(np.random.default_rng([seed, copy, _COPIES]), len(self.images))

    def _drawn_of_copies(self, order: Tensor, seed: int, epoch: int) -> Tensor:
        copies = self.copies_of(order, epoch)
        drawn = torch.empty(len(order), len(DRAWS), dtype=torch.float64)
        for copy in sorted(set(copies.tolist())):
            chosen = copies == copy
            drawn[chosen] = self._drawn(copy, seed)[order[chosen]]
        return drawn
