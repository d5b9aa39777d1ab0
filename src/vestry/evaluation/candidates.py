"""A model as a decision sees it: validation figures, cost, and whether it explains itself."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.chosen_by import ByScore, ChosenBy
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.intervals import Interval, share_interval
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.evaluation.seed_pool import SeedPool
from vestry.schema.decision import CheckedLimit, Met
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
    validation row. bounds: of what a limit may be set to, how far it may be from what was found.
    by_score: None where the accuracy is what counts. pool: what is known of seeds from all models'
    validation rows; None: of the two that are compared.
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
    bounds: Mapping[str, Interval] = field(default_factory=dict)
    by_score: ByScore | None = None
    pool: SeedPool | None = None

    @property
    def figure(self) -> float:
        """What orders it, so that more is better: the accuracy, or the score that chooses."""
        return self.by_score.figure if self.by_score else self.accuracy

    @property
    def right(self) -> NDArray[np.bool_]:
        """(n,) of the first seed's model."""
        return np.asarray(self.rights[0])

    @property
    def megabytes(self) -> float | None:
        return None if self.bytes is None else self.bytes / 1e6


def candidates(
    models: Sequence[EvaluatedModel], evidence: Predictions, by: ChosenBy
) -> list[Candidate]:
    """All models, which are in the ranking's order, but committees that ask one member alone: each
    is that model under another name."""
    entries = {model.name: model.entry for model in models}
    members = [model.name for model in models if not model.is_committee]
    pool = evidence.seed_pool(members, "validation")
    return [
        replace(_candidate(model, place, entries, evidence, by), pool=pool)
        for place, model in enumerate(models)
        if not _only_member(model.entry)
    ]


def _only_member(entry: ScoredModel) -> str | None:
    return entry.only_member if isinstance(entry, ScoredCommittee) else None


def _candidate(
    model: EvaluatedModel,
    place: int,
    entries: Mapping[str, ScoredModel],
    evidence: Predictions,
    by: ChosenBy,
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
        bounds=_bounds(entry),
        by_score=_by_score(model.name, by),
    )


def _by_score(name: str, by: ChosenBy) -> ByScore | None:
    """None where it is counts of images that say all."""
    return None if by.score.name == "accuracy" else by.of(name, "validation")


def _bounds(entry: ScoredModel) -> dict[str, Interval]:
    """Intervals of accuracies, and from the median to the slowest of a hundred times."""
    found = {"min_accuracy": entry.accuracy_interval("validation")}
    classes = [
        share_interval(round(each.recall * each.support), each.support)
        for each in entry.scores.validation.per_class.values()
        if each.support
    ]
    if classes:
        lowest = min(classes)
        found["min_accuracy_per_class"] = (lowest[0], lowest[1])
    latency = entry.cost.latency if entry.cost else None
    if latency and latency.p99_ms is not None:
        found["max_ms"] = (latency.median_ms, latency.p99_ms)
    return found


def lowest_class(scores: Scores) -> tuple[str, float]:
    """The class of which the smallest share is found, and that share; classes with rows only."""
    known = {name: facts.recall for name, facts in scores.per_class.items() if facts.support}
    return min(known.items(), key=lambda each: each[1])


def _explains(entry: ScoredModel, entries: Mapping[str, ScoredModel]) -> bool:
    """Whether weights or rules say why it answers as it does: linear models and single trees.

    Told by the estimator's class, where that comes first: where features of images come before it,
    its weights are none of pixels. Of a committee all that it asks must explain themselves.
    """
    if isinstance(entry, ScoredCommittee):
        return all(_explains(entries[name], entries) for name in entry.asked)
    if entry.kind != "estimator":
        return False
    path = entry.definition[0].partition("(")[0]
    return path.rpartition(".")[2] in _LINEAR + _SINGLE_TREES


# The limits of a decision: which a candidate breaks, and by how much.


_AT_MOST = ("max_ms", "max_mb")
_LIMITS = (*_AT_MOST, "min_accuracy", "min_accuracy_per_class", "min_score", "must_explain")
_EXACT = ("max_mb", "must_explain")


def is_met(limit: str, asked: float, found: float | None) -> bool:
    if found is None:
        return False
    return found <= asked if limit in _AT_MOST else found >= asked


def _meets(limit: str, asked: float, found: float | None, bounds: Interval | None) -> Met:
    """By the figure, and by the end of its interval that is further from the limit."""
    if not is_met(limit, asked, found):
        return "not"
    if limit in _EXACT:
        return "surely"
    if bounds is None:
        return "probably"
    return "surely" if all(is_met(limit, asked, end) for end in bounds) else "probably"


def miss(check: CheckedLimit) -> float:
    """How far off it is, as a share of what was asked; infinite where no figure comes near."""
    if check.found is None or check.limit == "must_explain":
        return inf
    return abs(check.found - check.asked) / check.asked


def given(settings: DecisionSettings) -> dict[str, float]:
    """The limits that the study sets."""
    limits = {name: getattr(settings, name) for name in _LIMITS}
    return {name: asked for name, asked in limits.items() if asked not in (None, False)}


def held(candidate: Candidate, settings: DecisionSettings) -> list[CheckedLimit]:
    """Each limit of the study against the candidate's validation figures and cost."""
    class_, recall = candidate.lowest
    by_score = candidate.by_score
    found: dict[str, float | None] = {
        "max_ms": candidate.latency,
        "max_mb": candidate.megabytes,
        "min_accuracy": candidate.accuracy,
        "min_accuracy_per_class": recall,
        "min_score": by_score.shown if by_score else candidate.accuracy,
        "must_explain": candidate.explains,
    }
    of_score = by_score.interval if by_score else candidate.bounds.get("min_accuracy")
    bounds = {**candidate.bounds, **({"min_score": of_score} if of_score else {})}
    return [
        CheckedLimit(
            limit=name,
            asked=asked,
            found=found[name],
            class_=class_ if name == "min_accuracy_per_class" else None,
            interval=bounds.get(name),
            meets=_meets(name, asked, found[name], bounds.get(name)),
        )
        for name, asked in given(settings).items()
    ]


def broken(candidate: Candidate, settings: DecisionSettings) -> list[CheckedLimit]:
    """The limits that it does not meet; what it probably meets is met."""
    return [check for check in held(candidate, settings) if check.meets == "not"]


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
    known.sort(key=lambda pair: (pair[0], -pair[1].figure, pair[1].place))
    return [
        one.name
        for spent, one in known
        if not any(
            other_spent <= spent
            and other.figure >= one.figure
            and (other_spent < spent or other.figure > one.figure)
            for other_spent, other in known
        )
    ]
