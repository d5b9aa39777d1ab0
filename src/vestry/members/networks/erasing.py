"""Random erasing: a rectangle of an image is filled (Zhong et al. 2020)."""

import numpy as np
import torch
from torch import Tensor

from vestry.members.networks.alterations import Erasing

ERASED = (0.02, 0.4)
"""Least and largest part of the image that is erased."""
ASPECT = 0.3
"""Least ratio of an erased rectangle's sides; the largest is its inverse."""


def erased(
    how: float | Erasing,
    images: Tensor,
    at: dict[str, Tensor],
    mean: Tensor,
    random: np.random.Generator,
) -> Tensor:
    """The images (n, height, width, channels), changed in place.

    how: the part of the images in which it is noise, of the paper's sizes; or more of it. at: (n,)
    draws in [0, 1) each. mean: (channels,), which may be filled in. random: for noise.
    """
    part = how.part if isinstance(how, Erasing) else how
    rows = torch.nonzero(at["erase"] < part).squeeze(1)
    chosen = {name: value[rows] for name, value in at.items()}
    shape = (images.shape[1], images.shape[2])
    filling = mean
    if not (isinstance(how, Erasing) and how.fill == "mean"):
        filling = _noise((len(rows), *images.shape[1:]), random)
    boxes = _rectangles(how, chosen, shape)
    images[rows] = torch.where(_inside(boxes, shape)[..., None], filling, images[rows])
    return images


def _rectangles(how: float | Erasing, at: dict[str, Tensor], shape: tuple[int, int]) -> Tensor:
    """(k, 4) top, left, bottom, right of what is erased."""
    return _by_sides(how.sides, at, shape) if isinstance(how, Erasing) else _by_area(at, shape)


def _by_sides(sides: tuple[float, float], at: dict[str, Tensor], shape: tuple[int, int]) -> Tensor:
    """Each side drawn for itself between the least and most."""
    least, most = sides
    tall, wide = (
        whole * (least + (most - least) * at[draw])
        for whole, draw in zip(shape, ("area", "aspect"), strict=True)
    )
    return _placed(at, shape, tall, wide)


def _by_area(at: dict[str, Tensor], shape: tuple[int, int]) -> Tensor:
    """Part of the image and ratio of sides as in Zhong et al. (2020), "Random erasing data
    augmentation"; where they draw again if a rectangle does not fit, the ratio is drawn from those
    that do, evenly in its logarithm.
    """
    height, width = shape
    area = (ERASED[0] + (ERASED[1] - ERASED[0]) * at["area"]) * height * width
    low = torch.log(torch.clamp(area / width**2, min=ASPECT))
    high = torch.log(torch.clamp(height**2 / area, max=1 / ASPECT))
    # In a very long image the ratio is the nearest that fits.
    aspect = torch.exp(low + (high - low).clamp(min=0) * at["aspect"])  # height over width
    return _placed(at, shape, torch.sqrt(area * aspect), torch.sqrt(area / aspect))


def _placed(at: dict[str, Tensor], shape: tuple[int, int], tall: Tensor, wide: Tensor) -> Tensor:
    """(k, 4): rectangles of so many pixels, rounded, anywhere in the image."""
    height, width = shape
    tall, wide = tall.round().clamp(1, height), wide.round().clamp(1, width)
    top, left = (
        torch.floor((height + 1 - tall) * at["y"]),
        torch.floor((width + 1 - wide) * at["x"]),
    )
    return torch.stack([top, left, top + tall, left + wide], 1)


def _inside(boxes: Tensor, shape: tuple[int, int]) -> Tensor:
    """(k, height, width): which pixels lie in the rectangles."""
    height, width = shape
    top, left, bottom, right = boxes.T[:, :, None]
    y, x = torch.arange(height), torch.arange(width)
    inside: Tensor = ((y >= top) & (y < bottom))[:, :, None] & ((x >= left) & (x < right))[
        :, None, :
    ]
    return inside


def _noise(size: tuple[int, ...], random: np.random.Generator) -> Tensor:
    """Uniform in [0, 1] for each value."""
    return torch.from_numpy(random.integers(0, 256, size, np.uint8)).float().mul_(1 / 255)
