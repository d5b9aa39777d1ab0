"""A model as a decision sees it: validation figures, cost, and whether it explains itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import inf

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.schema.decision import CheckedLimit
from vestry.schema.models import ScoredCommittee, ScoredModel
from vestry.schema.scores import Scores

_LINEAR = (
    *("LinearDiscriminantAnalysis", "LinearSVC", "LogisticRegression", "LogisticRegressionCV"),
    *("PassiveAggressiveClassifier", "Perceptron", "RidgeClassifier", "RidgeClassifierCV"),
    "SGDClassifier",
)
_SINGLE_TREES = ("DecisionTreeClassifier", "ExtraTreeClassifier")


@dataclass(frozen=True, eq=False)
class Candidate:
    """place: in the ranking, from 0. accuracy: of the validation rows, the mean over seeds, less
    `optimism`, which is due to choices that the same rows made. lowest: the class with the lowest
    recall there (first seed), with it. latency: milliseconds of one image at the median. bytes,
    parameters: None where not known. rights: (seeds, n) whether each seed's model is right on each
    validation row.
    """

    name: str
    place: int
    accuracy: float
    lowest: tuple[str, float]
    latency: float | None
    bytes: float | None
    parameters: float | None
    explains: bool
    rights: NDArray[np.bool_]
    optimism: float = 0.0

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) of the first seed's model."""
        return np.asarray(self.rights[0])

    @property
    def megabytes(self) -> float | None:
        return None if self.bytes is None else self.bytes / 1e6


def candidates(models: Sequence[EvaluatedModel], evidence: Predictions) -> list[Candidate]:
    """All models, which are in the ranking's order."""
    entries = {model.name: model.entry for model in models}
    return [_candidate(model, place, entries, evidence) for place, model in enumerate(models)]


def _candidate(
    model: EvaluatedModel, place: int, entries: Mapping[str, ScoredModel], evidence: Predictions
) -> Candidate:
    entry, cost = model.entry, model.entry.cost
    return Candidate(
        name=model.name,
        place=place,
        accuracy=entry.corrected_accuracy,
        lowest=lowest_class(entry.scores.validation),
        latency=cost.latency.median_ms if cost and cost.latency else None,
        bytes=cost.bytes if cost else None,
        parameters=entry.parameters,
        explains=_explains(entry, entries),
        optimism=entry.central("validation", "accuracy") - entry.corrected_accuracy,
        rights=evidence.labels(model.name, "validation") == evidence.truths["validation"],
    )


def lowest_class(scores: Scores) -> tuple[str, float]:
    """The class of which the smallest share is found, and that share; classes with rows only."""
    known = {name: facts.recall for name, facts in scores.per_class.items() if facts.support}
    return min(known.items(), key=lambda each: each[1])


def _explains(entry: ScoredModel, entries: Mapping[str, ScoredModel]) -> bool:
    """Whether weights or rules say why it answers as it does: linear models and single trees.

    Told by the estimator's class; of a committee all members must explain themselves.
    """
    if isinstance(entry, ScoredCommittee):
        return all(_explains(entries[name], entries) for name in entry.members)
    if entry.kind != "estimator":
        return False
    path = entry.definition[0].partition("(")[0]
    return path.rpartition(".")[2] in _LINEAR + _SINGLE_TREES


# The limits of a decision: which a candidate breaks, and by how much.


_AT_MOST = ("max_ms", "max_mb")
_LIMITS = (*_AT_MOST, "min_accuracy", "min_accuracy_per_class", "must_explain")


def is_met(limit: str, asked: float, found: float | None) -> bool:
    if found is None:
        return False
    return found <= asked if limit in _AT_MOST else found >= asked


def miss(check: CheckedLimit) -> float:
    """How far off it is, as a share of what was asked; infinite where no figure comes near."""
    if check.found is None or check.limit == "must_explain":
        return inf
    return abs(check.found - check.asked) / check.asked


def given(settings: DecisionSettings) -> dict[str, float]:
    """The limits that the study sets."""
    limits = {name: getattr(settings, name) for name in _LIMITS}
    return {name: asked for name, asked in limits.items() if asked not in (None, False)}


def broken(candidate: Candidate, settings: DecisionSettings) -> list[CheckedLimit]:
    """The limits of the study that the candidate's validation figures and cost do not meet."""
    class_, recall = candidate.lowest
    found: dict[str, float | None] = {
        "max_ms": candidate.latency,
        "max_mb": candidate.megabytes,
        "min_accuracy": candidate.accuracy,
        "min_accuracy_per_class": recall,
        "must_explain": candidate.explains,
    }
    return [
        CheckedLimit(
            limit=name,
            asked=asked,
            found=found[name],
            class_=class_ if name == "min_accuracy_per_class" else None,
        )
        for name, asked in given(settings).items()
        if not is_met(name, asked, found[name])
    ]


def nearest(candidates: Sequence[Candidate], settings: DecisionSettings) -> Candidate:
    """The one whose worst miss is the smallest, each as a share of what was asked.

    One that cannot come near at all (no figure, or it does not explain itself) comes after the
    others; fewer broken limits, then the ranking, decide between equals.
    """

    def order(candidate: Candidate) -> tuple[float, int, int]:
        misses = broken(candidate, settings)
        return max(map(miss, misses)), len(misses), candidate.place

    return min(candidates, key=order)


# What nothing beats: models that no other one is both cheaper and more accurate than.


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
