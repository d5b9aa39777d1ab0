"""What a model answers for one image, as people and programs read it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.export.bundle import Bundle

TOP = 3
DIGITS = 6
"""Of probabilities in JSON."""


@dataclass(frozen=True, eq=False)
class Answer:
    """probabilities: (classes,). votes: (members, classes), those of each member."""

    bundle: Bundle
    probabilities: NDArray[np.float32]
    votes: NDArray[np.float32]

    @property
    def label(self) -> int:
        return int(self.probabilities.argmax())

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

    def top(self, count: int = TOP) -> list[tuple[str, float]]:
        """The `count` most probable classes, each with its probability."""
        return ranked(self.bundle.classes, self.probabilities, count)

    def as_dict(self, with_votes: bool = True) -> dict[str, Any]:
        """For JSON."""
        facts: dict[str, Any] = {
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
                vote(self.bundle.classes, name, row)
                for name, row in zip(self.bundle.members, self.votes, strict=True)
            ]
        return facts


def vote(classes: Sequence[str], member: str, row: NDArray[np.float32]) -> dict[str, Any]:
    label = int(row.argmax())
    return {
        "member": member,
        "class": classes[label],
        "confidence": round(float(row[label]), DIGITS),
        "probabilities": [round(float(value), DIGITS) for value in row],
    }


def ranked(classes: Sequence[str], row: NDArray[np.float32], count: int) -> list[tuple[str, float]]:
    order = np.argsort(-row, kind="stable")[:count]
    return [(classes[k], float(row[k])) for k in order.tolist()]
