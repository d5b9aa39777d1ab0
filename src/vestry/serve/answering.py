"""Many images answered in batches; one that cannot be read is named, and the rest goes on."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from vestry.errors import DataError, one_line
from vestry.serve.answer import Answer
from vestry.serve.image_inputs import Given
from vestry.serve.known_images import KnownSet, picture_url
from vestry.serve.predictor import Predictor
from vestry.serve.prepared import Prepared

BATCH = 64
Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True, eq=False)
class Answered:
    """An image's name, what the model saw of it, and what it answers."""

    name: str
    prepared: Prepared
    answer: Answer


def answered(
    predictor: Predictor,
    images: Sequence[Given],
    failed: Callable[[str], None],
    report: Report,
    photograph: bool | None = None,
) -> Iterator[Answered]:
    """What the model answers, in the order of `images`.

    failed: is told of each image that cannot be read. report: takes progress events. photograph:
    see `preparing.prepare`.
    """
    started = time.monotonic()
    for start in range(0, len(images), BATCH):
        batch = images[start : start + BATCH]
        yield from answered_batch(predictor, batch, failed, photograph)
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


def answered_batch(
    predictor: Predictor,
    batch: Sequence[Given],
    failed: Callable[[str], None],
    photograph: bool | None,
) -> Iterator[Answered]:
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
        yield Answered(name, prepared, Answer(predictor.bundle, row, each))


# What the page shows beside an answer: how the picture was prepared, and what it resembles.


NEAREST = 5
DIGITS = 4


def details(answer: Answer, prepared: Prepared, known: KnownSet | None) -> dict[str, Any]:
    """For JSON, beside `Answer.as_dict`.

    strip: the steps of the preparation in their order. nearest: the training images of the answer's
    class that are most like what the model saw; empty where the file brings none. abstention: how
    the threshold was chosen, as the bundle says it.
    """
    return {
        "prepared": prepared.words,
        "untouched": prepared.untouched,
        "strip": [
            {"step": step.name, "words": step.words, "image": picture_url(step.picture)}
            for step in prepared.steps
        ],
        "warnings": list(prepared.warnings),
        "nearest": [] if known is None else nearest(known, prepared, answer),
        "abstention": answer.bundle.abstention,
    }


def nearest(known: KnownSet, prepared: Prepared, answer: Answer) -> list[dict[str, Any]]:
    return [
        known.entry(near.row) | {"similarity": round(near.similarity, DIGITS)}
        for near in known.nearest(prepared.image, answer.label, NEAREST)
    ]
