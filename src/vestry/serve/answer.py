"""What a model answers: for one image, as people and programs read it, and for many in batches."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError, one_line
from vestry.export.bundle import Bundle
from vestry.predictions.prediction_sets import prediction_sets
from vestry.serve import schemas
from vestry.serve.image_inputs import Given
from vestry.serve.known_images import KnownSet, picture_url
from vestry.serve.predictor import Predictor
from vestry.serve.prepared import Prepared

_TOP = 3
_NEAREST = 5
DIGITS = 6
"""Of probabilities in JSON."""
BATCH = 64

Report = Callable[[dict[str, Any]], None]


@dataclass(eq=False)
class Answer:
    """probabilities: (classes,). votes: (members, classes), those of each member. likeness: to the
    nearest of the images that came with the model; None where the file says nothing of it. label:
    of the most probable class."""

    bundle: Bundle
    probabilities: NDArray[np.float32]
    votes: NDArray[np.float32]
    likeness: float | None = None
    label: int = field(init=False)

    def __post_init__(self) -> None:
        self.label = int(self.probabilities.argmax())

    @property
    def name(self) -> str:
        """The most probable class."""
        return self.bundle.classes[self.label]

    @property
    def confidence(self) -> float:
        return float(self.probabilities[self.label])

    @property
    def sure(self) -> bool | None:
        """Whether the confidence reaches the abstention threshold; None where there is none."""
        threshold = self.bundle.threshold
        return None if threshold is None else self.confidence >= threshold

    @property
    def unlike(self) -> bool | None:
        """Whether the image is less like the training images than nearly all of their own kind are;
        None where the file has no threshold for that."""
        if self.likeness is None:
            return None
        return self.likeness < float(self.bundle.novelty["threshold"])

    def set_by(self, rule: str) -> list[str]:
        """The classes that may be meant, the most probable first. rule: `thresholds` or `by_class`
        of the bundle's sets."""
        held = prediction_sets(self.probabilities[None], self.bundle.sets[rule])[0].tolist()
        order = (-self.probabilities).argsort(kind="stable").tolist()
        return [self.bundle.classes[k] for k in order if held[k]]

    @property
    def agreeing(self) -> int:
        """Members whose own most probable class is the answer."""
        return int((self.votes.argmax(axis=1) == self.label).sum())

    def top(self, count: int = _TOP) -> list[tuple[str, float]]:
        """The `count` most probable classes, each with its probability."""
        order = (-self.probabilities).argsort(kind="stable")[:count]
        classes, values = self.bundle.classes, self.probabilities[order].tolist()
        return [(classes[k], value) for k, value in zip(order.tolist(), values, strict=True)]

    def as_dict(self, with_votes: bool = True) -> schemas.Answer:
        """For JSON."""
        facts: schemas.Answer = {
            "model": self.bundle.name,
            "class": self.name,
            "label": self.label,
            "confidence": round(self.confidence, DIGITS),
            "sure": self.sure,
            "threshold": self.bundle.threshold,
            "top": [{"class": n, "probability": round(p, DIGITS)} for n, p in self.top()],
        }
        if self.bundle.sets:
            facts["set"] = self.set_by("thresholds")
            facts["set_by_class"] = self.set_by("by_class")
        if self.likeness is not None:
            facts["unlike"] = self.unlike
            facts["likeness"] = round(self.likeness, DIGITS)
        if with_votes and self.bundle.is_committee:
            facts["agreeing"] = self.agreeing
            facts["votes"] = [
                _vote(self.bundle.classes, name, row)
                for name, row in zip(self.bundle.members, self.votes, strict=True)
            ]
        return facts

    def details(self, prepared: Prepared, known: KnownSet | None) -> schemas.Details:
        """What the page shows beside it."""
        near = [] if known is None else known.nearest(prepared.image, self.label, _NEAREST)
        return {
            "prepared": prepared.words,
            "untouched": prepared.untouched,
            "strip": [
                {"step": step.name, "words": step.words, "image": picture_url(step.picture)}
                for step in prepared.steps
            ],
            "warnings": list(prepared.warnings),
            "nearest": near,
            "abstention": self.bundle.abstention,
            "sets": self.bundle.sets,
            "novelty": self.bundle.novelty,
        }


def answers_of(
    bundle: Bundle,
    votes: tuple[NDArray[np.float32], NDArray[np.float32]],
    images: NDArray[np.uint8] | None,
    known: KnownSet | None,
) -> list[Answer]:
    """An answer for each of n images.

    votes: (n, classes) probabilities, and (n, members, classes) those of each member. images:
    (n, ...), None where their likeness is not asked for. known: the images that came with the
    model.
    """
    likeness: list[float] | list[None] = [None] * len(votes[0])
    if bundle.novelty and known is not None and images is not None:
        likeness = known.likeness(images).tolist()
    return [
        Answer(bundle, row, each, alike) for row, each, alike in zip(*votes, likeness, strict=True)
    ]


def _vote(classes: Sequence[str], member: str, row: NDArray[np.float32]) -> schemas.Vote:
    label = int(row.argmax())
    values = [round(value, DIGITS) for value in row.tolist()]
    return {
        "member": member,
        "class": classes[label],
        "confidence": values[label],
        "probabilities": values,
    }


@dataclass(frozen=True, eq=False)
class NamedAnswer:
    """An image's name, what the model saw of it, and what it answers."""

    name: str
    prepared: Prepared
    answer: Answer


def answer_images(
    predictor: Predictor,
    images: Sequence[Given],
    failed: Callable[[str], None],
    report: Report,
    photograph: bool | None = None,
) -> Iterator[NamedAnswer]:
    """What the model answers, in the order of `images`; one that cannot be read is left out.

    failed: is told of each image that cannot be read. report: takes progress events. photograph:
    see `preprocessing.prepare`.
    """
    started = time.monotonic()
    bundle = predictor.bundle
    known = KnownSet.of(bundle.known, bundle) if bundle.novelty and bundle.known else None
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        yield from _answer_batch(predictor, batch, known, failed, photograph)
        done = start + len(batch)
        speed = done / max(time.monotonic() - started, 1e-9)
        report(
            {
                "event": "images",
                "task": predictor.name,
                "done": done,
                "total": len(images),
                "through": predictor.name,
                "images_per_second": speed,
                "seconds_left": (len(images) - done) / speed,
            }
        )


def _answer_batch(
    predictor: Predictor,
    batch: Sequence[Given],
    known: KnownSet | None,
    failed: Callable[[str], None],
    photograph: bool | None,
) -> Iterator[NamedAnswer]:
    read: list[tuple[str, Prepared]] = []
    for given in batch:
        try:
            read.append((given.name, given.prepared(predictor.bundle, photograph)))
        except DataError as error:
            failed(one_line(error))
    if not read:
        return
    images = np.stack([prepared.image for _, prepared in read])
    found = answers_of(predictor.bundle, predictor.votes(images), images, known)
    for (name, prepared), answer in zip(read, found, strict=True):
        yield NamedAnswer(name, prepared, answer)
