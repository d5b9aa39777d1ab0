"""What was measured here that a remark on a report can be set beside."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from vestry.errors import StudyError
from vestry.evaluation.claims import RemarkClaim
from vestry.evaluation.intervals import share_interval
from vestry.evaluation.predictions import EvaluatedModel
from vestry.predictions.scores import score_words
from vestry.schema.claims import Duplicates, Figure, FoldsFact, Measured
from vestry.schema.data import Data
from vestry.schema.exploration import Finding
from vestry.schema.models import ScoredMember
from vestry.schema.training import BackboneFacts


@dataclass(frozen=True)
class MeasuredRun:
    """What claims are held against. models: by name, in the study's order. leader: the first of the
    ranking; claims name no model where there is none. findings: of the look at the data, None
    without. votes_seed: that the votes were drawn with. adjusted: Holm's p of every two models on
    the test images."""

    data: Data
    models: Mapping[str, EvaluatedModel]
    leader: str | None
    findings: Sequence[Finding] | None
    votes_seed: int
    adjusted: Mapping[frozenset[str], float]


def figure(model: EvaluatedModel, score: str, class_name: str | None = None) -> Figure:
    """A test score: the mean over seeds with its interval, and each seed's.

    There is an interval for scores that are shares of images (accuracy; recall and precision
    of a class); None for others.
    """
    entry, scores = model.entry, model.entry.scores.test
    if class_name is None and score not in scores.numbers:
        raise StudyError(
            f"a claim is about the {score_words(score)} of {model.name}, which gave labels alone, "
            "so that it has none; leave the claim out, or give probabilities"
        )
    if class_name is None:
        return Figure(
            name=model.name,
            value=scores.number(score),
            interval=entry.accuracy_interval("test") if score == "accuracy" else None,
            over_seeds=entry.spread("test", score),
        )
    value = float(getattr(scores.per_class[class_name], score))
    label = list(scores.per_class).index(class_name)
    rows = {
        "recall": sum(scores.confusion[label]),
        "precision": sum(row[label] for row in scores.confusion),
    }.get(score, 0)
    return Figure(
        name=model.name,
        value=value,
        interval=share_interval(round(value * rows), rows) if rows else None,
        over_seeds=None,
    )


def remark_facts(claim: RemarkClaim, run: MeasuredRun) -> Measured:
    """The fact that the remark asks for, under its name; nothing where this run has none."""
    facts: dict[str, Any] = {}
    model = run.models[claim.maker] if claim.maker else None
    if claim.here:
        fact = _FACTS[claim.here](run, model)
        facts = {claim.here: fact} if fact is not None else {}
    if claim.here != "cross-validation" and (model or claim.class_):
        score = claim.score or ("f1" if claim.class_ else "accuracy")
        named = [model] if model else run.models.values()
        facts["figures"] = [
            figure(each, score, claim.class_)
            for each in named
            if claim.class_ or model or score in each.entry.scores.test.numbers
        ]
        given = model.entry.reported if model and not claim.class_ else {}
        facts |= {"score": score, "reported": given.get(score)}
    return Measured.model_validate(facts)


def ends(counts: Iterable[int]) -> tuple[int, int]:
    """The smallest and the largest."""
    counts = list(counts)
    return min(counts), max(counts)


def _splits(run: MeasuredRun, model: EvaluatedModel | None) -> dict[str, int]:  # noqa: ARG001
    """Those of rows of their own: where folds choose or test, validation or test has none."""
    folded = {"validation": run.data.chosen_by, "test": run.data.tested_by}
    return {n: split.rows for n, split in run.data.splits.items() if not folded.get(n)}


def _class_counts(
    run: MeasuredRun,
    model: EvaluatedModel | None,  # noqa: ARG001
) -> dict[str, tuple[int, int]]:
    return {name: ends(split.class_counts) for name, split in run.data.splits.items()}


def _seeds(run: MeasuredRun, model: EvaluatedModel | None) -> dict[str, int | None]:  # noqa: ARG001
    return {"samples": run.data.samples.seed, "votes": run.votes_seed}


def _duplicates(run: MeasuredRun, model: EvaluatedModel | None) -> Duplicates | None:  # noqa: ARG001
    """Rows that repeat another of their split, and of another split; from the audit."""
    within, across = (
        {
            " and ".join(found.splits): found.count
            for found in run.findings or ()
            if found.kind == f"duplicates_{kind}"
        }
        for kind in ("within", "across")
    )
    return Duplicates(within=within, across=across) if within and across else None


def _backbone(run: MeasuredRun, model: EvaluatedModel | None) -> BackboneFacts | None:  # noqa: ARG001
    return model.entry.backbone if model and isinstance(model.entry, ScoredMember) else None


def _cross_validation(run: MeasuredRun, model: EvaluatedModel | None) -> FoldsFact | None:  # noqa: ARG001
    if not model or not isinstance(model.entry, ScoredMember) or not model.entry.cross_validation:
        return None
    found = model.entry.cross_validation
    return FoldsFact(
        folds=found.folds,
        repeats=found.repeats,
        held_out=found.scores["accuracy"],
        single=figure(model, "accuracy"),
        reported=found.reported,
    )


_FACTS: dict[str, Callable[[MeasuredRun, EvaluatedModel | None], Any]] = {
    "splits": _splits,
    "class counts": _class_counts,
    "seeds": _seeds,
    "duplicates": _duplicates,
    "backbone": _backbone,
    "cross-validation": _cross_validation,
}
