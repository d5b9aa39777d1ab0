"""How sure a run's scores and its ranking are: intervals, tests of every pair, who stands where."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import inf
from typing import Any

from vestry.evaluation.difference import Answers, adjusted, difference, over_seeds, sign
from vestry.evaluation.paired_tests import (
    LEVEL,
    MOST_ROWS,
    POWER,
    ResampledTest,
    corrected_resampled_t,
    holm,
    rows_needed,
    strictest,
)
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.evaluation.score_intervals import score_intervals
from vestry.evaluation.seed_pool import SeedPool
from vestry.evaluation.standing import Rights, beside_first, ranks, resolution
from vestry.evaluation.two_way import widened
from vestry.predictions.scores import SCORES
from vestry.schema.base import Interval
from vestry.schema.cross_validation import CrossValidation
from vestry.schema.models import ScoredMember, ScoredModel
from vestry.schema.significance import (
    Comparisons,
    Difference,
    PairOfModels,
    PairOverFolds,
    Ranked,
    Resolution,
)

# Every two models on the same test images: between whom there is a significant difference.


_Crossed = tuple[str, CrossValidation]
"""A cross-validated member's name, and what that came to."""


def pairwise(models: Sequence[EvaluatedModel]) -> Comparisons | None:
    """All pairs of `models`, which are in the order of the ranking; None for fewer than two.

    The family, over which Holm's procedure adjusts, is all pairs of models on the test images;
    cross-validated members are a family of their own, since their rows are the training rows.
    """
    if len(models) < 2:
        return None
    pairs = list(combinations(models, 2))
    found = adjusted([difference(*pair) for pair in pairs])
    return Comparisons(
        level=LEVEL,
        family=len(pairs),
        rows=len(models[0].truth),
        pairs=[
            _compared(*pair, each, _rows_needed(*pair, each, strictest(len(pairs))))
            for pair, each in zip(pairs, found, strict=True)
        ],
        cross_validated=_cross_validated_pairs(models),
    )


def _rows_needed(
    one: EvaluatedModel, other: EvaluatedModel, found: Difference, level: float
) -> int | None:
    if found.method != "two-way":
        return rows_needed(int(found.only_one), int(found.only_other), found.count, level)
    rows = over_seeds(one, other).rows_needed(level, POWER)
    return rows if rows is not None and rows <= MOST_ROWS else None


def _compared(
    one: EvaluatedModel, other: EvaluatedModel, found: Difference, needed: int | None
) -> PairOfModels:
    p_holm = found.p if found.p_holm is None else found.p_holm
    return PairOfModels(
        one=one.name,
        other=other.name,
        difference=found.value,
        interval=found.interval,
        seeds=found.seeds,
        only_one=found.only_one,
        only_other=found.only_other,
        method=found.method,
        p=found.p,
        rows_needed=needed,
        more_rows=None if needed is None else max(0, needed - found.count),
        p_holm=p_holm,
        told_apart=p_holm < LEVEL,
    )


def _cross_validated_pairs(models: Sequence[EvaluatedModel]) -> list[PairOverFolds]:
    """Every two members that were scored on the same folds; the test set has no part in it."""
    crossed = [
        (model.name, model.entry.cross_validation)
        for model in models
        if isinstance(model.entry, ScoredMember) and model.entry.cross_validation
    ]
    pairs = [pair for pair in combinations(crossed, 2) if _folds_of(pair[0]) == _folds_of(pair[1])]
    tests = [_test_over_folds(*pair) for pair in pairs]
    among = iter(holm([test.p for test in tests if test]))
    return [
        _over_folds(*pair, test, next(among) if test else None)
        for pair, test in zip(pairs, tests, strict=True)
    ]


def _folds_of(crossed: _Crossed) -> list[Any]:
    keys = ("folds", "repeats", "stratified", "seed", "rows", "fold_rows")
    return [getattr(crossed[1], key) for key in keys]


def _differences(one: _Crossed, other: _Crossed) -> list[float]:
    values, others = (found.scores["accuracy"].values for _, found in (one, other))
    return [a - b for a, b in zip(values, others, strict=True)]


def _test_over_folds(one: _Crossed, other: _Crossed) -> ResampledTest | None:
    """None where the differences do not vary."""
    found = one[1]
    held_out = sum(found.fold_rows) / len(found.fold_rows)
    return corrected_resampled_t(_differences(one, other), found.rows - held_out, held_out)


