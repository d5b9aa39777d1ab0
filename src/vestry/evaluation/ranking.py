"""The ranking by the score that chooses, and what that says of each model."""

from collections.abc import Mapping, Sequence

import numpy as np

from vestry.evaluation.chosen_by import ChosenBy, probability_best
from vestry.evaluation.predictions import Predictions
from vestry.evaluation.standing import ranks
from vestry.schema.decision import Majority, ScoreChosenBy
from vestry.schema.models import ScoredModel
from vestry.schema.significance import Ranked


def ranking(models: Mapping[str, ScoredModel], by: ChosenBy) -> list[str]:
    """Names by the score on validation rows, the better log loss first among equals.

    Of an accuracy, less what is due to choices that the same rows made: a model whose epoch or
    settings they chose would else stand above one that they did not.
    """

    def order(name: str) -> tuple[float, float]:
        better, loss = _figures(name, models, by)
        return -better, loss

    return sorted(models, key=order)


def _quoted(name: str, models: Mapping[str, ScoredModel], by: ChosenBy) -> float:
    if by.score.name == "accuracy":
        return models[name].corrected_accuracy
    return by.central(name, "validation")


def _figures(name: str, models: Mapping[str, ScoredModel], by: ChosenBy) -> tuple[float, float]:
    """What orders a model: the score, so that more is better, then the log loss."""
    entry = models[name]
    better = entry.corrected_accuracy if by.score.name == "accuracy" else by.better(name)
    return better, entry.tie_break("validation")


def with_score(
    rows: Sequence[Ranked], by: ChosenBy, majority: Majority, models: Mapping[str, ScoredModel]
) -> list[Ranked]:
    """The rows of the ranking with what the score says of each."""
    best = probability_best(by)
    places = ranks([_figures(row.name, models, by) for row in rows])
    return [
        row.model_copy(
            update={
                "rank": place,
                "validation_score": _quoted(row.name, models, by),
                "test_score": by.central(row.name, "test"),
                "probability_best": best[row.name],
                "above_majority": row.name in majority.above,
            }
        )
        for row, place in zip(rows, places, strict=True)
    ]


def score_record(by: ChosenBy, evidence: Predictions) -> ScoreChosenBy:
    counts = np.bincount(evidence.known)
    return ScoreChosenBy(
        name=by.score.name,
        label=by.score.label,
        words=by.score.words,
        better=by.score.better,
        unit=by.score.unit,
        rarest=float(counts[counts > 0].min() / counts.max()),
    )
