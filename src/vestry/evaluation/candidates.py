"""A maker as a decision sees it: validation figures, cost, and whether it explains itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.comparison import central
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.predictions import Predictions

Results = dict[str, Any]

_LINEAR = (
    *("LinearDiscriminantAnalysis", "LinearSVC", "LogisticRegression", "LogisticRegressionCV"),
    *("PassiveAggressiveClassifier", "Perceptron", "RidgeClassifier", "RidgeClassifierCV"),
    "SGDClassifier",
)
_SINGLE_TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier")


@dataclass(frozen=True, eq=False)
class Candidate:
    """place: in the ranking, from 0. accuracy: of the validation rows, the mean over seeds.
    lowest: the class with the lowest recall there (first seed), with it. latency: milliseconds of
    one image at the median. bytes, parameters: None where not known. right: (n,) whether it is
    right on each validation row (first seed).
    """

    name: str
    place: int
    accuracy: float
    lowest: tuple[str, float]
    latency: float | None
    bytes: float | None
    parameters: float | None
    explains: bool
    right: NDArray[np.bool_]

    @property
    def megabytes(self) -> float | None:
        return None if self.bytes is None else self.bytes / 1e6


def candidates(results: Results, evidence: Predictions) -> list[Candidate]:
    """All makers, in the ranking's order."""
    entries = results["members"] | results["committees"]
    return [
        _candidate(row["name"], place, entries, evidence)
        for place, row in enumerate(results["ranking"])
    ]


def _candidate(
    name: str, place: int, entries: Mapping[str, Results], evidence: Predictions
) -> Candidate:
    entry = entries[name]
    cost = entry.get("cost") or {}
    latency = cost.get("latency")
    return Candidate(
        name=name,
        place=place,
        accuracy=central(entry, "validation", "accuracy"),
        lowest=lowest_class(entry, "validation"),
        latency=latency["median_ms"] if latency else None,
        bytes=cost.get("bytes"),
        parameters=entry.get("parameters"),
        explains=_explains(entry, entries),
        right=np.asarray(evidence.validated[name].labels == evidence.truths["validation"]),
    )


def lowest_class(entry: Results, split: str) -> tuple[str, float]:
    """The class of which the smallest share is found, and that share; classes with rows only."""
    classes = entry["scores"][split]["per_class"]
    known = {name: facts["recall"] for name, facts in classes.items() if facts["support"]}
    name = min(known, key=lambda each: known[each])
    return name, float(known[name])


def _explains(entry: Results, entries: Mapping[str, Results]) -> bool:
    """Whether weights or rules say why it answers as it does: linear models and single trees.

    Told by the estimator's class; of a committee all members must explain themselves.
    """
    if "members" in entry:
        return all(_explains(entries[name], entries) for name in entry["members"])
    if entry.get("kind") != "estimator":
        return False
    path = str(entry["definition"][0]).partition("(")[0]
    return path.rpartition(".")[2] in _LINEAR + _SINGLE_TREES


# The limits of a decision: which a candidate breaks, and by how much.


_AT_MOST = ("max_ms", "max_mb")
_LIMITS = (*_AT_MOST, "min_accuracy", "min_accuracy_per_class", "must_explain")


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
        return self.found <= self.asked if self.limit in _AT_MOST else self.found >= self.asked

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
    return [name for name in _LIMITS if getattr(settings, name) not in (None, False)]


def _checked(candidate: Candidate, settings: DecisionSettings) -> list[Checked]:
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
    return [check for check in _checked(candidate, settings) if not check.met]


def nearest(candidates: Sequence[Candidate], settings: DecisionSettings) -> Candidate:
    """The one whose worst miss is the smallest, each as a share of what was asked.

    One that cannot come near at all (no figure, or it does not explain itself) comes after the
    others; fewer broken limits, then the ranking, decide between equals.
    """

    def order(candidate: Candidate) -> tuple[float, int, int]:
        misses = broken(candidate, settings)
        return max(check.miss for check in misses), len(misses), candidate.place

    return min(candidates, key=order)


# What nothing beats: makers that no other one is both cheaper and more accurate than.


def front(candidates: Sequence[Candidate], cost: str) -> list[str]:
    """Names by rising cost, of those that no other one is as good as in both and better in one.

    cost: `latency` or `bytes`; those where it is not known take no part.
    """
    known = [(float(value), c) for c in candidates if (value := getattr(c, cost)) is not None]
    known.sort(key=lambda pair: (pair[0], -pair[1].accuracy, pair[1].place))
    return [
        one.name
        for spent, one in known
        if not any(
            other_spent <= spent
            and other.accuracy >= one.accuracy
            and (other_spent < spent or other.accuracy > one.accuracy)
            for other_spent, other in known
        )
    ]