def _over_folds(
    one: _Crossed, other: _Crossed, test: ResampledTest | None, p_holm: float | None
) -> PairOverFolds:
    differences = _differences(one, other)
    return PairOverFolds(
        one=one[0],
        other=other[0],
        folds=len(differences),
        difference=sum(differences) / len(differences),
        interval=test.interval if test else None,
        p=test.p if test else None,
        p_holm=p_holm,
        told_apart=p_holm is not None and p_holm < LEVEL,
    )


@dataclass(frozen=True)
class Significance:
    """intervals: by model, of every score of the test images."""

    comparisons: Comparisons | None
    resolution: Resolution | None
    ranking: list[Ranked]
    intervals: dict[str, dict[str, Interval | None]]


def significance(
    models: Sequence[EvaluatedModel], evidence: Predictions, margin: float
) -> Significance:
    """How sure the ranking of `models`, given in its order, is.

    margin: models that are shown to be within it of each other are level.
    """
    if not models:
        return Significance(None, None, [], {})
    comparisons = pairwise(models)
    return Significance(
        comparisons,
        _resolutions(models, evidence, margin, comparisons),
        _ranked(models, comparisons, margin),
        {model.name: _score_intervals(model, evidence) for model in models},
    )


def _ranked(
    models: Sequence[EvaluatedModel], comparisons: Comparisons | None, margin: float
) -> list[Ranked]:
    """Each model's rank, which validation alone gives, and what the test images say of it."""
    pairs = comparisons.pairs if comparisons else []
    beside = beside_first(models[0].name, pairs, len(models[0].truth), margin)
    figures = [
        [model.entry.corrected_accuracy, model.entry.tie_break("validation")] for model in models
    ]
    return [
        Ranked(
            name=model.name,
            kind="committee" if model.is_committee else "member",
            validation_accuracy=accuracy,
            test_accuracy=model.entry.central("test", "accuracy"),
            rank=rank,
            on_test=beside.get(model.name),
        )
        for model, (accuracy, _), rank in zip(models, figures, ranks(figures), strict=True)
    ]


def _resolutions(
    models: Sequence[EvaluatedModel],
    evidence: Predictions,
    margin: float,
    comparisons: Comparisons | None,
) -> Resolution | None:
    if comparisons is None:
        return None
    truth = evidence.truths["validation"]
    validated = [evidence.labels(model.name, "validation") == truth for model in models]
    members = [model.name for model in models if not model.is_committee]
    pool = evidence.seed_pool(members, "validation")
    return Resolution(
        margin=margin,
        validation=resolution(
            validated, len(models) - 1, _shown_on_validation(validated, pool), pool
        ),
        test=resolution(
            [model.rights for model in models],
            comparisons.family,
            _shown_on_test(models[0].name, comparisons),
            models[0].pool,
        ),
    )


def _shown_on_validation(validated: Sequence[Rights], pool: SeedPool | None) -> list[float]:
    """Sizes of the significant differences to the first."""
    first, *others = (Answers(each, pool) for each in validated)
    found = adjusted([difference(first, other) for other in others])
    return [abs(each.value) for each in found if sign(each)]


def _shown_on_test(first: str, comparisons: Comparisons) -> list[float]:
    return [
        abs(pair.difference)
        for pair in comparisons.pairs
        if first in (pair.one, pair.other) and pair.told_apart
    ]


def _score_intervals(model: EvaluatedModel, evidence: Predictions) -> dict[str, Interval | None]:
    """Of every score of the test rows; the accuracy has its own already."""
    found = score_intervals(evidence.tested[model.name], evidence.truth)
    every = {score: _of_all_seeds(model.entry, score, found[score]) for score in found}
    return every | model.entry.intervals.test


def _of_all_seeds(entry: ScoredModel, score: str, first: Interval | None) -> Interval | None:
    """The first seed's interval, of images, moved to the mean over seeds and widened by these."""
    over = entry.spread("test", score)
    if first is None or over is None:
        return first
    moved = over.mean - entry.first_seed(score)
    low, high = first[0] + moved, first[1] + moved
    top = 1.0 if SCORES[score].is_share else inf
    return widened((low, high), over, top)
