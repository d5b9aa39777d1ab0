"""A backbone from its weights: at first, stored with a model, and restored from there."""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file

from vestry.errors import MemberError
from vestry.members.backbones.backbone import Backbone
from vestry.members.backbones.frozen_networks import EarlierNetwork, PublishedNetwork
from vestry.members.backbones.settings import PUBLISHED, BackboneSettings
from vestry.members.backbones.source import CARD, WEIGHTS, BackboneSource, image_size
from vestry.members.backbones.weights import (
    loaded_backbone,
    random_backbone,
    read_tensors,
    save_tensors,
)
from vestry.members.networks.layers import GlobalPool, Shape
from vestry.storage.run_folder import atomic_path, read_json


def make_backbone(
    settings: BackboneSettings, source: BackboneSource, image_shape: Shape
) -> Backbone:
    """The frozen backbone of `settings`, for images of `image_shape`."""
    if source.used == "study":
        assert source.path is not None  # noqa: S101 - for the type checker
        tensors = load_file(source.path / WEIGHTS)
        card = read_json(source.path / CARD)
        return EarlierNetwork(settings.backbone, card, tensors, image_shape)
    facts = PUBLISHED[settings.backbone]
    module = random_backbone(facts) if source.path is None else loaded_backbone(facts, source.path)
    return PublishedNetwork(module, facts, image_size(settings, image_shape), pool_of(settings))


def pool_of(settings: BackboneSettings) -> str | None:
    """A pool that the head begins with is made before features are kept: they are then far fewer.

    The head's own pool, over a single pixel by then, changes nothing.
    """
    first = settings.layers[0]
    return first.global_pool if isinstance(first, GlobalPool) else None


def _backbone_file(weights: str) -> str:
    """A stored backbone's file is named by its content."""
    return f"trunk-{weights[:16]}.safetensors"


def store_backbone(backbone: Backbone, folder: Path) -> None:
    """Write the backbone into `folder`; a folder beside it that has the same one shares it."""
    name = _backbone_file(backbone.weights)
    for twin in sorted(folder.parent.glob(f"*/{name}")):
        if twin.parent != folder:
            with atomic_path(folder / name) as temporary:
                temporary.unlink()
                _link_or_copy(twin, temporary)
            return
    save_tensors(backbone.tensors(), folder / name)


def _link_or_copy(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def restore_backbone(settings: BackboneSettings, card: Mapping[str, Any], folder: Path) -> Backbone:
    """The backbone that `store_backbone` wrote, checked against the digest in the model's card."""
    path = folder / _backbone_file(card["trunk"]["sha256"])
    if not path.is_file():
        raise MemberError(f"{path} is not there: the model cannot predict without its backbone")
    shape = tuple(card["image_shape"])
    backbone: Backbone
    if settings.published:
        facts = PUBLISHED[settings.backbone]
        module = loaded_backbone(facts, path)
        backbone = PublishedNetwork(module, facts, image_size(settings, shape), pool_of(settings))
    else:
        network = card["earlier_network"]
        backbone = EarlierNetwork(settings.backbone, network, read_tensors(path), shape)
    if backbone.weights != card["trunk"]["sha256"]:
        raise MemberError(f"{path} does not hold the backbone that the model was fitted with")
    return backbone
