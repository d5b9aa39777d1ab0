"""Images and labels as tensors: bytes in memory, scaled a chunk at a time."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

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


def chunk_rows(images: Tensor, batch_size: int) -> int:
    """Rows picked at once: a whole number of batches."""
    return max(1, CHUNK_PIXELS // (images[0].numel() * batch_size)) * batch_size


def scaled(images: Tensor) -> Tensor:
    """uint8 to float32 in [0, 1]; features, float32 already, are left as they are."""
    if images.dtype == torch.float32:
        return images
    return images.to(torch.float32).mul_(1 / 255)
