"""The member of the kind `layers`: a network trained here."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from vestry.members.kind import FitJob
from vestry.members.networks import checkpoint, machine, thread_choice
from vestry.members.networks.augmentation import NOTE, AugmentedSample
from vestry.members.networks.autograd_network import AutogradNetwork
from vestry.members.networks.checkpoint import to_csv
from vestry.members.networks.device import device_of
from vestry.members.networks.layer import describe
from vestry.members.networks.mirrored_answers import mirrored_answers
from vestry.members.networks.mirroring import settled_augmentation
from vestry.members.networks.network import Network
from vestry.members.networks.network_card import WEIGHTS, Untrained, trained_card
from vestry.members.networks.plain_module import PlainModule
from vestry.members.networks.precision import choose, fixed
from vestry.members.networks.progressive import words
from vestry.members.networks.rows import Rows, as_tensor
from vestry.members.networks.settings import (
    ImageTrainingSettings,
    NetworkSettings,
    TrainingSettings,
)
from vestry.members.networks.student import check_taught, taught_card, taught_words
from vestry.members.networks.thread_choice import GIVEN, ThreadChoice, choose_threads
from vestry.members.networks.trainable import Trainable, predict
from vestry.members.networks.trainer import Trainer
from vestry.storage.run_folder import atomic_path, write_text
from vestry.storage.tried import EPOCHS, Tried

_Trained = TypeVar("_Trained", bound=TrainingSettings)
_OfImages = TypeVar("_OfImages", bound=ImageTrainingSettings)
_HISTORY = "history.csv"


@dataclass
class NetworkMember:
    """A trained network; `fit` and `load` make it."""

    network: Trainable
    settings: ImageTrainingSettings
    facts: dict[str, Any]
    history: list[dict[str, float]]
    threads: int
    sample: AugmentedSample | None = None
    tried: Tried | None = None
    mirrored: bool = False

    def predict_proba(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(n, classes), rows summing to 1; always in float32, whatever training computed in."""
        alone = self.proba_alone(images)
        if not self.mirrored:
            return alone
        return np.float32(0.5) * (
            alone + self.proba_alone(np.ascontiguousarray(images[:, :, ::-1]))
        )

    def proba_alone(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Without the answers to mirror images."""
        if len(images) == 0:
            return np.zeros((0, self.network.classes), np.float32)
        with machine.prepared(self.threads), torch.inference_mode():
            scores = predict(self.network, as_tensor(images))
            return torch.softmax(scores, 1).numpy()

    def held_out_proba(self) -> None:
        """Training does not learn from validation rows, so `predict_proba` serves for them."""

    def save(self, folder: Path) -> None:
        tensors = {name: t.contiguous() for name, t in self.network.tensors().items()}
        with atomic_path(folder / WEIGHTS) as temporary:
            save_file(tensors, temporary)
        write_text(folder / _HISTORY, to_csv(self.history))
        if self.sample is not None:
            self.sample.save(folder)
        if self.tried is not None:
            self.tried.save(folder / EPOCHS)

    def card(self) -> dict[str, Any]:
        return self.facts


def fit(settings: NetworkSettings, job: FitJob) -> NetworkMember:
    """Train the network of `settings` on the job's rows, going on from a checkpoint if there is
    one.
    """
    if not device_of(settings).is_cpu:
        return _on_the_processor(fit_made(settings, job, _autograd, _untrained_there))
    return fit_made(settings, job, _plain, _untrained)


def fit_made(
    settings: _OfImages,
    job: FitJob,
    plain: Callable[[_OfImages, FitJob], Trainable],
    untrained: Callable[[_OfImages, FitJob], Untrained],
) -> NetworkMember:
    """The same for whatever network is made of the settings.

    untrained: makes it, on as many threads as it is trained on. plain: makes it to be tried.
    """
    check_taught(settings, job)
    asked, job = settled(settings, job)
    settings, found = settled_augmentation(asked, job)
    made = settings
    chosen = ThreadChoice(job.threads, GIVEN, {})
    if device_of(settings).is_cpu:
        chosen = choose_threads(made, job, lambda: plain(made, job))
    with machine.prepared(chosen.count):
        work = replace(job, threads=chosen.count)
        member = _trained(untrained(settings, work), settings, work, chosen)
    member.facts["settings"] = asked.model_dump(mode="json")
    if (passes := asked.passes(len(job.labels))) > 1:
        member.facts["notes"].append(
            f"Each epoch goes {passes} times through the training images, for at least "
            f"{asked.least_steps:,} steps in all (least_steps)."
        )
    if job.teacher is not None:
        member.facts["teacher"] = taught_card(settings, job.teacher)
        member.facts["notes"].append(taught_words(settings, job.teacher))
    if found is not None:
        member.facts["mirroring"] = found.card()
        key = "augmentation" if asked.augmentation == "auto" else "horizontal_flip"
        member.facts["notes"].append(found.words(key))
    if (answers := mirrored_answers(asked, member.proba_alone, job)) is not None:
        member.mirrored = answers.used
        member.facts["mirrored_answers"] = answers.card()
        member.facts["notes"].append(answers.words)
    return member


def settled(settings: _Trained, job: FitJob) -> tuple[_Trained, FitJob]:
    """Without early stopping where folds have found the epochs; with all rows to learn from where
    none are needed to stop by."""
    if job.epochs is not None:
        settings = settings.model_copy(update={"early_stopping": None})
    if job.may_learn_all and settings.early_stopping is None:
        job = job.whole()
    return settings, job


def _plain(settings: NetworkSettings, job: FitJob) -> Network:
    return Network(settings.layers, job.images.shape[1:], job.classes, job.seed)


def _untrained(settings: NetworkSettings, job: FitJob) -> Untrained:
    """Each layer computed as trials have found it."""
    traced = _plain(settings, job).traced
    with torch.inference_mode():
        batch, precision = settings.batch_size, settings.precision
        if job.reproducible:
            choices = fixed(traced, batch, precision)
        else:
            choices = choose(traced, batch, precision, job.threads)
    computations = {index: choice.computation for index, choice in choices.items()}
    shape = job.images.shape[1:]
    network = Network(settings.layers, shape, job.classes, job.seed, computations)
    places = {index: _place(network, index) for index in choices}
    return Untrained(
        network,
        _facts(network),
        {places[index]: choice.compute for index, choice in choices.items()},
        {places[index]: choice.tried for index, choice in choices.items()},
        [f"Layer {places[i]}: {choice.note}." for i, choice in choices.items() if choice.note],
    )


def _autograd(settings: NetworkSettings, job: FitJob) -> AutogradNetwork:
    shape = job.images.shape[1:]
    module = PlainModule(settings.layers, shape, job.classes, job.seed)
    return AutogradNetwork(module, shape, job.classes, "the network", device_of(settings))


def _untrained_there(settings: NetworkSettings, job: FitJob) -> Untrained:
    """For a device that blocks are not written for."""
    network, said = _autograd(settings, job), _plain(settings, job)
    device = network.device
    facts = _facts(said)
    return Untrained(network, facts, {"all": f"{device.precision} on {device.place}, by autograd"})


def _on_the_processor(member: NetworkMember) -> NetworkMember:
    """It answers as every network does, whatever it was trained on."""
    settings, facts = member.settings, member.facts
    assert isinstance(settings, NetworkSettings)  # noqa: S101 - for the type checker
    network = Network(settings.layers, tuple(facts["image_shape"]), facts["classes"])
    network.restore({name: tensor.cpu() for name, tensor in member.network.tensors().items()})
    return replace(member, network=network)


def _facts(network: Network) -> dict[str, Any]:
    return {
        "kind": "layers",
        "parameters": sum(layer.parameters for layer in network.traced),
        "trainable_parameters": sum(layer.trainable for layer in network.traced),
        "definition": _definition(network),
    }


def _trained(
    made: Untrained, settings: ImageTrainingSettings, job: FitJob, chosen: ThreadChoice
) -> NetworkMember:
    network = made.network
    rows = Rows.of(job.images, job.labels)
    if settings.scale == "standard":
        network.standardise(rows.images)
    trainer = Trainer(
        network,
        settings,
        rows,
        Rows.of(job.validation_images, job.validation_labels),
        job.seed,
        job.workspace,
        job.on_event,
        job.epochs,
    )
    if job.teacher is not None:
        trainer.learn_from(job.teacher)
    progressive = settings.progressive if isinstance(settings, NetworkSettings) else None
    if progressive is not None:
        trainer.begin_with_smaller_images(progressive)
    progress = trainer.run()
    checkpoint.remove(job.workspace)
    thread_choice.forget(job)
    facts = trained_card(made, settings, progress, job)
    facts["threads"] = chosen.card()
    facts["notes"] += trainer.optimizer.notes()
    facts["warnings"] += trainer.optimizer.warnings()
    if progressive is not None:
        height, width = job.images.shape[1:3]
        said = words(progressive, settings.epochs, (height, width), progress.epoch)
        facts["notes"].append(said)
    sample = AugmentedSample.of(settings.augmentation, job)
    if sample is not None:
        facts |= {"augmentation": sample.card(), "notes": [*facts["notes"], NOTE]}
    tried = trainer.tried.tried(progress.stopper.best_epoch)
    return NetworkMember(network, settings, facts, progress.history, job.threads, sample, tried)


def load(folder: Path, card: dict[str, Any]) -> NetworkMember:
    """The member that `save` wrote into `folder`; its predictions are the same to the bit."""
    settings = NetworkSettings(**card["settings"])
    network = Network(settings.layers, tuple(card["image_shape"]), card["classes"])
    network.restore(load_file(folder / WEIGHTS))
    mirrored = card.get("mirrored_answers", {}).get("used", False)
    return NetworkMember(network, settings, card, [], torch.get_num_threads(), mirrored=mirrored)


def _definition(network: Network) -> list[str]:
    """A line a layer: its settings, the shape that leaves it, its parameters."""
    return [
        f"{layer.layer.words()} -> {describe(layer.output_shape)}"
        + (f", {layer.parameters:,} parameters" if layer.parameters else "")
        for layer in network.traced
    ]


def _place(network: Network, index: int) -> str:
    last = index == len(network.traced) - 1
    return "output" if last else f"{index + 1} {network.traced[index].layer.key}"
