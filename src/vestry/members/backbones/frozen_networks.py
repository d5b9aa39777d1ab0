"""A published backbone on raw images: resized, normalised, pushed through frozen layers."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from vestry.members.backbones.backbone import (
    IMAGENET,
    Backbone,
    Compute,
    planes_of,
    resized,
    with_channels,
)
from vestry.members.backbones.settings import PublishedBackbone
from vestry.members.backbones.source import network_of
from vestry.members.backbones.weights import digest
from vestry.members.networks.layers import Shape, describe
from vestry.members.networks.network import Network

PIXELS_AT_ONCE = 256 * 32 * 32
"""Of a batch; 256 small images were the fastest on two cores, and take some 100 MB."""


class PublishedNetwork(Backbone):
    """VGG16 or ResNet50 without its head; batch normalisation uses the statistics it came with.

    pool: "average" or "max" makes one number of each channel's map, or None.
    """

    def __init__(
        self, module: nn.Module, facts: PublishedBackbone, size: tuple[int, int], pool: str | None
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


# A network of an earlier run as a backbone: cut before its last dense layer, and frozen.


_BATCH = 256


class EarlierNetwork(Backbone):
    """Dropout does nothing and batch normalisation keeps its moving statistics, as in predicting.

    card: the card of the model that it was. tensors: its weights; the output layer's may be left
    out. image_shape: of the images that it now gets.
    """

    def __init__(
        self, title: str, card: dict[str, Any], tensors: Mapping[str, Tensor], image_shape: Shape
    ) -> None:
        layers, shape, classes = network_of(card)
        self.network = Network(layers, shape, classes)
        for name, tensor in self.own(self.network.tensors()).items():
            tensor.copy_(tensors[name].view_as(tensor))
        self.network.vector.refresh()
        self.network.blocks = self.network.blocks[: -len(self.network.assembled[-1].blocks)]
        self.card = card
        self.title = title
        self.channels = shape[2]
        self.size = shape[0], shape[1]
        self.weights = digest(self.tensors())
        self.parameters = sum(layer.parameters for layer in self.network.traced[:-1])
        self.feature_shape = (1, 1, self.network.traced[-1].input_shape[0])
        self.normalisation = "pixels / 255, as the network was trained"
        self.batch = _BATCH
        self.computes = ("fp32",)
        self.notes = tuple(_changes(image_shape, shape))

    def settings(self) -> dict[str, object]:
        return {key: self.card[key] for key in ("settings", "image_shape", "classes")}

    def tensors(self) -> dict[str, Tensor]:
        return self.own(self.network.tensors())

    def own(self, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Those of the layers before the output layer."""
        output = f"{len(self.network.traced)}."
        return {name: t for name, t in tensors.items() if not name.startswith(output)}

    def forward(self, images: Tensor, compute: Compute) -> Tensor:  # noqa: ARG002 - fp32 alone
        planes = resized(with_channels(planes_of(images), self.channels), self.size)
        pixels = planes.permute(0, 2, 3, 1).mul(1 / 255).contiguous()
        return self.network.forward(pixels, training=False).reshape(-1, *self.feature_shape)


def _changes(image_shape: Shape, shape: Shape) -> list[str]:
    """What is done to images of another size or colour than the network was trained on."""
    said = []
    if tuple(image_shape[:2]) != shape[:2]:
        said.append(
            f"Images of {describe(image_shape[:2])} are resized (bilinear) to the "
            f"{describe(shape[:2])} that its backbone was trained on."
        )
    channels = image_shape[2] if len(image_shape) == 3 else 1
    if channels != shape[2]:
        turned = "grey" if shape[2] == 1 else "three equal channels"
        said.append(f"Images are turned to {turned}, which its backbone was trained on.")
    return said
