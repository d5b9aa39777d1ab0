"""Makers side by side: their scores, what several seeds do to them, and who is ahead."""

from collections.abc import Mapping, Sequence
from math import sqrt
from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import wilson
from vestry.evaluation.mistakes import mistakes
from vestry.predictions.scores import MAIN_SCORES, SCORES, score
from vestry.predictions.table import Labels, ProbabilityTable, Split

Scores = dict[str, Any]
Results = dict[str, Any]


def evaluate(tables: Mapping[Split, ProbabilityTable], truths: Mapping[str, Labels]) -> Results:
    """The part of a maker's results that follows from its tables, given by split."""
    scores = scored(tables, truths)
    return {
        "scores": scores,
        "intervals": {
            split: {"accuracy": wilson(scores[split]["accuracy"], len(table))}
            for split, table in tables.items()
        },
        "mistakes": mistakes(tables["test"], truths["test"]),
    }


def scored(
    tables: Mapping[Split, ProbabilityTable], truths: Mapping[str, Labels]
) -> dict[str, Scores]:
    """Every table's scores, by split."""
    return {
        split: score(table.probabilities, truths[split], table.classes)
        for split, table in tables.items()
    }


def over_seeds(each: list[dict[str, Scores]]) -> Results | None:
    """Mean and sample standard deviation of every score over seeds; None for a single seed."""
    if len(each) < 2:
        return None
    return {split: _spread([scores[split] for scores in each]) for split in ("validation", "test")}


def _spread(scores: list[Scores]) -> dict[str, dict[str, Any]]:
    """Mean, sample deviation (None for a single value) and values of every score."""
    columns = {name: [entry[name] for entry in scores] for name in SCORES}
    return {
        name: {
            "mean": float(np.mean(values)),
            "deviation": float(np.std(values, ddof=1)) if len(values) > 1 else None,
            "values": values,
        }
        for name, values in columns.items()
    }


def mean_of_members(members: Sequence[Any]) -> Results:
    """Plain means of members' own scores: what a committee's scores are *not*."""
    return {
        split: {
            name: float(np.mean([member["scores"][split][name] for member in members]))
            for name in SCORES
        }
        for split in ("validation", "test")
    }


def ranking(members: Mapping[str, Any], committees: Mapping[str, Any]) -> list[Results]:
    """Makers by mean validation accuracy, the better log loss first among equals."""
    makers = [(name, "member", entry) for name, entry in members.items()]
    makers += [(name, "committee", entry) for name, entry in committees.items()]
    makers.sort(key=lambda maker: order(maker[2]))
    return [
        {
            "name": name,
            "kind": kind,
            "validation_accuracy": central(entry, "validation", "accuracy"),
            "test_accuracy": central(entry, "test", "accuracy"),
        }
        for name, kind, entry in makers
    ]


def order(entry: Results) -> tuple[float, float]:
    accuracy = central(entry, "validation", "accuracy")
    return -accuracy, central(entry, "validation", "log_loss")


def central(entry: Results, split: str, name: str) -> float:
    """The mean over seeds where there are several, else the one figure."""
    several = entry.get("over_seeds")
    return float(several[split][name]["mean"] if several else entry["scores"][split][name])


# Scores of a cross-validation: each fold by the model that had not seen it.


def fold_scores(
    folds: Sequence[ProbabilityTable], ids: NDArray[np.str_], truth: Labels
) -> dict[str, Any]:
    """Mean, sample deviation and values of every score over held-out folds.

    folds: each fold's own table. ids, truth: of all training rows.
    """
    place = {name: row for row, name in enumerate(ids.tolist())}
    rows = [np.array([place[name] for name in fold.ids.tolist()]) for fold in folds]
    scores = [
        score(fold.probabilities, truth[index], fold.classes)
        for fold, index in zip(folds, rows, strict=True)
    ]
    return {"fold_rows": [len(fold) for fold in folds], "scores": _spread(scores)}


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


def table_scores(table: ProbabilityTable, truth: Labels) -> dict[str, Any]:
    scores = score(table.probabilities, truth, table.classes)
    return {"scores": scores, "intervals": {"accuracy": wilson(scores["accuracy"], len(table))}}


# Scores over the number of training images.


def learning_curve(
    sizes: Mapping[int, Sequence[Mapping[str, Any]]], classes: int
) -> dict[str, Any]:
    """Mean and deviation over seeds of some scores, one entry a size.

    sizes: for each number of images a class, every seed's scores by split.
    """
    return {
        "images_per_class": list(sizes),
        "training_rows": [size * classes for size in sizes],
        **{
            split: {
                name: [_spread([seed[split] for seed in seeds])[name] for seeds in sizes.values()]
                for name in MAIN_SCORES
            }
            for split in ("validation", "test")
        },
    }


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
