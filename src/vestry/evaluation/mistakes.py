"""Which images a maker gets wrong, and how sure it was."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.predictions import EvaluatedModel
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable

_SHOWN_IN_A_CELL = 40
_HARDEST = 12


def mistakes(table: ProbabilityTable, truth: Labels) -> dict[str, Any]:
    """Off-diagonal cells of the confusion with their images, and the most confident errors.

    Cells list at most 40 images, the most confident first; `count` is the true number.
    """
    predicted = table.labels
    wrong = np.flatnonzero(predicted != truth)
    confidence = table.probabilities[wrong, predicted[wrong]]
    wrong = wrong[np.argsort(-confidence, kind="stable")]
    return {
        "cells": _cells(table, truth, wrong),
        "hardest": [_mistake(table, truth, row) for row in wrong[:_HARDEST]],
    }


def _cells(table: ProbabilityTable, truth: Labels, wrong: Labels) -> list[dict[str, Any]]:
    by_cell: dict[tuple[int, int], list[int]] = {}
    predicted = table.labels
    for row in wrong:
        by_cell.setdefault((int(truth[row]), int(predicted[row])), []).append(int(row))
    return [
        {
            "truth": cell[0],
            "predicted": cell[1],
            "count": len(rows),
            "ids": table.ids[rows[:_SHOWN_IN_A_CELL]].tolist(),
        }
        for cell, rows in sorted(by_cell.items())
    ]


def _mistake(table: ProbabilityTable, truth: Labels, row: int) -> dict[str, Any]:
    label = int(table.labels[row])
    return {
        "id": str(table.ids[row]),
        "truth": int(truth[row]),
        "predicted": label,
        "confidence": float(table.probabilities[row, label]),
        "truth_probability": float(table.probabilities[row, truth[row]]),
    }


# The classes that members get wrong, taken over all of them.


Results = dict[str, Any]
_TAKEN_FOR = 2


def misclassified(members: list[EvaluatedModel]) -> Results:
    """Of each class: images that some and that all members get wrong, and what for.

    `wrong` adds up all members' mistakes; `taken_for` names the classes that most of these say.
    """
    truth = members[0].truth
    wrong = np.stack([~member.right for member in members])
    said = np.stack([member.labels for member in members])
    scores = [list(member.entry["scores"]["test"]["per_class"].values()) for member in members]
    return {
        "members": len(members),
        "rows": len(truth),
        "some_wrong": int(wrong.any(axis=0).sum()),
        "all_wrong": int(wrong.all(axis=0).sum()),
        "classes": [
            _of_class(label, wrong[:, truth == label], said[:, truth == label])
            | {"mean_f1": float(np.mean([rows[label]["f1"] for rows in scores]))}
            for label in range(len(scores[0]))
        ],
    }


def _of_class(label: int, wrong: NDArray[np.bool_], said: NDArray[np.int64]) -> Results:
    """wrong, said: (members, images of the class)."""
    labels, counts = np.unique(said[wrong], return_counts=True)
    order = np.argsort(-counts, kind="stable")[:_TAKEN_FOR]
    return {
        "class": label,
        "support": wrong.shape[1],
        "some_wrong": int(wrong.any(axis=0).sum()),
        "all_wrong": int(wrong.all(axis=0).sum()),
        "wrong": int(wrong.sum()),
        "taken_for": [{"class": int(labels[i]), "count": int(counts[i])} for i in order],
    }


# Which classes a maker is good and bad at, and which it takes for one another.


_CLASSES_NAMED = 3
_PAIRS_LISTED = 10
_LEAST_GAP = 0.0005


def per_class_performance(scores: Results) -> Results:
    """Classes of high and of low F1, and the most confused pairs, from a maker's test scores."""
    pairs = confused_pairs(np.array(scores["confusion"]))
    return {
        **ends(list(scores["per_class"].values())),
        "confused": pairs[:_PAIRS_LISTED],
        "confused_pairs": len(pairs),
    }


def ends(rows: list[Results]) -> Results:
    """Up to three classes of each end, no class in both; none where all F1 are alike.

    rows: the scores of each class, in class order. A class without test images has no place.
    """
    found = [{"class": label, "f1": row["f1"]} for label, row in enumerate(rows) if row["support"]]
    found.sort(key=lambda row: -row["f1"])
    if not found or found[0]["f1"] - found[-1]["f1"] < _LEAST_GAP:
        return {"high": [], "low": []}
    count = min(_CLASSES_NAMED, len(found) // 2)
    return {"high": found[:count], "low": found[::-1][:count]}


def confused_pairs(confusion: Any) -> list[Results]:
    """Pairs of classes by how many images of the one are taken for the other, both ways added.

    confusion: (classes, classes) counts, rows the truth. Pairs that are never confused are left
    out; the first of equals is that of the smaller labels.
    """
    both = np.triu(confusion + confusion.T, k=1)
    firsts, seconds = np.nonzero(both)
    pairs = [
        {
            "classes": [int(i), int(j)],
            "count": int(both[i, j]),
            "i_as_j": int(confusion[i, j]),
            "j_as_i": int(confusion[j, i]),
        }
        for i, j in zip(firsts, seconds, strict=True)
    ]
    return sorted(pairs, key=lambda pair: (-int(pair["count"]), pair["classes"]))
