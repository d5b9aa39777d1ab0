"""Augmentation as arithmetic on batches of images: (n, height, width, channels) float32."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from vestry.errors import MemberError
from vestry.members.kind import FitJob
from vestry.members.networks.alterations import Augmentation, Erasing
from vestry.members.networks.erasing import erased
from vestry.members.networks.mixing import mixed
from vestry.storage.run_folder import atomic_path

_PART_PIXELS = 400_000
"""Images are altered about so many pixels at a time, which stay in the processor's cache."""
DRAWS = (
    *("flip", "down", "right", "turn", "zoom", "top"),
    *("left", "erase", "area", "aspect", "y", "x"),
)
"""What is drawn for each image, each in [0, 1) and whether it is used or not: so one setting
changes nothing of what the others draw."""


class Augmenter:
    """Alters images of one shape as `settings` say; raises MemberError where they do not fit it.

    image_shape: (height, width, channels). mean: (channels,) of the training images in [0, 1],
    which erasing may fill in.
    """

    def __init__(
        self, settings: Augmentation, image_shape: tuple[int, ...], mean: Tensor | None = None
    ) -> None:
        self.settings = settings
        self.mean = torch.zeros(image_shape[-1]) if mean is None else mean
        self.height, self.width, _ = image_shape
        if settings.pad_crop >= min(self.height, self.width):
            raise MemberError(
                f"augmentation.pad_crop = {settings.pad_crop} could crop images of {self.height} × "
                f"{self.width} pixels away; give less"
            )

    def draw(self, random: np.random.Generator, count: int) -> Tensor:
        """(count, draws) numbers in [0, 1), one row an image."""
        return torch.from_numpy(random.random((count, len(DRAWS))))

    def apply(self, images: Tensor, drawn: Tensor, random: np.random.Generator) -> Tensor:
        """The images altered by their rows of `drawn`; may write into `images`.

        random: for the noise in erased rectangles.
        """
        size = max(1, _PART_PIXELS // images[0].numel())
        parts = zip(torch.split(images, size), torch.split(drawn, size), strict=True)
        return torch.cat([self.altered(part, rows, random) for part, rows in parts])

    def altered(self, images: Tensor, drawn: Tensor, random: np.random.Generator) -> Tensor:
        settings, at = self.settings, dict(zip(DRAWS, drawn.unbind(1), strict=True))
        if settings.horizontal_flip:
            images = flipped(images, at["flip"] < 0.5)
        if settings.interpolates:
            down, right = settings.shifts
            images = moved(
                images,
                settings.rotation * _either_way(at["turn"]),
                1 + settings.zoom * _either_way(at["zoom"]),
                self.height * down * _either_way(at["down"]),
                self.width * right * _either_way(at["right"]),
            )
        if settings.pad_crop:
            places = 2 * settings.pad_crop + 1
            top, left = ((places * at[side]).long() for side in ("top", "left"))
            images = padded_and_cropped(images, settings.pad_crop, top, left)
        if settings.erased:
            images = erased(settings.erasing, images, at, self.mean, random)
        return images


def filling(settings: Augmentation, images: NDArray[np.uint8]) -> Tensor | None:
    """(channels,): the means in [0, 1] of bytes (n, height, width, channels); None where nothing is
    filled with them."""
    how = settings.erasing
    if not (isinstance(how, Erasing) and how.part and how.fill == "mean"):
        return None
    means = images.mean((0, 1, 2), dtype=np.float64) / 255
    return torch.from_numpy(means).float()


def _either_way(drawn: Tensor) -> Tensor:
    """[0, 1) to [-1, 1)."""
    return 2 * drawn - 1


def flipped(images: Tensor, chosen: Tensor) -> Tensor:
    """Left and right exchanged where `chosen` (n,) is true; exact."""
    rows = torch.nonzero(chosen).squeeze(1)
    images[rows] = images[rows].flip(2)
    return images


def moved(images: Tensor, degrees: Tensor, zoom: Tensor, down: Tensor, right: Tensor) -> Tensor:
    """Each image turned counter-clockwise and zoomed about its centre, then shifted by pixels.

    degrees, zoom, down, right: (n,) float64. One bilinear interpolation, zeros from outside; exact
    to rounding where pixels fall on pixels.
    """
    n, height, width, _ = images.shape
    angle = torch.deg2rad(degrees)
    cosine, sine = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    # From a pixel of the result to the place in the image that it is taken from, both reckoned
    # from the centre: shift, turn and zoom undone.
    x = torch.stack([cosine, -sine, sine * down - cosine * right], 1) * (2 / width)
    y = torch.stack([sine, cosine, -cosine * down - sine * right], 1) * (2 / height)
    places = torch.stack([x, y], 1).view(2 * n, 3).float() @ _centred_pixels(height, width)
    # One plane of x and one of y an image: torch's own affine_grid takes several times as long.
    grid = places.view(n, 2, height, width).permute(0, 2, 3, 1)
    taken = functional.grid_sample(images.permute(0, 3, 1, 2), grid, align_corners=False)
    return taken.permute(0, 2, 3, 1).contiguous()


def _centred_pixels(height: int, width: int) -> Tensor:
    """(3, height * width): x and y of every pixel from the image's centre, and 1."""
    y = torch.arange(height).sub((height - 1) / 2)[:, None].expand(height, width)
    x = torch.arange(width).sub((width - 1) / 2)[None, :].expand(height, width)
    return torch.stack([x, y, torch.ones(height, width)]).view(3, -1)


def padded_and_cropped(images: Tensor, pixels: int, top: Tensor, left: Tensor) -> Tensor:
    """Zeros around each image, then the crop of its first size at `top`, `left` (n,); exact.

    (He, Zhang, Ren and Sun 2016, section 4.2, after Lee et al. 2015.)
    """
    _, height, width, _ = images.shape
    padded = functional.pad(images, (0, 0, pixels, pixels, pixels, pixels))
    crops = padded.unfold(1, height, 1).unfold(2, width, 1)
    return crops[torch.arange(len(images)), top, left].permute(0, 2, 3, 1).contiguous()


def variants(
    settings: Augmentation, images: NDArray[np.uint8], count: int, seed: int
) -> NDArray[np.uint8]:
    """`count` alterations of the first of `images` (n, height, width[, 3]), (count, height, width[,
    3]); the others are what it is mixed with, and give the mean that is filled in."""
    random = np.random.default_rng([seed, 0, 1])
    with_channels = images.reshape(*images.shape[:3], -1)
    channels = torch.from_numpy(with_channels[: count + 1].copy())
    mean = filling(settings, with_channels)
    augmenter = Augmenter(settings, tuple(channels.shape[1:]), mean)

    def taken(rows: NDArray[np.int64]) -> Tensor:
        some = channels[torch.from_numpy(rows)].float().mul_(1 / 255)
        return augmenter.apply(some, augmenter.draw(random, count), random)

    altered = taken(np.zeros(count, np.int64))
    if settings.mixes:
        others = taken(np.arange(1, count + 1) % len(channels))
        pairs = zip(torch.split(altered, 1), torch.split(others, 1), strict=True)
        altered = torch.cat([mixed(settings, one, other, random)[0] for one, other in pairs])
    return altered.mul(255).round().to(torch.uint8).numpy().reshape(count, *images.shape[1:])


# One training image and variants of it, so that a reader sees what augmentation does.


_PICTURES = "pictures.npz"
_VARIANTS = 16
NOTE = (
    "Its training figures, epoch by epoch, are those of augmented images; its validation figures "
    "are of images as they are."
)


@dataclass(frozen=True)
class AugmentedSample:
    """settings: what was done. image, label: of the first training image; the id is None where the
    fit was given none. pictures: (variants, height, width[, 3]) uint8.
    """

    settings: Augmentation
    image: str | None
    label: int
    pictures: NDArray[np.uint8]

    @classmethod
    def of(cls, settings: object, job: FitJob) -> "AugmentedSample | None":
        """None where images are trained on as they are."""
        if not (isinstance(settings, Augmentation) and settings.alters):
            return None
        pictures = variants(settings, job.images, _VARIANTS, job.seed)
        image = None if job.ids is None else str(job.ids[0])
        return cls(settings, image, int(job.labels[0]), pictures)

    @property
    def ids(self) -> list[str]:
        return [f"augmented/{number:02d}" for number in range(len(self.pictures))]

    def card(self) -> dict[str, Any]:
        return {
            "settings": self.settings.model_dump(mode="json"),
            "words": self.settings.words(),
            "image": self.image,
            "label": self.label,
            "variants": self.ids,
        }

    def save(self, folder: Path) -> None:
        """`pictures.npz`: `ids` and `images`."""
        with atomic_path(folder / _PICTURES) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, ids=np.array(self.ids), images=self.pictures)
