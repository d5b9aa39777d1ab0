"""The member of the kind `backbone`: a frozen trunk, and a head trained on its features."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vestry.members.backbones.backbone import choose
from vestry.members.backbones.card import card
from vestry.members.backbones.features import Features
from vestry.members.backbones.making import make_trunk, restore_trunk, store_trunk
from vestry.members.backbones.paths import BackbonePaths, user_cache
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.source import backbone_source
from vestry.members.member import FitJob
from vestry.members.networks import machine, network_member
from vestry.members.networks.network_member import NetworkMember
from vestry.members.networks.settings import NetworkSettings

_ROWS_AT_ONCE = 10_000
"""Whose features stand in memory while predicting."""
_TIMED_IMAGES = 64


@dataclass
class BackboneMember:
    """A frozen trunk and a trained head; `fit` and `load` make it."""

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

    def save(self, folder: Path) -> None:
        """The head's weights and history, and the trunk, which loading needs wherever it is."""
        self.head.save(folder)
        store_trunk(self.features.trunk, folder)

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
    """Push the job's images through the trunk, then train the head on their features.

    Both go on where an interrupted fit was. Raises StudyError, DataError or MemberError where the
    trunk's weights are not to be had or are not those of such a trunk.
    """
    places = BackbonePaths.of() if job.trunks is None else BackbonePaths.from_dict(job.trunks)
    source = backbone_source(settings, places)
    cache, shape = user_cache(), job.images.shape[1:]
    with machine.prepared(job.threads), torch.inference_mode():
        job.report({"event": "stage", "text": f"loading {settings.backbone}"})
        trunk = make_trunk(settings, source, shape)
        choice = choose(trunk, shape, settings.precision, job.threads, cache)
        features = Features(trunk, cache, job.report)
        inputs: dict[str, Any] = {  # a head's images are features, which its trainer takes as well
            "images": features.of(job.images, choice.compute),
            "validation_images": features.of(job.validation_images, "fp32"),
        }
    head = network_member.fit(_head_settings(settings), replace(job, **inputs))
    head.threads = job.threads  # what was best for training it says nothing of the trunk
    facts = card(settings, source, trunk, head.card(), choice, shape)
    facts["fit_seconds"] += features.passage.seconds
    facts["milliseconds_per_image"] = milliseconds_per_image(features, head, job.images)
    return BackboneMember(features, head, facts)


def _head_settings(settings: BackboneSettings) -> NetworkSettings:
    """The head as a network of its own, whose images are features."""
    own = set(NetworkSettings.model_fields) - {"kind"}
    return NetworkSettings(**settings.model_dump(include=own), scale="unit")


def load(folder: Path, card: dict[str, Any]) -> BackboneMember:
    """The member that `save` wrote into `folder`; its predictions are the same to the bit."""
    trunk = restore_trunk(BackboneSettings(**card["settings"]), card, folder)
    head = network_member.load(folder, card["head"])
    return BackboneMember(Features(trunk), head, card, fitted_here=False)


def milliseconds_per_image(
    features: Features, head: NetworkMember, images: NDArray[np.uint8]
) -> float:
    """Of predicting a batch of new images, which no store has; the second of two turns."""
    fresh = BackboneMember(Features(features.trunk), head, {})
    batch = images[:_TIMED_IMAGES]
    fresh.predict_proba(batch)
    start = time.perf_counter()
    fresh.predict_proba(batch)
    return (time.perf_counter() - start) / len(batch) * 1000
