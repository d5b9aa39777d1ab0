"""Images and labels as tensors: bytes in memory, scaled a chunk at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.augmentation import Augmenter, filling
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


class TrainingImages:
    """images: (n, height, width, channels) uint8, or float32 features, which are not augmented."""

    def __init__(self, images: Tensor, settings: TrainingSettings) -> None:
        self.images = images
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
        drawn = self.augmenter.draw(random, len(order))
        for part, rows in zip(parts, torch.split(drawn, self.chunk), strict=True):
            yield self.augmenter.apply(scaled(self.images.index_select(0, part)), rows, random)
