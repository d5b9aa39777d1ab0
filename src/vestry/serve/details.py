"""What the page shows beside an answer: how the picture was prepared, and what it resembles."""

from typing import Any

from vestry.serve.answer import Answer
from vestry.serve.known_images import KnownSet
from vestry.serve.picture_url import picture_url
from vestry.serve.prepared import Prepared

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
