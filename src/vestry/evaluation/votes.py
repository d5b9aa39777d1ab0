"""What every maker says of a seeded sample of test images."""

from typing import Any

import numpy as np

from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable

TOP = 3
FIRST_ROWS = 5


def votes(
    tables: dict[str, ProbabilityTable], truth: Labels, rows: int, seed: int
) -> dict[str, Any]:
    """Every maker's class, confidence and three most probable classes for a sample of rows.

    The sample depends on the seed and the number of rows alone, so it can be drawn again.
    """
    order = np.random.default_rng(seed).permutation(len(truth))[:rows]
    ids = next(iter(tables.values())).ids
    return {
        "seed": seed,
        "images": [
            {
                "id": str(ids[row]),
                "truth": int(truth[row]),
                "votes": {name: vote(table, row) for name, table in tables.items()},
            }
            for row in sorted(order.tolist())
        ],
    }


def vote(table: ProbabilityTable, row: int) -> dict[str, Any]:
    given = table.probabilities[row]
    top = np.argsort(-given, kind="stable")[:TOP]
    return {
        "label": int(top[0]),
        "confidence": float(given[top[0]]),
        "top": [[int(label), float(given[label])] for label in top],
    }


def first_rows(tables: dict[str, ProbabilityTable], truth: Labels) -> dict[str, Any]:
    """The probability vectors of the first five rows, as every maker gives them."""
    ids = next(iter(tables.values())).ids
    return {
        "ids": ids[:FIRST_ROWS].tolist(),
        "truth": truth[:FIRST_ROWS].tolist(),
        "probabilities": {
            name: table.probabilities[:FIRST_ROWS].tolist() for name, table in tables.items()
        },
    }
