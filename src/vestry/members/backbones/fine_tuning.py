"""Fine-tuning: a published backbone's last layers go on learning, together with the head on them.

The head is fitted first, on features of the frozen backbone: what a random head sends back would
otherwise undo what the backbone has learnt before (Kornblith, Shlens and Le, "Do better ImageNet
models transfer better?", 2019; Kumar et al., "Fine-tuning can distort pretrained features and
underperform out-of-distribution", 2022). What stands before the last layers stays frozen, so that
each image goes through it once.
"""

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vestry.data.limits import MOST_BYTES
from vestry.errors import MemberError
from vestry.members.backbones.architectures import Vgg16
from vestry.members.backbones.backbone import Backbone
from vestry.members.backbones.frozen_networks import PublishedNetwork
from vestry.members.backbones.graph_tail import tail_of
from vestry.members.backbones.onnx_backbone import OnnxBackbone
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.tail_module import TailModule
from vestry.members.backbones.weights import MODULES
from vestry.members.kind import FitJob
from vestry.members.networks import machine
from vestry.members.networks.balance import balanced_order, class_weights
from vestry.members.networks.network import Network
from vestry.members.networks.network_member import NetworkMember
from vestry.members.networks.optimizers import OPTIMIZERS
from vestry.members.networks.rows import as_tensor
from vestry.members.networks.trainer import smoothed_truths

_HEAD_SHARE = 0.1
"""Of its own learning rate, at which the head goes on."""
_STREAM = 5
"""What tells this order of rows from the trainer's."""
_MEASURED_ROWS = 2048
"""For batch normalisation's statistics in the head, as in the trainer."""


@dataclass(frozen=True)
class Tuned:
    """trainable: parameters of the backbone that have learnt. seconds: that it took."""

    backbone: Backbone
    trainable: int
    seconds: float

    def facts(self, settings: BackboneSettings, card: Mapping[str, Any]) -> dict[str, Any]:
        """What the model's card says because of it."""
        said = settings.tuning
        rate = settings.initial_learning_rate * _HEAD_SHARE
        note = (
            f"After its head, the last {settings.unfreeze} layers of its backbone were fine-tuned "
            f"with it: {said.epochs} epochs, learning rates {said.learning_rate:g} and, of the "
            f"head, {rate:g}. The history is that of the head before that."
        )
        return {
            "trainable_parameters": card["trainable_parameters"] + self.trainable,
            "fine_tuning": said.model_dump() | {"layers": settings.unfreeze, "head_rate": rate},
            "notes": [*card["notes"], note],
        }


def fine_tuned(
    settings: BackboneSettings, backbone: Backbone, head: NetworkMember, job: FitJob
) -> Tuned:
    """The backbone with its last `settings.unfreeze` layers as they are after it; the head's
    weights are changed in place. job: its images are images.

    Raises MemberError where what goes into these layers does not fit into memory, where they hold
    what cannot be trained here, or where the loss is no longer a number.
    """
    started = time.perf_counter()
    with machine.prepared(job.threads):
        assert isinstance(head.network, Network)  # noqa: S101 - heads stay on the processor
        tuning = _Tuning(settings, _parts_of(settings, backbone), head.network, job)
        for epoch in range(settings.tuning.epochs):
            text = f"fine-tuning, epoch {epoch + 1} of {settings.tuning.epochs}"
            job.on_event({"event": "stage", "text": text})
            tuning.epoch(epoch)
        tuning.measure_statistics()
    head.tried = None  # early stopping chose among other weights
    with machine.prepared(job.threads), torch.inference_mode():
        made = tuning.parts.tuned()
    trainable = sum(each.numel() for each in tuning.parts.last.parameters())
    return Tuned(made, trainable, time.perf_counter() - started)


def split(module: nn.Module, layers: int) -> tuple[nn.Sequential, nn.Sequential]:
    """A backbone as what stays frozen and its last `layers`: convolutions of VGG16, blocks of
    ResNet50."""
    parts = _parts(module)
    learning = [place for place, part in enumerate(parts) if not _is_fixed(part)]
    place = learning[-layers]
    return nn.Sequential(*parts[:place]), nn.Sequential(*parts[place:])


def _parts(module: nn.Module) -> list[nn.Module]:
    """What an image goes through, in order."""
    if isinstance(module, Vgg16):
        return list(module.features)
    stem = [module.get_submodule(name) for name in ("conv1", "bn1", "relu", "maxpool")]
    stages = [module.get_submodule(f"layer{number}") for number in range(1, 5)]
    return [nn.Sequential(*stem), *(block for stage in stages for block in stage.children())]


def _is_fixed(part: nn.Module) -> bool:
    """ResNet50's beginning counts as no block, and is never trained."""
    return isinstance(part, nn.Sequential) or not any(True for _ in part.parameters())


class _Parts(Protocol):
    """A backbone as what stays frozen and what learns."""

    @property
    def last(self) -> nn.Module:
        """What learns."""

    @property
    def batch(self) -> int:
        """Images that go through at once."""

    def entering(self, images: NDArray[np.uint8]) -> list[Tensor]:
        """What comes into the part that learns, each (images, ...)."""

    def features(self, entering: list[Tensor]) -> Tensor:
        """(images, *feature_shape)."""

    def tuned(self) -> Backbone:
        """The whole as it is by now."""


def _parts_of(settings: BackboneSettings, backbone: Backbone) -> _Parts:
    layers = settings.unfreeze or 1
    if isinstance(backbone, PublishedNetwork):
        return _PublishedParts(backbone, layers, settings.early_pool)
    assert isinstance(backbone, OnnxBackbone)  # noqa: S101 - settings say so
    return _GraphParts(backbone, layers)


