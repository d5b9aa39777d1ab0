"""The limits of a decision: which a candidate breaks, and by how much."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from vestry.evaluation.candidate import Candidate
from vestry.evaluation.decision_settings import DecisionSettings

AT_MOST = ("max_ms", "max_mb")
LIMITS = (*AT_MOST, "min_accuracy", "min_accuracy_per_class", "must_explain")


@dataclass(frozen=True)
class Checked:
    """One limit held against a figure. found: None where nothing was measured; class_: the class
    that the figure is of."""

    limit: str
    asked: float | bool
    found: float | bool | None
    class_: str | None = None

    @property
    def met(self) -> bool:
        if self.found is None:
            return False
        return self.found <= self.asked if self.limit in AT_MOST else self.found >= self.asked

    @property
    def miss(self) -> float:
        """How far off it is, as a share of what was asked; infinite where no figure comes near."""
        if self.found is None or self.limit == "must_explain":
            return inf
        return abs(self.found - self.asked) / self.asked

    def as_dict(self) -> dict[str, Any]:
        return {
            "limit": self.limit,
            "asked": self.asked,
            "found": self.found,
            "class": self.class_,
        }


def given(settings: DecisionSettings) -> list[str]:
    """The limits that the study sets."""
    return [name for name in LIMITS if getattr(settings, name) not in (None, False)]


def checked(candidate: Candidate, settings: DecisionSettings) -> list[Checked]:
    """Every limit of the study, held against the candidate's validation figures and cost."""
    class_, recall = candidate.lowest
    found: dict[str, tuple[float | None, str | None]] = {
        "max_ms": (candidate.latency, None),
        "max_mb": (candidate.megabytes, None),
        "min_accuracy": (candidate.accuracy, None),
        "min_accuracy_per_class": (recall, class_),
        "must_explain": (candidate.explains, None),
    }
    return [Checked(name, getattr(settings, name), *found[name]) for name in given(settings)]


def broken(candidate: Candidate, settings: DecisionSettings) -> list[Checked]:
    return [check for check in checked(candidate, settings) if not check.met]


def nearest(candidates: Sequence[Candidate], settings: DecisionSettings) -> Candidate:
    """The one whose worst miss is the smallest, each as a share of what was asked.

    One that cannot come near at all (no figure, or it does not explain itself) comes after the
    others; fewer broken limits, then the ranking, decide between equals.
    """

    def order(candidate: Candidate) -> tuple[float, int, int]:
        misses = broken(candidate, settings)
        return max(check.miss for check in misses), len(misses), candidate.place

    return min(candidates, key=order)
