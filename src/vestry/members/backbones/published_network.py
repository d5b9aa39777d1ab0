"""A published trunk on raw images: resized, normalised, pushed through frozen layers."""

import torch
from torch import Tensor, nn

from vestry.members.backbones.image_input import IMAGENET, planes_of, resized
from vestry.members.backbones.published_trunk import PublishedTrunk
from vestry.members.backbones.trunk import Compute, Trunk
from vestry.members.backbones.trunk_weights import digest
from vestry.members.networks.layers import Shape

PIXELS_AT_ONCE = 256 * 32 * 32
"""Of a batch; 256 small images were the fastest on two cores, and take some 100 MB."""


class PublishedNetwork(Trunk):
    """VGG16 or ResNet50 without its head; batch normalisation uses the statistics it came with.

    pool: "average" or "max" makes one number of each channel's map, or None.
    """

    def __init__(
        self, module: nn.Module, facts: PublishedTrunk, size: tuple[int, int], pool: str | None
    ) -> None:
        self.weights = digest(module.state_dict())
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.module = module.eval().requires_grad_(False)
        self.facts = facts
        self.size = size
        map_shape = facts.feature_map(size)
        self.pool = pool if map_shape[:2] != (1, 1) else None
        self.feature_shape: Shape = (1, 1, map_shape[2]) if self.pool else map_shape
        self.parameters = sum(p.numel() for p in module.parameters())
        self.title = facts.title
        self.normalisation = IMAGENET.words
        self.batch = max(1, PIXELS_AT_ONCE // (size[0] * size[1]))
        self.computes = ("fp32", "bf16")

    def settings(self) -> dict[str, object]:
        return {"backbone": self.facts.name, "image_size": self.size, "pool": self.pool}

    def tensors(self) -> dict[str, Tensor]:
        return dict(self.module.state_dict())

    def forward(self, images: Tensor, compute: Compute) -> Tensor:
        planes = resized(planes_of(images), self.size).expand(-1, 3, -1, -1)
        planes = IMAGENET.apply(planes.contiguous(memory_format=torch.channels_last))
        with torch.autocast("cpu", torch.bfloat16, enabled=compute == "bf16"):
            features: Tensor = self.module(planes).float()
        if self.pool == "average":
            features = features.mean((2, 3), keepdim=True)
        elif self.pool == "max":
            features = features.amax((2, 3), keepdim=True)
        return features.permute(0, 2, 3, 1).contiguous()
