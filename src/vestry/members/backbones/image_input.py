"""Raw images to what a trunk was trained on: channels, size, and its own normalisation."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

VERSION = 1
"""Part of every key of the feature store: raise it when something here computes differently."""
_GREY_WEIGHTS = (0.299, 0.587, 0.114)
"""ITU-R BT.601, as Pillow turns colour to grey."""


@dataclass(frozen=True)
class _Normalisation:
    """value = (pixel / 255 - mean) / deviation, a channel each."""

    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    words: str

    def apply(self, images: Tensor) -> Tensor:
        """(n, channels, height, width) pixels 0 to 255, changed in place."""
        mean = torch.tensor(self.mean).view(-1, 1, 1) * 255
        deviation = torch.tensor(self.deviation).view(-1, 1, 1) * 255
        return images.sub_(mean).div_(deviation)


IMAGENET = _Normalisation(
    (0.485, 0.456, 0.406),
    (0.229, 0.224, 0.225),
    "pixels / 255, minus 0.485, 0.456, 0.406 and over 0.229, 0.224, 0.225 (red, green, blue): "
    "the mean and deviation of ImageNet",
)


def planes_of(images: Tensor) -> Tensor:
    """(n, height, width[, channels]) uint8 to (n, channels, height, width) float32, 0 to 255."""
    pixels = images[..., None] if images.ndim == 3 else images
    return pixels.permute(0, 3, 1, 2).to(torch.float32)


def with_channels(planes: Tensor, channels: int) -> Tensor:
    """Grey to three equal channels, or colour to grey; as it is where that fits."""
    if planes.shape[1] == channels:
        return planes
    if channels == 1:
        weights = torch.tensor(_GREY_WEIGHTS).view(1, 3, 1, 1)
        return (planes * weights).sum(1, keepdim=True)
    return planes.expand(-1, channels, -1, -1)


def resized(planes: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear, pixel centres aligned, with a wider filter where it shrinks (no aliasing)."""
    if tuple(planes.shape[2:]) == size:
        return planes
    return functional.interpolate(
        planes, size, mode="bilinear", align_corners=False, antialias=True
    )
