"""The training loop: epochs, early stopping, history, checkpoints, progress."""

import contextlib
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vestry.errors import MemberError, one_line
from vestry.members.kind import Teacher
from vestry.members.networks import checkpoint
from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.averaging import MovingAverage
from vestry.members.networks.balance import balanced_order, class_weights
from vestry.members.networks.checkpoint import figures
from vestry.members.networks.epochs_tried import EpochsTried
from vestry.members.networks.mixing import mixed_batch
from vestry.members.networks.monitored import monitored
from vestry.members.networks.optimizers import OPTIMIZERS
from vestry.members.networks.progress import Progress, progress_of
from vestry.members.networks.progressive import Progressive
from vestry.members.networks.resizing import Learners, Resize
from vestry.members.networks.rows import Rows, TrainingImages, scaled
from vestry.members.networks.settings import TrainingSettings
from vestry.members.networks.soft_targets import SoftTargets, distilled_gradient
from vestry.members.networks.trainable import PREDICT_BATCH, Trainable, predict

CHECKPOINT_SECONDS, _FIRST_SECONDS = 5.0, 1.0
"""Between checkpoints, and until the first of them."""
_REPORT_SECONDS = 0.25
_MEASURED_ROWS = 2048
"""Training rows, at most, that batch normalisation takes its statistics from: their mean is then
within about 2% of a deviation.
"""
_MEASURING, _MIXING = 2, 3
"""What tells the draw of those rows, and of mixed pairs, from other streams of random numbers."""


