"""Which images a model gets wrong, and how sure it was."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.predictions import EvaluatedModel
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.analysis import (
    Analysis,
    ClassF1,
    ConfusedPair,
    Misclassified,
    MisclassifiedClass,
    Overfitting,
    TakenFor,
)
from vestry.schema.scores import ClassScores, Mistake, MistakeCell, Mistakes, Scores

_SHOWN_IN_A_CELL = 40
_HARDEST = 12


def mistakes(table: ProbabilityTable, truth: Labels) -> Mistakes:
    """Off-diagonal cells of the confusion with their images, and the most confident errors.

    Cells list at most 40 images, the most confident first; `count` is the true number. Of a table
    of labels alone no errors are the most confident.
    """
    predicted = table.labels
    wrong = np.flatnonzero(predicted != truth)
    confidence = table.probabilities[wrong, predicted[wrong]]
    wrong = wrong[np.argsort(-confidence, kind="stable")]
    return Mistakes(
        cells=_cells(table, truth, wrong),
        hardest=[
            _mistake(table, truth, row) for row in wrong[: 0 if table.only_labels else _HARDEST]
        ],
    )


def _cells(table: ProbabilityTable, truth: Labels, wrong: Labels) -> list[MistakeCell]:
    by_cell: dict[tuple[int, int], list[int]] = {}
    predicted = table.labels
    for row in wrong:
        by_cell.setdefault((int(truth[row]), int(predicted[row])), []).append(int(row))
    return [
        MistakeCell(
            truth=label,
            predicted=said,
            count=len(rows),
            ids=table.ids[rows[:_SHOWN_IN_A_CELL]].tolist(),
            **_confidences(table, rows[:_SHOWN_IN_A_CELL], said),
        )
        for (label, said), rows in sorted(by_cell.items())
    ]


def _confidences(table: ProbabilityTable, rows: list[int], said: int) -> dict[str, list[float]]:
    """None of labels alone."""
    if table.only_labels:
        return {}
    found = np.asarray(table.probabilities[rows, said], np.float64)
    return {"confidences": np.round(found, 4).tolist()}


def _mistake(table: ProbabilityTable, truth: Labels, row: int) -> Mistake:
    label = int(table.labels[row])
    return Mistake(
        id=str(table.ids[row]),
        truth=int(truth[row]),
        predicted=label,
        confidence=float(table.probabilities[row, label]),
        truth_probability=float(table.probabilities[row, truth[row]]),
    )


# The classes that members get wrong, taken over all of them.


_TAKEN_FOR = 2


def misclassified(members: list[EvaluatedModel]) -> Misclassified:
    """Of each class: images that some and that all members get wrong, and what for."""
    truth = members[0].truth
    wrong = np.stack([~member.right for member in members])
    said = np.stack([member.labels for member in members])
    f1 = [[row.f1 for row in member.entry.scores.test.per_class.values()] for member in members]
    return Misclassified(
        members=len(members),
        rows=len(truth),
        some_wrong=int(wrong.any(axis=0).sum()),
        all_wrong=int(wrong.all(axis=0).sum()),
        classes=[
            _of_class(label, wrong[:, truth == label], said[:, truth == label], values)
            for label, values in enumerate(zip(*f1, strict=True))
        ],
    )


def _of_class(
    label: int, wrong: NDArray[np.bool_], said: NDArray[np.int64], f1: Sequence[float]
) -> MisclassifiedClass:
    """wrong, said: (members, images of the class). f1: one a member."""
    labels, counts = np.unique(said[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_TAKEN_FOR]
    return MisclassifiedClass(
        class_=label,
        support=wrong.shape[1],
        some_wrong=int(wrong.any(axis=0).sum()),
        all_wrong=int(wrong.all(axis=0).sum()),
        wrong=int(wrong.sum()),
        taken_for=[TakenFor(class_=int(labels[i]), count=int(counts[i])) for i in order],
        mean_f1=float(np.mean(f1)),
    )


# Which classes a model is good and bad at, and which it takes for one another.


_CLASSES_NAMED = 3
_PAIRS_LISTED = 10
_LEAST_GAP = 0.0005


def per_class_performance(scores: Scores, fits: Overfitting | None = None) -> Analysis:
    """scores: of a model's test table. fits: what its history says, if it has one."""
    high, low = ends(list(scores.per_class.values()))
    pairs = confused_pairs(np.array(scores.confusion))
    return Analysis(
        high=high,
        low=low,
        confused=pairs[:_PAIRS_LISTED],
        confused_pairs=len(pairs),
        overfitting=fits,
    )


def ends(rows: Sequence[ClassScores]) -> tuple[list[ClassF1], list[ClassF1]]:
    """Up to three classes of the highest and of the lowest F1, no class in both; none where all are
    alike.

    rows: the scores of each class, in class order. A class without test images has no place.
    """
    found = [ClassF1(class_=label, f1=row.f1) for label, row in enumerate(rows) if row.support]
    found.sort(key=lambda row: -row.f1)
    if not found or found[0].f1 - found[-1].f1 < _LEAST_GAP:
        return [], []
    count = min(_CLASSES_NAMED, len(found) // 2)
    return found[:count], found[::-1][:count]


def confused_pairs(confusion: NDArray[np.int64]) -> list[ConfusedPair]:
    """Pairs of classes by how many images of the one are taken for the other, both ways added.

    confusion: (classes, classes) counts, rows the truth. Pairs that are never confused are left
    out; the first of equals is that of the smaller labels.
    """
    both = np.triu(confusion + confusion.T, k=1)
    pairs = [
        ConfusedPair(
            classes=(int(i), int(j)),
            count=int(both[i, j]),
            i_as_j=int(confusion[i, j]),
            j_as_i=int(confusion[j, i]),
        )
        for i, j in zip(*np.nonzero(both), strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-pair.count, pair.classes))
