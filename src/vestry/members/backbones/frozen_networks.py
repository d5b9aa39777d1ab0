"""Frozen networks as backbones: published, earlier ones or files; made, stored and restored."""

import hashlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from vestry.errors import MemberError
from vestry.members.backbones import efficientnet_lite0
from vestry.members.backbones.backbone import (
    IMAGENET,
    Backbone,
    Compute,
    planes_of,
    resized,
    with_channels,
)
from vestry.members.backbones.onnx_backbone import OnnxBackbone
from vestry.members.backbones.published import PUBLISHED, PublishedBackbone
from vestry.members.backbones.settings import LITE0, BackboneSettings
from vestry.members.backbones.source import (
    CARD,
    WEIGHTS,
    BackboneSource,
    image_size,
    made_graph,
    network_of,
)
from vestry.members.backbones.weights import (
    digest,
    loaded_backbone,
    random_backbone,
    read_tensors,
    save_tensors,
)
from vestry.members.networks.layer import Shape, describe
from vestry.members.networks.network import Network, Standardised
from vestry.storage.onnx_file import read_model_bytes
from vestry.storage.run_folder import atomic_path, read_json

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

    def write(self, target: Path) -> None:
        save_tensors(self.tensors(), target)

    def forward(self, images: Tensor, compute: Compute) -> Tensor:
        planes = self.planes(images)
        with torch.autocast("cpu", torch.bfloat16, enabled=compute == "bf16"):
            features: Tensor = self.module(planes).float()
        return self.pooled(features)

    def planes(self, images: Tensor) -> Tensor:
        """What its first layer takes."""
        planes = resized(planes_of(images), self.size).expand(-1, 3, -1, -1)
        return IMAGENET.apply(planes.contiguous(memory_format=torch.channels_last))

    def pooled(self, features: Tensor) -> Tensor:
        """(n, channels, height, width) of its last layer as (n, *feature_shape)."""
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
        self.network.standardised = Standardised.among(tensors)
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
        scaled = "z-scores of each channel" if self.network.standardised else "pixels / 255"
        self.normalisation = f"{scaled}, as the network was trained"
        self.batch = _BATCH
        self.computes = ("fp32",)
        self.notes = tuple(_changes(image_shape, shape))

    def settings(self) -> dict[str, object]:
        return {key: self.card[key] for key in ("settings", "image_shape", "classes")}

    def tensors(self) -> dict[str, Tensor]:
        return self.own(self.network.tensors())

    def write(self, target: Path) -> None:
        save_tensors(self.tensors(), target)

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


# A backbone from its weights: at first, stored with a model, and restored from there.


def make_backbone(
    settings: BackboneSettings, source: BackboneSource, image_shape: Shape
) -> Backbone:
    """The frozen backbone of `settings`, for images of `image_shape`."""
    if source.used == "study":
        assert source.path is not None  # noqa: S101 - for the type checker
        tensors = load_file(source.path / WEIGHTS)
        card = read_json(source.path / CARD)
        return EarlierNetwork(settings.backbone, card, tensors, image_shape)
    if settings.is_graph:
        return _made_of_file(settings, source, image_shape)
    facts = PUBLISHED[settings.backbone]
    module = random_backbone(facts) if source.path is None else loaded_backbone(facts, source.path)
    size = image_size(settings, image_shape)
    return PublishedNetwork(module, facts, size, settings.early_pool)


def _made_of_file(
    settings: BackboneSettings, source: BackboneSource, image_shape: Shape
) -> OnnxBackbone:
    graph = made_graph(settings, source, image_shape)
    if settings.backbone == LITE0:
        return OnnxBackbone.of(graph, efficientnet_lite0.TITLE)
    assert source.path is not None  # noqa: S101 - for the type checker
    title = settings.backbone if settings.of_library else source.path.name
    return OnnxBackbone.of(graph, title, graph.words)


def _backbone_file(weights: str, is_graph: bool) -> str:
    """A stored backbone's file is named by its content."""
    return f"backbone-{weights[:16]}.{'onnx' if is_graph else 'safetensors'}"


def store_backbone(backbone: Backbone, folder: Path) -> None:
    """Write the backbone into `folder`; a folder beside it that has the same one shares it."""
    name = _backbone_file(backbone.weights, isinstance(backbone, OnnxBackbone))
    for twin in sorted(folder.parent.glob(f"*/{name}")):
        if twin.parent != folder:
            with atomic_path(folder / name) as temporary:
                temporary.unlink()
                _link_or_copy(twin, temporary)
            return
    folder.mkdir(parents=True, exist_ok=True)
    backbone.write(folder / name)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def restore_backbone(settings: BackboneSettings, card: Mapping[str, Any], folder: Path) -> Backbone:
    """The backbone that `store_backbone` wrote, checked against the digest in the model's card."""
    path = folder / _backbone_file(card["backbone"]["sha256"], settings.is_graph)
    if not path.is_file():
        raise MemberError(f"{path} is not there: the model cannot predict without its backbone")
    shape = tuple(card["image_shape"])
    backbone: Backbone
    if settings.is_graph:
        content = read_model_bytes(path)
        digest = hashlib.sha256(content).hexdigest()
        unsaid = {"title": settings.backbone, "origin": "", "notes": ()}
        backbone = OnnxBackbone(content, digest, card["backbone"] | unsaid)
    elif settings.published:
        facts = PUBLISHED[settings.backbone]
        module = loaded_backbone(facts, path)
        size = image_size(settings, shape)
        backbone = PublishedNetwork(module, facts, size, settings.early_pool)
    else:
        network = card["earlier_network"]
        backbone = EarlierNetwork(settings.backbone, network, read_tensors(path), shape)
    if backbone.weights != card["backbone"]["sha256"]:
        raise MemberError(f"{path} does not hold the backbone that the model was fitted with")
    return backbone
