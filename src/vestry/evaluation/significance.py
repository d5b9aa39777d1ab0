"""How sure a run's scores and its ranking are: intervals, tests of every pair, who stands where."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from vestry.evaluation.difference import by_images
from vestry.evaluation.intervals import FAMILY_LEVEL, rows_needed
from vestry.evaluation.paired_tests import (
    PairedTest,
    ResampledTest,
    corrected_resampled_t,
    holm,
    mcnemar,
)
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.evaluation.score_intervals import score_intervals
from vestry.evaluation.standing import beside_first, ranks, resolution
from vestry.schema.base import Interval
from vestry.schema.cross_validation import CrossValidation
from vestry.schema.models import ScoredMember
from vestry.schema.significance import (
    Comparisons,
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

    The family, over which Holm's procedure adjusts, is all pairs of test tables (first seeds);
    cross-validated members are a family of their own, since their rows are the training rows.
    """
    if len(models) < 2:
        return None
    pairs = list(combinations(models, 2))
    tests = [mcnemar(*_discordant(*pair)) for pair in pairs]
    adjusted = holm([test.p for test in tests])
    return Comparisons(
        level=FAMILY_LEVEL,
        family=len(pairs),
        rows=len(models[0].truth),
        pairs=[
            _compared(*pair, test, p) for pair, test, p in zip(pairs, tests, adjusted, strict=True)
        ],
        cross_validated=_cross_validated_pairs(models),
    )


def _discordant(one: EvaluatedModel, other: EvaluatedModel) -> tuple[int, int]:
    """Test images that only the one, and that only the other gets right."""
    found = by_images(one, other)
    return found.only_one or 0, found.only_other or 0


def _compared(
    one: EvaluatedModel, other: EvaluatedModel, test: PairedTest, p_holm: float
) -> PairOfModels:
    found, rows = by_images(one, other), len(one.truth)
    only_one, only_other = _discordant(one, other)
    needed = rows_needed(only_one, only_other, rows)
    return PairOfModels(
        one=one.name,
        other=other.name,
        difference=found.value,
        interval=found.interval,
        only_one=only_one,
        only_other=only_other,
        method=test.method,
        p=test.p,
        rows_needed=needed,
        more_rows=None if needed is None else max(0, needed - rows),
        p_holm=p_holm,
        told_apart=p_holm < FAMILY_LEVEL,
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
    adjusted = iter(holm([test.p for test in tests if test]))
    return [
        _over_folds(*pair, test, next(adjusted) if test else None)
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
        told_apart=p_holm is not None and p_holm < FAMILY_LEVEL,
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
        _resolutions(models, evidence, margin),
        _ranked(models, comparisons, margin),
        {
            model.name: score_intervals(evidence.tested[model.name], evidence.truth)
            for model in models
        },
    )


def _ranked(
    models: Sequence[EvaluatedModel], comparisons: Comparisons | None, margin: float
) -> list[Ranked]:
    """Each model's rank, which validation alone gives, and what the test images say of it."""
    pairs = comparisons.pairs if comparisons else []
    beside = beside_first(models[0].name, pairs, len(models[0].truth), margin)
    figures = [
        [model.entry.corrected_accuracy, model.entry.central("validation", "log_loss")]
        for model in models
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
    models: Sequence[EvaluatedModel], evidence: Predictions, margin: float
) -> Resolution | None:
    if len(models) < 2:
        return None
    truth, tables = evidence.truths["validation"], evidence.validated
    return Resolution(
        margin=margin,
        validation=resolution([tables[model.name].labels == truth for model in models]),
        test=resolution([model.right for model in models]),
    )
