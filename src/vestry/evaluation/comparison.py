"""Models side by side: their scores, what several seeds do to them, and who is ahead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import class_intervals, share_interval
from vestry.evaluation.mistakes import mistakes
from vestry.predictions.scores import MAIN_SCORES, SCORES, score
from vestry.predictions.table import Labels, ProbabilityTable, Split
from vestry.schema.base import Interval, OnSplits, Spread
from vestry.schema.cross_validation import LearningCurve
from vestry.schema.models import ScoredMember, ScoredModel
from vestry.schema.scores import Mistakes, Scores, ScoresOfTable


@dataclass(frozen=True)
class FromTables:
    """The part of a model's results that follows from its tables."""

    scores: OnSplits[Scores]
    intervals: OnSplits[dict[str, Interval | None]]
    mistakes: Mistakes


def evaluate(tables: Mapping[Split, ProbabilityTable], truths: Mapping[str, Labels]) -> FromTables:
    """tables, truths: by split."""
    scores = scored(tables, truths)
    intervals: OnSplits[dict[str, Interval | None]] = OnSplits(
        validation=_accuracy_interval(scores.validation, tables["validation"]),
        test=_accuracy_interval(scores.test, tables["test"]),
    )
    return FromTables(scores, intervals, mistakes(tables["test"], truths["test"]))


def _accuracy_interval(scores: Scores, table: ProbabilityTable) -> dict[str, Interval | None]:
    return {"accuracy": share_interval(round(scores.accuracy * len(table)), len(table))}


def scored(
    tables: Mapping[Split, ProbabilityTable], truths: Mapping[str, Labels]
) -> OnSplits[Scores]:
    """Every table's scores; tables, truths: by split."""
    return OnSplits(
        validation=_scores(tables["validation"], truths["validation"]),
        test=_scores(tables["test"], truths["test"]),
    )


def _scores(table: ProbabilityTable, truth: Labels) -> Scores:
    found = score(table.probabilities, truth, table.classes)
    intervals = class_intervals(np.array(found["confusion"]))
    for own, more in zip(found["per_class"].values(), intervals, strict=True):
        own.update(more)
    return Scores.model_validate(found)


def over_seeds(each: Sequence[OnSplits[Scores]]) -> OnSplits[dict[str, Spread]] | None:
    """Mean and sample standard deviation of every score over seeds; None for a single seed."""
    if len(each) < 2:
        return None
    return OnSplits(
        validation=_spread([scores.validation for scores in each]),
        test=_spread([scores.test for scores in each]),
    )


def _spread(scores: Sequence[Scores]) -> dict[str, Spread]:
    """Mean, sample deviation (None for a single value) and values of every score."""
    columns = {name: [entry.number(name) for entry in scores] for name in SCORES}
    return {
        name: Spread(
            mean=float(np.mean(values)),
            deviation=float(np.std(values, ddof=1)) if len(values) > 1 else None,
            values=values,
        )
        for name, values in columns.items()
    }


def mean_of_members(members: Sequence[ScoredMember]) -> OnSplits[dict[str, float]]:
    """Plain means of members' own scores: what a committee's scores are *not*."""
    return OnSplits(
        validation=_means([member.scores.validation for member in members]),
        test=_means([member.scores.test for member in members]),
    )


def _means(scores: Sequence[Scores]) -> dict[str, float]:
    return {name: float(np.mean([entry.number(name) for entry in scores])) for name in SCORES}


def ranking(models: Mapping[str, ScoredModel]) -> list[str]:
    """Names by mean validation accuracy, less what is due to choices that the same rows made; the
    better log loss first among equals.

    A model whose epoch or settings they chose would else stand above one that they did not.
    """

    def order(name: str) -> tuple[float, float]:
        entry = models[name]
        return -entry.corrected_accuracy, entry.central("validation", "log_loss")

    return sorted(models, key=order)


# Scores of a cross-validation: each fold by the model that had not seen it.


def fold_scores(
    folds: Sequence[ProbabilityTable], ids: NDArray[np.str_], truth: Labels
) -> dict[str, Spread]:
    """Mean, sample deviation and values of every score over held-out folds.

    folds: each fold's own table. ids, truth: of all training rows.
    """
    place = {name: row for row, name in enumerate(ids.tolist())}
    rows = [np.array([place[name] for name in fold.ids.tolist()]) for fold in folds]
    return _spread([_scores(fold, truth[own]) for fold, own in zip(folds, rows, strict=True)])


def out_of_fold(
    folds: Sequence[ProbabilityTable], ids: NDArray[np.str_], maker: str
) -> ProbabilityTable:
    """One table of all training rows, each row by models that had not seen it.

    Where the folds were drawn several times, a row's probabilities are the mean over the repeats.
    """
    place = {name: row for row, name in enumerate(ids.tolist())}
    first = folds[0]
    total = np.zeros((len(ids), len(first.classes)))
    times = np.zeros(len(ids), dtype=np.int64)
    for fold in folds:
        rows = np.array([place[name] for name in fold.ids.tolist()])
        total[rows] += fold.probabilities
        times[rows] += 1
    mean = (total / times[:, None]).astype(np.float32)
    return ProbabilityTable(ids, first.classes, mean, maker, "training")


def table_scores(table: ProbabilityTable, truth: Labels) -> ScoresOfTable:
    scores = _scores(table, truth)
    return ScoresOfTable(scores=scores, intervals=_accuracy_interval(scores, table))


# Scores over the number of training images.


def learning_curve(sizes: Mapping[int, Sequence[OnSplits[Scores]]], classes: int) -> LearningCurve:
    """Mean and deviation over seeds of some scores, one entry a size.

    sizes: for each number of images a class, every seed's scores by split.
    """
    return LearningCurve(
        images_per_class=list(sizes),
        training_rows=[size * classes for size in sizes],
        validation=_by_score([[s.validation for s in seeds] for seeds in sizes.values()]),
        test=_by_score([[s.test for s in seeds] for seeds in sizes.values()]),
    )


def _by_score(sizes: Sequence[Sequence[Scores]]) -> dict[str, list[Spread]]:
    spreads = [_spread(seeds) for seeds in sizes]
    return {name: [spread[name] for spread in spreads] for name in MAIN_SCORES}


# What looking often does to the best figure, by chance alone.


def best_of(looks: int, accuracy: float, rows: int) -> float:
    """How far the best of `looks` equally good models lies above their true accuracy on average.

    A share of 1. accuracy: of each of them; rows: test images. Each is taken as a draw of its own,
    so that this is the most that chance does: models that err on the same images move less. The
    mean of the largest of n normal values is by Blom (1958), "Statistical estimates and transformed
    beta-variables".
    """
    if looks < 2:
        return 0.0
    highest = NormalDist().inv_cdf((looks - 0.375) / (looks + 0.25))
    return highest * sqrt(accuracy * (1 - accuracy) / rows)
