"""Whether a network answers by the mean over an image and its mirror image: as it was asked to, or
where rows that it has not learnt from show that it helps.
"""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.members.kind import FitJob
from vestry.members.networks.mirroring import Mirroring, mirroring
from vestry.members.networks.settings import ImageTrainingSettings

Predict = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
_SMALLEST = 1e-7
"""Of a probability, so that its logarithm is finite."""


@dataclass(frozen=True)
class Judged:
    """Some answers on validation rows: share right, and log loss in nats."""

    accuracy: float
    log_loss: float

    @classmethod
    def of(cls, probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> "Judged":
        own = np.maximum(probabilities[np.arange(len(labels)), labels].astype(float), _SMALLEST)
        right = probabilities.argmax(1) == labels
        return cls(float(right.mean()), float(-np.log(own).mean()))

    def words(self) -> str:
        return f"{100 * self.accuracy:.1f}% right, log loss {self.log_loss:.3f}"


@dataclass(frozen=True)
class MirroredAnswers:
    """used: whether they are. plain, mirrored: answers to `rows` validation images alone, and means
    with their mirror images; None where that was not tried."""

    used: bool
    words: str
    plain: Judged | None = None
    mirrored: Judged | None = None
    rows: int = 0

    def card(self) -> dict[str, Any]:
        return asdict(self)


_COST = "Its answer is the mean of those to an image and to its mirror image, for twice the work"
_ALONE = "Its answer is that to the image alone"


def mirrored_answers(
    settings: ImageTrainingSettings, predict: Predict, job: FitJob
) -> MirroredAnswers | None:
    """What is done, and why; None where nothing was asked for.

    predict: what the trained network answers to images alone, (n, classes) probabilities.
    """
    if settings.mirrored_at_test is False:
        return None
    if settings.mirrored_at_test is True:
        return MirroredAnswers(True, f"mirrored_at_test = true: {_lower(_COST)}.")
    if len(job.validation_labels) == 0:
        return _by_training(mirroring(job.images, job.labels))
    images, labels = job.validation_images, job.validation_labels
    alone = predict(images)
    turned = predict(np.ascontiguousarray(images[:, :, ::-1]))
    mean = np.float32(0.5) * (alone + turned)
    return _by_validation(Judged.of(alone, labels), Judged.of(mean, labels), len(labels))


def _by_validation(plain: Judged, mirrored: Judged, rows: int) -> MirroredAnswers:
    """Used where the loss is less and no fewer are right."""
    used = mirrored.log_loss < plain.log_loss and mirrored.accuracy >= plain.accuracy
    words = (
        f'mirrored_at_test = "auto": {_lower(_COST if used else _ALONE)}. Of {rows:,} validation '
        f"images: {plain.words()} alone; {mirrored.words()} with mirror images."
    )
    return MirroredAnswers(used, words, plain, mirrored, rows)


def _by_training(found: Mirroring) -> MirroredAnswers:
    """Where folds have chosen, no row is left that it has not learnt from."""
    words = (
        f'mirrored_at_test = "auto": {_lower(_COST if found.shows_the_same else _ALONE)}. Without '
        f"validation images of its own, a quick classifier of training images decided: "
        f"{found.figures()}."
    )
    return MirroredAnswers(found.shows_the_same, words)


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
