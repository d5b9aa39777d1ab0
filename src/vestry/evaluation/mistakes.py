"""Which images a maker gets wrong, and how sure it was."""

from typing import Any

import numpy as np

from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable

SHOWN_IN_A_CELL = 40
HARDEST = 12


def mistakes(table: ProbabilityTable, truth: Labels) -> dict[str, Any]:
    """Off-diagonal cells of the confusion with their images, and the most confident errors.

    Cells list at most 40 images, the most confident first; `count` is the true number.
    """
    predicted = table.labels
    wrong = np.flatnonzero(predicted != truth)
    confidence = table.probabilities[wrong, predicted[wrong]]
    wrong = wrong[np.argsort(-confidence, kind="stable")]
    return {
        "cells": cells(table, truth, wrong),
        "hardest": [mistake(table, truth, row) for row in wrong[:HARDEST]],
    }


def cells(table: ProbabilityTable, truth: Labels, wrong: Labels) -> list[dict[str, Any]]:
    by_cell: dict[tuple[int, int], list[int]] = {}
    predicted = table.labels
    for row in wrong:
        by_cell.setdefault((int(truth[row]), int(predicted[row])), []).append(int(row))
    return [
        {
            "truth": cell[0],
            "predicted": cell[1],
            "count": len(rows),
            "ids": table.ids[rows[:SHOWN_IN_A_CELL]].tolist(),
        }
        for cell, rows in sorted(by_cell.items())
    ]


def mistake(table: ProbabilityTable, truth: Labels, row: int) -> dict[str, Any]:
    label = int(table.labels[row])
    return {
        "id": str(table.ids[row]),
        "truth": int(truth[row]),
        "predicted": label,
        "confidence": float(table.probabilities[row, label]),
        "truth_probability": float(table.probabilities[row, truth[row]]),
    }
