"""The training images as an epoch takes them: in its order, scaled, augmented, chunk by chunk."""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from vestry.members.networks.augmentation import Augmenter
from vestry.members.networks.rows import chunk_rows, scaled
from vestry.members.networks.training import TrainingSettings

ALTERATIONS = 1
"""What tells the stream of alterations from that of an epoch's order and dropout masks, so that
both are the same with and without augmentation."""


class TrainingImages:
    """images: (n, height, width, channels) uint8, or float32 features, which are not augmented."""

    def __init__(self, images: Tensor, settings: TrainingSettings) -> None:
        self.images = images
        self.chunk = chunk_rows(images, settings.batch_size)
        augmentation = settings.augmentation
        self.augmenter: Augmenter | None = None
        if augmentation is not None and augmentation.alters:
            self.augmenter = Augmenter(augmentation, tuple(images.shape[1:]))

    def chunks(self, order: Tensor, seed: int, epoch: int) -> Iterator[Tensor]:
        """Images in `order`, float32 in [0, 1]; each chunk but the last is whole batches.

        epoch: from 1; it and the seed alone decide the alterations.
        """
        parts = torch.split(order, self.chunk)
        if self.augmenter is None:
            yield from (scaled(self.images.index_select(0, part)) for part in parts)
            return
        random = np.random.default_rng([seed, epoch, ALTERATIONS])
        drawn = self.augmenter.draw(random, len(order))
        for part, rows in zip(parts, torch.split(drawn, self.chunk), strict=True):
            yield self.augmenter.apply(scaled(self.images.index_select(0, part)), rows, random)
