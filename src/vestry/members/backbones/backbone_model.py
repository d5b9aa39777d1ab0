"""A frozen backbone, and a head trained on its features: fitted, stored, restored."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vestry.members.backbones.backbone import Backbone, BackboneChoice, choose
from vestry.members.backbones.features import Features
from vestry.members.backbones.frozen_networks import make_backbone, restore_backbone, store_backbone
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.source import BackboneSource, backbone_source
from vestry.members.kind import FitJob
from vestry.members.model_paths import ModelPaths, user_cache
from vestry.members.networks import machine, network_member
from vestry.members.networks.layer import Shape, describe
from vestry.members.networks.network_member import NetworkMember
from vestry.members.networks.settings import NetworkSettings
from vestry.storage.tried import Tried

_RANDOM_BACKBONE = (
    "Its backbone has random weights, drawn from the seed 0 whatever the head's seed: nothing "
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
    backbone: Backbone,
    head: dict[str, Any],
    choice: BackboneChoice,
    image_shape: Shape,
) -> dict[str, Any]:
    """The card of the whole from the head's own; times and what went through are added later."""
    return head | {
        "kind": "backbone",
        "settings": settings.model_dump(mode="json"),
        "image_shape": list(image_shape),
        "parameters": backbone.parameters + head["parameters"],
        "definition": [_backbone_line(backbone, source), *head["definition"]],
        "trunk": _backbone_facts(settings, source, backbone, choice),
        "earlier_network": backbone.settings() if source.used == "study" else None,
        "head": head,
        "notes": _notes(source, backbone, choice),
        "warnings": [*_warnings(settings, source), *filter(None, [choice.note]), *head["warnings"]],
    }


def _backbone_facts(
    settings: BackboneSettings, source: BackboneSource, backbone: Backbone, choice: BackboneChoice
) -> dict[str, Any]:
    return {
        "backbone": settings.backbone,
        "weights": source.used,
        "asked": settings.weights or source.used,
        "why_replaced": source.why_replaced,
        "parameters": backbone.parameters,
        "features": int(np.prod(backbone.feature_shape)),
        "feature_shape": list(backbone.feature_shape),
        "image_size": list(backbone.size),
        "normalisation": backbone.normalisation,
        "sha256": backbone.weights,
        "precision": choice.compute,
        "precision_error": choice.error,
        "trials": choice.tried,
    }


def _backbone_line(backbone: Backbone, source: BackboneSource) -> str:
    return (
        f"{backbone.title}, {_WEIGHTS[source.used]}frozen, images of {describe(backbone.size)} -> "
        f"{describe(backbone.feature_shape)}, {backbone.parameters:,} parameters"
    )


def _notes(source: BackboneSource, backbone: Backbone, choice: BackboneChoice) -> list[str]:
    said = list(backbone.notes)
    if source.used == "random":
        said.append(_RANDOM_BACKBONE)
    if choice.compute == "bf16":
        said.append(
            "Training images went through the backbone in bfloat16 (features off by "
            f"{choice.error:.2%}), all others in float32."
        )
    return said


def _warnings(settings: BackboneSettings, source: BackboneSource) -> list[str]:
    if source.why_replaced is None:
        return []
    return [
        f"It asked for {settings.weights} weights and runs on {source.used} ones instead: "
        f"{source.why_replaced}."
    ]


_ROWS_AT_ONCE = 10_000
"""Whose features stand in memory while predicting."""
_TIMED_IMAGES = 64


@dataclass
class BackboneMember:
    """A frozen backbone and a trained head; `fit` and `load` make it."""

    features: Features
    head: NetworkMember
    facts: dict[str, Any]
    fitted_here: bool = True

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, classes), rows summing to 1; always in float32, whatever training computed in."""
        starts = range(0, max(len(images), 1), _ROWS_AT_ONCE)
        return np.concatenate([self.predict(images[s : s + _ROWS_AT_ONCE]) for s in starts])

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with machine.prepared(self.head.threads):
            features: Any = self.features.of(images, "fp32")  # what a head takes for images
        return self.head.predict_proba(features)

    def held_out_proba(self) -> None:
        """Training does not learn from validation rows, so `predict_proba` serves for them."""

    @property
    def tried(self) -> Tried | None:
        """Epochs of the head."""
        return self.head.tried

    def save(self, folder: Path) -> None:
        """The head's weights and history, and the backbone, which loading needs wherever it is."""
        self.head.save(folder)
        store_backbone(self.features.backbone, folder)

    def card(self) -> dict[str, Any]:
        """What is known by now: images that were predicted after the fit count as well."""
        if not self.fitted_here:
            return self.facts
        passage = self.features.passage
        passed = {
            "seconds": passage.seconds,
            "images_through": passage.through,
            "images_found": passage.found,
        }
        return self.facts | {
            "trunk": self.facts["trunk"] | passed,
            "notes": [*self.facts["notes"], *self.features.notes],
        }


def fit(settings: BackboneSettings, job: FitJob) -> BackboneMember:
    """Push the job's images through the backbone, then train the head on their features.

    Both go on where an interrupted fit was. Raises StudyError, DataError or MemberError where the
    backbone's weights are not to be had or are not those of such a backbone.
    """
    paths = job.paths or ModelPaths.of()
    source = backbone_source(settings, paths)
    settings, job = network_member.settled(settings, job)
    cache, shape = user_cache(), job.images.shape[1:]
    with machine.prepared(job.threads), torch.inference_mode():
        job.on_event({"event": "stage", "text": f"loading {settings.backbone}"})
        backbone = make_backbone(settings, source, shape)
        choice = choose(backbone, shape, settings.precision, job.threads, cache)
        features = Features(backbone, cache, job.on_event)
        inputs: dict[str, Any] = {  # a head's images are features, which its trainer takes as well
            "images": features.of(job.images, choice.compute),
            "validation_images": features.of(job.validation_images, "fp32"),
        }
    head = network_member.fit(_head_settings(settings), replace(job, **inputs))
    head.threads = job.threads  # what was best for training it says nothing of the backbone
    facts = card(settings, source, backbone, head.card(), choice, shape)
    facts["fit_seconds"] += features.passage.seconds
    facts["milliseconds_per_image"] = _milliseconds_per_image(features, head, job.images)
    return BackboneMember(features, head, facts)


def _head_settings(settings: BackboneSettings) -> NetworkSettings:
    """The head as a network of its own, whose images are features."""
    own = set(NetworkSettings.model_fields) - {"kind"}
    return NetworkSettings(**settings.model_dump(include=own), scale="unit")


def load(folder: Path, card: dict[str, Any]) -> BackboneMember:
    """The model that `save` wrote into `folder`; its predictions are the same to the bit."""
    backbone = restore_backbone(BackboneSettings(**card["settings"]), card, folder)
    head = network_member.load(folder, card["head"])
    return BackboneMember(Features(backbone), head, card, fitted_here=False)


def _milliseconds_per_image(
    features: Features, head: NetworkMember, images: NDArray[np.uint8]
) -> float:
    """Of predicting a batch of new images, which no store has; the second of two turns."""
    fresh = BackboneMember(Features(features.backbone), head, {})
    batch = images[:_TIMED_IMAGES]
    fresh.predict_proba(batch)
    start = time.perf_counter()
    fresh.predict_proba(batch)
    return (time.perf_counter() - start) / len(batch) * 1000
