"""Made-up answers to altered images, for a made-up run."""

from typing import Any

import example
import numpy as np

from made_corruptions import made_truth
from vestry.committees.committee import Committee
from vestry.evaluation.robustness import robustness
from vestry.predictions.table import ProbabilityTable
from vestry.robustness.corrupted_predictions import CorruptedPredictions

TRUTH = made_truth(1000, 10)
CLASSES = example.FASHION


def add_robustness(
    results: dict[str, Any], predictions: dict[str, CorruptedPredictions], **reasons: str
) -> dict[str, Any]:
    """Adds `robustness` of the members of `predictions` and of the example's committee."""
    values = np.full((10, 10), 0.1, np.float32)
    ids = np.array([f"validation/{row}" for row in range(10)])
    tables = [ProbabilityTable(ids, CLASSES, values, name, "validation") for name in "ab"]
    rule = Committee(example.COMMITTEE, "mean").fit(tables, np.arange(10))
    members = results["committees"].get(example.COMMITTEE, {"members": []})["members"]
    committees = {example.COMMITTEE: (members, rule)} if members else {}
    found = robustness(predictions, committees, TRUTH, CLASSES, reasons)
    results["robustness"] = found.as_json() if found else None
    written: dict[str, Any] = results["robustness"]
    return written