class Trainer:
    """Trains `network` on `training` rows; `progress` and the network's weights are the result.

    The result depends on the settings, the rows, the seed, the number of threads and the machine
    alone: training that was interrupted and resumed ends with the same bits.

    epochs: how many to train for, at the rates of the settings' own number; None for these.
    """

    def __init__(
        self,
        network: Trainable,
        settings: TrainingSettings,
        training: Rows,
        validation: Rows,
        seed: int,
        workspace: Path,
        on_event: Callable[[dict[str, Any]], None],
        epochs: int | None = None,
    ) -> None:
        self.network = network
        self.settings = settings
        self.training = training
        self.validation = validation
        self.seed = seed
        self.workspace = workspace
        self.on_event = on_event
        self.epochs = epochs or settings.epochs
        self.passes = settings.passes(max(1, len(training)))
        vector = network.vector
        self.optimizer = OPTIMIZERS[settings.optimizer](
            settings, vector.values, vector.gradients, network.filter_banks()
        )
        self.progress = Progress()
        self.best: dict[str, Tensor] = {}
        self.tried = EpochsTried(settings.early_stopping, validation.labels)
        self.followed = float("nan")
        self.truths = smoothed_truths(network.classes, settings.label_smoothing).to(network.place)
        self.weights: Tensor | None = None
        if settings.balance == "weights":
            self.weights = class_weights(training.labels, network.classes).to(network.place)
        self.average: MovingAverage | None = None
        if settings.ema is not None:
            self.average = MovingAverage(vector.values, settings.ema)
        self.images = TrainingImages(training.images, settings)
        self.soft: SoftTargets | None = None
        self.learner = network
        self.learners = Learners(network, None, training.images, settings.epochs)

    def learn_from(self, teacher: Teacher) -> None:
        """Of its soft targets as well, as a student."""
        self.soft = SoftTargets(teacher, self.settings.distilled, self.images, self.settings.epochs)

    def begin_with_smaller_images(self, progressive: Progressive) -> None:
        images, epochs = self.training.images, self.settings.epochs
        self.learners = Learners(self.network, progressive, images, epochs)

    def run(self) -> Progress:
        with torch.inference_mode():
            self._resume()
            due = time.monotonic() + min(_FIRST_SECONDS, CHECKPOINT_SECONDS)
            while not self._finished():
                self._epoch()
                if time.monotonic() > due and not self._finished():
                    self._save()
                    due = time.monotonic() + CHECKPOINT_SECONDS
            self._keep()
        return self.progress

    def _keep(self) -> None:
        """Leave the network with what is to be kept of it."""
        if self.average is not None:
            self.network.vector.values.copy_(self.average.mean)
        if self.average is not None or len(self.validation) == 0:  # else validation has done it
            self._measure_statistics()
        if self.best:
            self.network.restore(self.best)

    def _averaged(self) -> contextlib.AbstractContextManager[None]:
        """While it lasts the network has the weights that it is judged by."""
        return contextlib.nullcontext() if self.average is None else self.average.in_place()

    def _finished(self) -> bool:
        stopping = self.settings.early_stopping
        stopped = stopping is not None and self.progress.stopper.stops(stopping)
        return stopped or self.progress.epoch >= self.epochs

    def _epoch(self) -> None:
        progress, settings = self.progress, self.settings
        rates = settings.rates(progress.epoch, len(self.training))
        rate = rates[len(rates) // 2]
        start = time.perf_counter()
        with self.learners.of(progress.epoch) as (self.learner, resize):
            log_probabilities, labels = self._train(rates, resize)
        seconds = time.perf_counter() - start
        row = {
            "epoch": progress.epoch + 1,
            "seconds": round(seconds, 4),
            "images_per_second": round(len(labels) / seconds, 1),
            "learning_rate": rate,
            **_named("train", figures(log_probabilities, labels)),
            **_named("validation", self._validate()),
        }
        if not np.isfinite(row["train_loss"]):
            raise MemberError(
                f"training diverged in epoch {progress.epoch + 1}: the loss is no longer a number; "
                f"try a learning rate below {rate:g}"
            )
        progress.epoch += 1
        progress.history.append(row)
        progress.seconds += time.perf_counter() - start
        self._follow()
        self.on_event(progress.epoch_event(row, self.epochs))

    def _train(self, rates: list[float], resize: Resize) -> tuple[Tensor, Tensor]:
        """All rows in a new order, as often as an epoch goes through them, a rate a step; the log
        probabilities that the steps saw, and labels.
        """
        network, batch = self.learner, self.settings.batch_size
        random = np.random.default_rng([self.seed, 1 + self.progress.epoch])
        network.seed(random)
        order = torch.from_numpy(np.concatenate([self._order(random) for _ in range(self.passes)]))
        labels = self.training.labels[order].to(network.place)
        truth = self.truths[labels]
        seen = torch.empty_like(truth)
        if self.soft is not None:
            soft = self.soft.of(order, self.seed, 1 + self.progress.epoch)
            truth = torch.cat([truth, soft.to(network.place)], 1)
        mix = self._mixing()
        started = reported = time.monotonic()
        done = 0
        for images in self.images.chunks(order, self.seed, 1 + self.progress.epoch):
            for part in torch.split(resize(images.to(network.place)), batch):
                rows = slice(done, done + len(part))
                self.step(*mix(part, truth[rows]), seen[rows], rates[done // batch])
                done += len(part)
            if time.monotonic() - reported > _REPORT_SECONDS:
                reported = time.monotonic()
                self.on_event(self.progress.step_event(seen[:done], labels, started, self.epochs))
        return seen.cpu(), labels.cpu()

    def _order(self, random: np.random.Generator) -> NDArray[np.int64]:
        if self.settings.balance == "sampling":
            return balanced_order(self.training.labels.numpy(), random)
        return random.permutation(len(self.training))

    def _mixing(self) -> Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """What makes of a batch and its truths those that the epoch learns from."""
        augmentation = self.settings.augmentation
        if not (isinstance(augmentation, Augmentation) and augmentation.mixes):
            return lambda images, truth: (images, truth)
        random = np.random.default_rng([self.seed, 1 + self.progress.epoch, _MIXING])
        return lambda images, truth: mixed_batch(augmentation, images, truth, random)

    def step(self, images: Tensor, truth: Tensor, seen: Tensor, rate: float) -> None:
        """Softmax cross-entropy, whose gradient by the scores is probabilities minus truth, times
        what the row counts.

        truth: (n, classes) probabilities; of a student followed by its soft targets.
        """
        self.network.vector.refresh()
        scores = self.learner.forward(images, training=True)
        torch.log_softmax(scores, 1, out=seen)
        truth, soft = truth[:, : scores.shape[1]], truth[:, scores.shape[1] :]
        if self.soft is None:
            gradient = seen.exp().sub_(truth)
        else:
            gradient = distilled_gradient(scores, seen, truth, soft, self.soft.settings)
        gradient.div_(len(images))
        if self.weights is not None:
            gradient.mul_((truth @ self.weights)[:, None])
        self.learner.backward(gradient)
        self.optimizer.step(rate)
        if self.average is not None:
            self.average.add(self.optimizer.steps)

    def _validate(self) -> dict[str, float]:
        if len(self.validation) == 0:
            return {}
        with self._averaged():
            self._measure_statistics()
            said = torch.log_softmax(predict(self.network, self.validation.images), 1)
        labels, stopping = self.validation.labels, self.settings.early_stopping
        self.tried.add(said)
        found = figures(said, labels)
        if stopping is not None:
            self.followed = monitored(stopping.monitor, found, said, labels)
        return found

    def _measure_statistics(self) -> None:
        """On training rows as they are, the same ones each time; by the weights of now."""
        count = len(self.training)
        drawn = np.random.default_rng([self.seed, 0, _MEASURING]).permutation(count)[
            :_MEASURED_ROWS
        ]
        parts = np.array_split(np.sort(drawn), -(-len(drawn) // PREDICT_BATCH))
        images = self.training.images
        self.network.measure_statistics(
            scaled(images.index_select(0, torch.from_numpy(part))) for part in parts
        )

    def _follow(self) -> None:
        stopping = self.settings.early_stopping
        if stopping is None:
            return
        improved = self.progress.stopper.improved(stopping, self.progress.epoch, self.followed)
        if improved and stopping.restore_best:
            with self._averaged():
                tensors = self.network.tensors()
                self.best = {name: tensor.clone() for name, tensor in tensors.items()}

    def _save(self) -> None:
        tensors = {f"network/{name}": t.contiguous() for name, t in self.network.tensors().items()}
        kept = self.optimizer.state.items()
        tensors |= {f"optimizer/{name}": t.contiguous() for name, t in kept}
        if self.average is not None:
            tensors["average"] = self.average.mean
        tensors |= {f"best/{name}": t.contiguous() for name, t in self.best.items()}
        tensors |= {f"tried/{name}": t for name, t in self.tried.tensors().items()}
        state = vars(self.progress) | {"stopper": vars(self.progress.stopper)}
        checkpoint.write(self.workspace, tensors, state)

    def _resume(self) -> None:
        found = checkpoint.read(self.workspace)
        if found is None:
            return
        try:
            self._restore(*found)
        except Exception as error:  # torch and pydantic raise kinds of their own
            checkpoint.remove(self.workspace)
            raise MemberError(
                f"its checkpoint is not of this fit ({one_line(error)}), and was removed; run the "
                "study again, which begins the fit anew"
            ) from error

    def _restore(self, tensors: dict[str, Tensor], state: dict[str, Any]) -> None:
        self.progress = progress_of(state, self.settings.epochs)
        self.network.restore(checkpoint.part(tensors, "network/"))
        for name, tensor in checkpoint.part(tensors, "optimizer/").items():
            self.optimizer.state[name].copy_(tensor)
        self.optimizer.steps = self.progress.epoch * self.settings.steps(len(self.training))
        if self.average is not None:
            self.average.mean.copy_(tensors["average"])
        self.best = checkpoint.part(tensors, "best/")
        self.tried.restore(checkpoint.part(tensors, "tried/"), self.progress.epoch)


def smoothed_truths(classes: int, smoothing: float) -> Tensor:
    """(classes, classes): what is taken for the truth of each class, a part of it spread evenly
    over all of them (Szegedy et al. 2016, section 7)."""
    return torch.eye(classes).mul_(1 - smoothing).add_(smoothing / classes)


def _named(split: str, values: dict[str, float]) -> dict[str, float]:
    return {f"{split}_{name}": value for name, value in values.items()}