class _PublishedParts:
    """Of a copy of VGG16 or ResNet50."""

    def __init__(self, backbone: PublishedNetwork, layers: int, pool: str | None) -> None:
        self.backbone, self.pool, self.batch = backbone, pool, backbone.batch
        self.module = MODULES[backbone.facts.name]()
        self.module.load_state_dict({n: t.clone() for n, t in backbone.tensors().items()})
        self.module.eval().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.first, self.last = split(self.module.requires_grad_(False), layers)
        self.last.requires_grad_(True)

    def entering(self, images: NDArray[np.uint8]) -> list[Tensor]:
        return [self.first(self.backbone.planes(as_tensor(images)))]

    def features(self, entering: list[Tensor]) -> Tensor:
        (inputs,) = entering
        return self.backbone.pooled(self.last(inputs.contiguous(memory_format=torch.channels_last)))

    def tuned(self) -> Backbone:
        facts, size = self.backbone.facts, self.backbone.size
        return PublishedNetwork(self.module, facts, size, self.pool)


class _GraphParts:
    """Of a file: onnxruntime runs what stays frozen."""

    def __init__(self, backbone: OnnxBackbone, layers: int) -> None:
        self.backbone, self.batch = backbone, backbone.batch
        tail = tail_of(backbone.content, layers)
        self.last = TailModule(tail)
        self.first = backbone.with_content(tail.first_part())
        self.is_checked = False

    def entering(self, images: NDArray[np.uint8]) -> list[Tensor]:
        found = self.first.run(as_tensor(images))
        if not self.is_checked:
            self.last.check(found, self.backbone.forward(as_tensor(images), "fp32"))
            self.is_checked = True
        return found

    def features(self, entering: list[Tensor]) -> Tensor:
        features: Tensor = self.last(*entering)
        return features

    def tuned(self) -> Backbone:
        return self.backbone.with_content(self.last.content())


class _Tuning:
    """inputs: of all training images, what comes into the part that learns."""

    def __init__(
        self, settings: BackboneSettings, parts: _Parts, head: Network, job: FitJob
    ) -> None:
        self.settings = settings
        self.parts = parts
        self.head = head
        self.seed = job.seed
        self.labels = torch.from_numpy(job.labels)
        self.inputs = self._inputs(job.images)
        self.truths = smoothed_truths(head.classes, settings.label_smoothing)
        self.weights = torch.ones(head.classes)
        if settings.balance == "weights":
            self.weights = class_weights(self.labels, head.classes)
        vector = head.vector
        learning = parts.last.parameters()
        self.optimizer = torch.optim.Adam(learning, settings.tuning.learning_rate)
        self.of_head = OPTIMIZERS[settings.optimizer](
            settings, vector.values, vector.gradients, head.filter_banks()
        )
        head.ask_input_gradient()

    def _inputs(self, images: NDArray[np.uint8]) -> list[Tensor]:
        found: list[Tensor] = []
        with torch.no_grad():
            for start in range(0, len(images), self.parts.batch):
                rows = slice(start, start + self.parts.batch)
                entering = self.parts.entering(images[rows])
                if not found:
                    _check_room(len(images), sum(part[0].numel() * 4 for part in entering))
                    found = [torch.empty((len(images), *part.shape[1:])) for part in entering]
                for whole, part in zip(found, entering, strict=True):
                    whole[rows] = part
        return found

    def epoch(self, number: int) -> None:
        random = np.random.default_rng([self.seed, number, _STREAM])
        self.head.seed(random)
        order = random.permutation(len(self.labels))
        if self.settings.balance == "sampling":
            order = balanced_order(self.labels.numpy(), random)
        for rows in torch.split(torch.from_numpy(order), self.settings.batch_size):
            self.step(rows)

    def step(self, rows: Tensor) -> None:
        features = self.features(rows)
        with torch.no_grad():
            gradient = self._of_features(features.detach(), self.labels[rows])
        self.optimizer.zero_grad()
        features.backward(gradient)  # type: ignore[no-untyped-call]
        self.optimizer.step()

    def features(self, rows: Tensor) -> Tensor:
        return self.parts.features([whole[rows] for whole in self.inputs])

    def _of_features(self, features: Tensor, labels: Tensor) -> Tensor:
        """A step of the head; the loss's gradient by the features."""
        self.head.vector.refresh()
        scores = self.head.forward(features, training=True)
        if not torch.isfinite(scores).all():
            raise MemberError(
                "fine-tuning diverged; give fine_tuning a learning_rate below "
                f"{self.settings.tuning.learning_rate:g}"
            )
        gradient = torch.softmax(scores, 1).sub_(self.truths[labels]).div_(len(labels))
        found = self.head.backward(gradient.mul_(self.weights[labels, None]))
        self.of_head.step(self.settings.initial_learning_rate * _HEAD_SHARE)
        assert found is not None  # noqa: S101 - the head was asked for it
        return found.reshape(features.shape).float()

    def measure_statistics(self) -> None:
        """Of the head's batch normalisation, by the features of now."""
        self.head.vector.refresh()
        with torch.no_grad():
            self.head.measure_statistics(self._measured())

    def _measured(self) -> Iterator[Tensor]:
        random = np.random.default_rng([self.seed, 0, _STREAM])
        drawn = np.sort(random.permutation(len(self.labels))[:_MEASURED_ROWS])
        for rows in torch.split(torch.from_numpy(drawn), self.parts.batch):
            yield self.features(rows)


def _check_room(images: int, each: int) -> None:
    if images * each > MOST_BYTES:
        raise MemberError(
            f"what goes into the layers that are fine-tuned would take {images * each:,} bytes of "
            f"memory; at most {MOST_BYTES:,} are taken. Give a smaller unfreeze or image_size"
        )
