"""What a model answers: for one image, as people and programs read it, and for many in batches."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DataError, one_line
from vestry.export.bundle import Bundle
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
    """probabilities: (classes,). votes: (members, classes), those of each member. label: of the
    most probable class."""

    bundle: Bundle
    probabilities: NDArray[np.float32]
    votes: NDArray[np.float32]
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
        }


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
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        yield from _answer_batch(predictor, batch, failed, photograph)
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
    probabilities, votes = predictor.votes(np.stack([prepared.image for _, prepared in read]))
    for (name, prepared), row, each in zip(read, probabilities, votes, strict=True):
        yield NamedAnswer(name, prepared, Answer(predictor.bundle, row, each))
