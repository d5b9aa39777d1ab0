"""Images that are mixed in pairs while training, and their truths with them."""

import numpy as np
import torch
from torch import Tensor

from vestry.members.networks.alterations import Augmentation


def mixed_batch(
    settings: Augmentation, images: Tensor, truth: Tensor, random: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Images (n, height, width, channels) and truth (n, classes), each with a share of another row
    of the batch."""
    order = torch.from_numpy(random.permutation(len(images)))
    images, share = mixed(settings, images, images[order], random)
    return images, share * truth + (1 - share) * truth[order]


def mixed(
    settings: Augmentation, images: Tensor, others: Tensor, random: np.random.Generator
) -> tuple[Tensor, float]:
    """The images with a share of `others`, and the share of their own, at least a half.

    Where both ways are asked for, one of them for the whole batch, evenly by chance.
    """
    coin = random.random()
    if settings.mixup and (coin < 0.5 or not settings.cutmix):
        return _blended(images, others, _share(settings.mixup, random))
    return _patched(images, others, _share(settings.cutmix, random), random)


def _share(concentration: float, random: np.random.Generator) -> float:
    """From the symmetrical beta distribution; the larger part, so that a row keeps its label."""
    share = float(random.beta(concentration, concentration))
    return max(share, 1 - share)


def _blended(images: Tensor, others: Tensor, share: float) -> tuple[Tensor, float]:
    """Zhang, Cissé, Dauphin and Lopez-Paz (2018), "mixup"."""
    return images * share + others * (1 - share), share


def _patched(
    images: Tensor, others: Tensor, share: float, random: np.random.Generator
) -> tuple[Tensor, float]:
    """Yun et al. (2019), "CutMix": a rectangle of the image's proportions, about any place; what
    lies outside of the image is cut off, and the share is that of the pixels."""
    _, height, width, _ = images.shape
    side = (1 - share) ** 0.5
    top, bottom = _span(height, side, random)
    left, right = _span(width, side, random)
    patched = images.clone()
    patched[:, top:bottom, left:right] = others[:, top:bottom, left:right]
    return patched, 1 - (bottom - top) * (right - left) / (height * width)


def _span(length: int, part: float, random: np.random.Generator) -> tuple[int, int]:
    """First and last pixel of `part` of a side, about a place drawn evenly."""
    middle, reach = random.integers(length), round(length * part / 2)
    return max(0, int(middle) - reach), min(length, int(middle) + reach)
