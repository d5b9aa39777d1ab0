"""A frozen backbone, and a head on its features: fitted, stored, restored."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vestry.members.backbones.backbone import Backbone, BackboneChoice, choose, fixed
from vestry.members.backbones.features import Features
from vestry.members.backbones.fine_tuning import Tuned, fine_tuned
from vestry.members.backbones.frozen_networks import (
    make_backbone,
    restore_backbone,
    store_backbone,
)
from vestry.members.backbones.heads import Head, asked_apart, fitted_head, loaded_head
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.source import BackboneSource, backbone_source
from vestry.members.kind import FitJob
from vestry.members.model_paths import ModelPaths, user_cache
from vestry.members.networks import machine, network_member
from vestry.members.networks.layer import Shape, describe
from vestry.members.networks.network_member import NetworkMember
from vestry.storage.tried import Tried

_RANDOM_BACKBONE = (
    "Its backbone has random weights, drawn from the seed 0 whatever the head's seed: nothing "
    "was learnt beforehand, so this is no measure of transfer."
)
_POOLED = (
    "Its estimator gets the average of each channel's map of features; `pool` says otherwise "
    '("max", or "none" for all its numbers).'
)
_WEIGHTS = {
    "imagenet": "ImageNet weights, ",
    "file": "weights from a file, ",
    "random": "random weights, ",
    "study": "",
    "onnx": "",
    "pretrained": "pretrained, ",
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
        "parameters": _together(backbone.parameters, head["parameters"]),
        "definition": [_backbone_line(settings, backbone, source), *head["definition"]],
        "backbone": _backbone_facts(settings, source, backbone, choice),
        "earlier_network": backbone.settings() if source.used == "study" else None,
        "head": head,
        "notes": [*_notes(settings, source, backbone, choice), *head.get("notes", ())],
        "warnings": [*_warnings(settings, source), *filter(None, [choice.note]), *head["warnings"]],
    }


def _together(*counts: int | None) -> int | None:
    """None where one of them is not counted, as an estimator's of support vectors."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def _backbone_facts(
    settings: BackboneSettings, source: BackboneSource, backbone: Backbone, choice: BackboneChoice
) -> dict[str, Any]:
    return {
        "name": settings.backbone,
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


def _backbone_line(settings: BackboneSettings, backbone: Backbone, source: BackboneSource) -> str:
    origin = f"{backbone.origin}, " if backbone.origin else ""
    counted = "" if backbone.parameters is None else f", {backbone.parameters:,} parameters"
    last = f" but for its last {settings.unfreeze}" if settings.unfreeze else ""
    return (
        f"{backbone.title}, {origin}{_WEIGHTS[source.used]}frozen{last}, images of "
        f"{describe(backbone.size)} -> {describe(backbone.feature_shape)}{counted}"
    )


def _notes(
    settings: BackboneSettings, source: BackboneSource, backbone: Backbone, choice: BackboneChoice
) -> list[str]:
    said = list(backbone.notes)
    if settings.estimator and settings.pool is None and backbone.pool:
        said.append(_POOLED)
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
    """A frozen backbone and a head; `fit` and `load` make it.

    facts: of the whole, from the head's own card. threads: that it predicts with.
    """

    features: Features
    head: Head
    facts: Callable[[dict[str, Any]], dict[str, Any]]
    threads: int
    fitted_here: bool = True

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, classes), rows summing to 1; always in float32, whatever training computed in."""
        starts = range(0, max(len(images), 1), _ROWS_AT_ONCE)
        return np.concatenate([self.predict(images[s : s + _ROWS_AT_ONCE]) for s in starts])

    def predict(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        with machine.prepared(self.threads):
            features = self.features.of(images, "fp32")
        return self.head.predict_proba(features)

    def held_out_proba(self) -> NDArray[np.float32] | None:
        """Of an estimator that was fitted again with validation rows, what it said before. Training
        does not learn from them, so that `predict_proba` serves."""
        return self.head.held_out_proba()

    @property
    def tried(self) -> Tried | None:
        """Epochs of the head."""
        return self.head.tried

    def save(self, folder: Path) -> None:
        """The head's files, and the backbone, which loading needs wherever it is."""
        self.head.save(folder)
        store_backbone(self.features.backbone, folder)

    def card(self) -> dict[str, Any]:
        """What is known by now: images that were predicted after the fit count as well."""
        facts = self.facts(self.head.card())
        if not self.fitted_here:
            return facts
        passage = self.features.passage
        passed = {
            "seconds": passage.seconds,
            "images_through": passage.through,
            "images_found": passage.found,
        }
        return facts | {
            "backbone": facts["backbone"] | passed,
            "notes": [*facts["notes"], *self.features.notes],
        }


def fit(settings: BackboneSettings, job: FitJob) -> BackboneMember:
    """Push the job's images through the backbone, then fit the head to their features.

    Both go on where an interrupted fit was. Raises StudyError, DataError or MemberError where the
    backbone's weights are not to be had or are not those of such a backbone.
    """
    paths = job.paths or ModelPaths.of()
    source = backbone_source(settings, paths)
    if settings.estimator is None:
        settings, job = network_member.settled(settings, job)
    cache, shape = user_cache(), job.images.shape[1:]
    with machine.prepared(job.threads), torch.inference_mode():
        job.on_event({"event": "stage", "text": f"loading {settings.backbone}"})
        backbone = make_backbone(settings, source, shape)
        choice = (
            fixed(backbone, shape, settings.precision)
            if job.reproducible
            else choose(backbone, shape, settings.precision, job.threads, cache)
        )
        features = Features(backbone, cache, job.on_event)
        inputs: dict[str, Any] = {  # a head's images are features, which its fit takes as well
            "images": features.of(job.images, choice.compute),
            "validation_images": features.of(job.validation_images, "fp32"),
        }
    head = fitted_head(settings, replace(job, **inputs))
    seconds = features.passage.seconds
    tuned: Tuned | None = None
    if settings.unfreeze is not None:
        assert isinstance(head, NetworkMember)  # noqa: S101 - settings say so
        tuned = fine_tuned(settings, backbone, head, job)
        backbone, features = tuned.backbone, features.by_another(tuned.backbone)
        seconds += tuned.seconds
    each = _milliseconds_per_image(features, head, job)

    def facts(of_head: dict[str, Any]) -> dict[str, Any]:
        found = card(settings, source, backbone, of_head, choice, shape)
        times = {"fit_seconds": found["fit_seconds"] + seconds, "milliseconds_per_image": each}
        return found | times | (tuned.facts(settings, found) if tuned else {})

    return BackboneMember(features, head, facts, job.threads)


def load(folder: Path, card: dict[str, Any]) -> BackboneMember:
    """The model that `save` wrote into `folder`; its predictions are the same to the bit."""
    settings = BackboneSettings(**card["settings"])
    backbone = restore_backbone(settings, card, folder)
    head = loaded_head(settings, folder, card["head"])
    threads = torch.get_num_threads()
    return BackboneMember(Features(backbone), head, lambda _: card, threads, fitted_here=False)


def _milliseconds_per_image(features: Features, head: Head, job: FitJob) -> float:
    """Of predicting a batch of new images, which no store has; the second of two turns."""
    fresh = BackboneMember(
        Features(features.backbone), asked_apart(head), lambda card: card, job.threads
    )
    batch = job.images[:_TIMED_IMAGES]
    fresh.predict_proba(batch)
    start = time.perf_counter()
    fresh.predict_proba(batch)
    return (time.perf_counter() - start) / len(batch) * 1000
