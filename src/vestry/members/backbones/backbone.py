"""A frozen backbone: raw images in, features out, in the precision that is fastest here."""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional

from vestry.members.networks.layer import Shape
from vestry.members.networks.precision import ADVANTAGE, NOT_KEPT, TOLERANCE, publish, published
from vestry.members.networks.settings import Precision
from vestry.system.platform_calls import processor

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


# What a frozen backbone is: raw images in, features out, and nothing about it changes any more.


Compute = Literal["fp32", "bf16"]


class Backbone:
    """A frozen network that features are taken from.

    title: what people read. origin: what else says which one it is. weights: SHA-256 of its
    tensors, or of its graph. parameters: None where they are not counted. feature_shape: (height,
    width, channels) of one image's features. size: height and width that images are resized to.
    batch: how many images go through at once. computes: the types it can compute in.
    pool: what makes one number of each channel's map, "average" or "max", or None. notes: what a
    reader should know of it.
    """

    title: str
    weights: str
    parameters: int | None
    feature_shape: Shape
    size: tuple[int, int]
    normalisation: str
    batch: int
    computes: tuple[Compute, ...]
    notes: tuple[str, ...] = ()
    origin: str = ""
    pool: str | None = None

    def settings(self) -> dict[str, object]:
        """What besides its weights its features depend on; JSON-able, and enough to rebuild it."""
        raise NotImplementedError

    def write(self, target: Path) -> None:
        """Everything that it needs to compute, in a file."""
        raise NotImplementedError

    def forward(self, images: Tensor, compute: Compute) -> Tensor:
        """(n, height, width[, 3]) uint8 to (n, *feature_shape) float32."""
        raise NotImplementedError

    def digest(self, compute: Compute) -> str:
        """Names a backbone's features: equal digests give equal features for equal images."""
        description = {
            "weights": self.weights,
            "input": VERSION,
            "settings": self.settings(),
            "compute": compute,
            "torch": torch.__version__,
            "capability": torch.backends.cpu.get_cpu_capability(),
        }
        text = json.dumps(description, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


# In which precision training images go through a backbone: tried once on this machine, then kept.


ROUNDS = 2


@dataclass(frozen=True)
class BackboneChoice:
    """error: of bfloat16 features against float32 ones, by the Frobenius norm; None where they
    were not compared. tried: images a second by precision.
    """

    compute: Compute
    error: float | None
    tried: dict[str, float]
    note: str = ""


def choose(
    backbone: Backbone,
    image_shape: tuple[int, ...],
    precision: Precision,
    threads: int,
    cache: Path,
) -> BackboneChoice:
    """What this machine once chose for the backbone; tried now where it did not yet."""
    if "bf16" not in backbone.computes or precision == "fp32":
        return BackboneChoice("fp32", None, {})
    key = {
        "backbone": backbone.digest("bf16"),
        "precision": precision,
        "image_shape": list(image_shape),
        "threads": threads,
        "processor": processor(),
    }
    name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
    path = cache / "precision" / f"backbone-{name}.json"
    if (kept := published(path)) is None:
        choice = _attempt(backbone, image_shape, precision)
        try:
            publish(path, {"backbone": key, "choice": asdict(choice)})
        except OSError as error:
            reason = error.strerror or str(error)
            note = f"{choice.note} The backbone's trial: {NOT_KEPT} ({path.parent}: {reason})."
            return BackboneChoice(choice.compute, choice.error, choice.tried, note.strip())
        kept = published(path) or asdict(choice)
    return BackboneChoice(**kept)


def fixed(backbone: Backbone, image_shape: tuple[int, ...], precision: Precision) -> BackboneChoice:
    """As `choose`, but no clock has a say: float32 where the precision is left open."""
    if "bf16" not in backbone.computes or precision != "bf16":
        return BackboneChoice("fp32", None, {})
    return _attempt(backbone, image_shape, precision)


def _attempt(
    backbone: Backbone, image_shape: tuple[int, ...], precision: Precision
) -> BackboneChoice:
    """One batch of fixed random pixels in both precisions: first the values, then the time."""
    random = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (backbone.batch, *image_shape), generator=random).to(torch.uint8)
    exact, half = backbone.forward(images, "fp32"), backbone.forward(images, "bf16")
    error = float((half.double() - exact).norm() / exact.double().norm())
    if not error <= TOLERANCE["bf16"]:
        note = "bf16 did not come close to fp32 in the backbone; computed in fp32."
        return BackboneChoice("fp32", None, {}, note if precision == "bf16" else "")
    if precision == "bf16":
        return BackboneChoice("bf16", error, {})
    turns: dict[Compute, float] = dict.fromkeys(("fp32", "bf16"), float("inf"))
    for _ in range(ROUNDS):
        for compute, best in list(turns.items()):
            turns[compute] = min(best, turn(backbone, images, compute))
    faster = turns["bf16"] * ADVANTAGE < turns["fp32"]
    tried = {str(name): round(len(images) / seconds, 1) for name, seconds in turns.items()}
    return BackboneChoice("bf16" if faster else "fp32", error, tried)


def turn(backbone: Backbone, images: Tensor, compute: Compute) -> float:
    start = time.perf_counter()
    backbone.forward(images, compute)
    return time.perf_counter() - start
