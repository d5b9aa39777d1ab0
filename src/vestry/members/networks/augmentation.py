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
from vestry.members.networks.alterations import Augmentation
from vestry.storage.run_folder import atomic_path

_PART_PIXELS = 400_000
"""Images are altered about so many pixels at a time, which stay in the processor's cache."""
ERASED = (0.02, 0.4)
"""Least and largest part of the image that is erased."""
ASPECT = 0.3
"""Least ratio of an erased rectangle's sides; the largest is its inverse."""
DRAWS = (
    *("flip", "down", "right", "turn", "zoom", "top"),
    *("left", "erase", "area", "aspect", "y", "x"),
)
"""What is drawn for each image, each in [0, 1) and whether it is used or not: so one setting
changes nothing of what the others draw."""


class Augmenter:
    """Alters images of one shape as `settings` say; raises MemberError where they do not fit it.

    image_shape: (height, width, channels).
    """

    def __init__(self, settings: Augmentation, image_shape: tuple[int, ...]) -> None:
        self.settings = settings
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
        if settings.erasing:
            chosen = torch.nonzero(at["erase"] < settings.erasing).squeeze(1)
            boxes = _rectangles({name: value[chosen] for name, value in at.items()}, self.shape)
            images = _erased(images, chosen, boxes, random)
        return images

    @property
    def shape(self) -> tuple[int, int]:
        return self.height, self.width


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


def _rectangles(at: dict[str, Tensor], shape: tuple[int, int]) -> Tensor:
    """(k, 4) top, left, bottom, right of the rectangles to erase.

    Part of the image and ratio of sides as in Zhong et al. (2020), "Random erasing data
    augmentation"; where they draw again if a rectangle does not fit, the ratio is drawn from those
    that do, evenly in its logarithm.
    """
    height, width = shape
    area = (ERASED[0] + (ERASED[1] - ERASED[0]) * at["area"]) * height * width
    low = torch.log(torch.clamp(area / width**2, min=ASPECT))
    high = torch.log(torch.clamp(height**2 / area, max=1 / ASPECT))
    # In a very long image the ratio is the nearest that fits.
    aspect = torch.exp(low + (high - low).clamp(min=0) * at["aspect"])  # height over width
    tall = torch.round(torch.sqrt(area * aspect)).clamp(1, height)
    wide = torch.round(torch.sqrt(area / aspect)).clamp(1, width)
    top, left = (
        torch.floor((height + 1 - tall) * at["y"]),
        torch.floor((width + 1 - wide) * at["x"]),
    )
    return torch.stack([top, left, top + tall, left + wide], 1)


def _erased(images: Tensor, rows: Tensor, boxes: Tensor, random: np.random.Generator) -> Tensor:
    """Noise, uniform in [0, 1] for each value, in the rectangle of each image of `rows` (k,)."""
    _, height, width, channels = images.shape
    top, left, bottom, right = boxes.T[:, :, None]
    y, x = torch.arange(height), torch.arange(width)
    inside = ((y >= top) & (y < bottom))[:, :, None] & ((x >= left) & (x < right))[:, None, :]
    size = (len(rows), height, width, channels)
    noise = torch.from_numpy(random.integers(0, 256, size, np.uint8)).float().mul_(1 / 255)
    images[rows] = torch.where(inside[..., None], noise, images[rows])
    return images


def variants(
    settings: Augmentation, image: NDArray[np.uint8], count: int, seed: int
) -> NDArray[np.uint8]:
    """`count` alterations of one image (height, width[, 3]), (count, height, width[, 3])."""
    random = np.random.default_rng([seed, 0, 1])
    channels = image.reshape(*image.shape[:2], -1)
    copies = torch.from_numpy(np.repeat(channels[None], count, axis=0)).float().mul_(1 / 255)
    augmenter = Augmenter(settings, channels.shape)
    altered = augmenter.apply(copies, augmenter.draw(random, count), random)
    return altered.mul(255).round().to(torch.uint8).numpy().reshape(count, *image.shape)


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
    def of(cls, settings: Augmentation | None, job: FitJob) -> "AugmentedSample | None":
        """None where images are trained on as they are."""
        if settings is None or not settings.alters:
            return None
        pictures = variants(settings, job.images[0], _VARIANTS, job.seed)
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
