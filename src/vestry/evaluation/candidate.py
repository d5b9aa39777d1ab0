"""A maker as a decision sees it: validation figures, cost, and whether it explains itself."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.comparison import central
from vestry.evaluation.evidence import Evidence

Results = dict[str, Any]

LINEAR = (
    *("LinearDiscriminantAnalysis", "LinearSVC", "LogisticRegression", "LogisticRegressionCV"),
    *("PassiveAggressiveClassifier", "Perceptron", "RidgeClassifier", "RidgeClassifierCV"),
    "SGDClassifier",
)
SINGLE_TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier")


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


def candidates(results: Results, evidence: Evidence) -> list[Candidate]:
    """All makers, in the ranking's order."""
    entries = results["members"] | results["committees"]
    return [
        candidate(row["name"], place, entries, evidence)
        for place, row in enumerate(results["ranking"])
    ]


def candidate(
    name: str, place: int, entries: Mapping[str, Results], evidence: Evidence
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
        explains=explains(entry, entries),
        right=np.asarray(evidence.validated[name].labels == evidence.truths["validation"]),
    )


def lowest_class(entry: Results, split: str) -> tuple[str, float]:
    """The class of which the smallest share is found, and that share; classes with rows only."""
    classes = entry["scores"][split]["per_class"]
    known = {name: facts["recall"] for name, facts in classes.items() if facts["support"]}
    name = min(known, key=lambda each: known[each])
    return name, float(known[name])


def explains(entry: Results, entries: Mapping[str, Results]) -> bool:
    """Whether weights or rules say why it answers as it does: linear models and single trees.

    Told by the estimator's class; of a committee all members must explain themselves.
    """
    if "members" in entry:
        return all(explains(entries[name], entries) for name in entry["members"])
    if entry.get("kind") != "estimator":
        return False
    path = str(entry["definition"][0]).partition("(")[0]
    return path.rpartition(".")[2] in LINEAR + SINGLE_TREES
