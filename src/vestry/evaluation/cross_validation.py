"""Scores of a cross-validation: each fold by the model that had not seen it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.comparison import spread
from vestry.evaluation.intervals import wilson
from vestry.predictions.scores import Labels, score
from vestry.predictions.table import ProbabilityTable


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
    return {"fold_rows": [len(fold) for fold in folds], "scores": spread(scores)}


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
