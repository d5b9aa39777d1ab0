"""What a frozen trunk is: raw images in, features out, and nothing about it changes any more."""

import hashlib
import json
from typing import Literal

import torch
from torch import Tensor

from vestry.members.backbones.image_input import VERSION
from vestry.members.networks.layers import Shape

Compute = Literal["fp32", "bf16"]


class Trunk:
    """A frozen network that features are taken from.

    title: what people read. weights: SHA-256 of its tensors. feature_shape: (height, width,
    channels) of one image's features. size: height and width that images are resized to.
    batch: how many images go through at once. computes: the types it can compute in.
    notes: what a reader should know of it.
    """

    title: str
    weights: str
    parameters: int
    feature_shape: Shape
    size: tuple[int, int]
    normalisation: str
    batch: int
    computes: tuple[Compute, ...]
    notes: tuple[str, ...] = ()

    def settings(self) -> dict[str, object]:
        """What besides its weights its features depend on; JSON-able, and enough to rebuild it."""
        raise NotImplementedError

    def tensors(self) -> dict[str, Tensor]:
        """Everything it needs to compute, by name."""
        raise NotImplementedError

    def forward(self, images: Tensor, compute: Compute) -> Tensor:
        """(n, height, width[, 3]) uint8 to (n, *feature_shape) float32."""
        raise NotImplementedError

    def digest(self, compute: Compute) -> str:
        """Names a trunk's features: equal digests give equal features for equal images."""
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
