"""What a reader, and `load`, must know of a frozen trunk with its head."""

from typing import Any

import numpy as np

from vestry.members.backbones.backbone import Trunk, TrunkChoice
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.source import BackboneSource
from vestry.members.networks.layer import Shape, describe

_RANDOM_TRUNK = (
    "Its trunk has random weights, drawn from the seed 0 whatever the head's seed: nothing "
    "was learnt beforehand, so this is no measure of transfer."
)
_WEIGHTS = {
    "imagenet": "ImageNet weights, ",
    "file": "weights from a file, ",
    "random": "random weights, ",
    "study": "",
}


def card(
    settings: BackboneSettings,
    source: BackboneSource,
    trunk: Trunk,
    head: dict[str, Any],
    choice: TrunkChoice,
    image_shape: Shape,
) -> dict[str, Any]:
    """The card of the whole from the head's own; times and what went through are added later."""
    return head | {
        "kind": "backbone",
        "settings": settings.model_dump(mode="json"),
        "image_shape": list(image_shape),
        "parameters": trunk.parameters + head["parameters"],
        "definition": [_trunk_line(trunk, source), *head["definition"]],
        "trunk": _trunk_facts(settings, source, trunk, choice),
        "earlier_network": trunk.settings() if source.used == "study" else None,
        "head": head,
        "notes": notes(source, trunk, choice),
        "warnings": [*warnings(settings, source), *filter(None, [choice.note]), *head["warnings"]],
    }


def _trunk_facts(
    settings: BackboneSettings, source: BackboneSource, trunk: Trunk, choice: TrunkChoice
) -> dict[str, Any]:
    return {
        "backbone": settings.backbone,
        "weights": source.used,
        "asked": settings.weights or source.used,
        "why_replaced": source.why_replaced,
        "parameters": trunk.parameters,
        "features": int(np.prod(trunk.feature_shape)),
        "feature_shape": list(trunk.feature_shape),
        "image_size": list(trunk.size),
        "normalisation": trunk.normalisation,
        "sha256": trunk.weights,
        "precision": choice.compute,
        "precision_error": choice.error,
        "trials": choice.tried,
    }


def _trunk_line(trunk: Trunk, source: BackboneSource) -> str:
    return (
        f"{trunk.title}, {_WEIGHTS[source.used]}frozen, images of {describe(trunk.size)} -> "
        f"{describe(trunk.feature_shape)}, {trunk.parameters:,} parameters"
    )


def notes(source: BackboneSource, trunk: Trunk, choice: TrunkChoice) -> list[str]:
    said = list(trunk.notes)
    if source.used == "random":
        said.append(_RANDOM_TRUNK)
    if choice.compute == "bf16":
        said.append(
            "Training images went through the trunk in bfloat16 (features off by "
            f"{choice.error:.2%}), all others in float32."
        )
    return said


def warnings(settings: BackboneSettings, source: BackboneSource) -> list[str]:
    if source.why_replaced is None:
        return []
    return [
        f"It asked for {settings.weights} weights and runs on {source.used} ones instead: "
        f"{source.why_replaced}."
    ]
