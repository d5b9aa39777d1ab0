"""Predictions of models that nobody trained, for tests of what is made of them."""

import numpy as np

from vestry.robustness.corrupted_predictions import CorruptedPredictions
from vestry.robustness.corruption import CORRUPTIONS, LEVELS, severities

CLASSES = ("a", "b", "c", "d")


def made_truth(rows, classes=4, split="test"):
    """A label for each id, in the order in which the ids are drawn."""
    return {f"{split}/{row}": row % classes for row in range(rows)}


def made_predictions(truth, clean, area, rows=None, seed=0, asked=None, reason=None):
    """Right about a share of `clean` of the images as they are, and of `area` (one number, or one a
    kind, the rest by `clean`) of the altered ones."""
    rows = len(truth) if rows is None else rows
    rng = np.random.default_rng(seed)
    ids = np.array(list(truth)[:rows])
    labels = np.array([truth[name] for name in ids.tolist()])
    classes = max(truth.values()) + 1
    shares = area if isinstance(area, dict) else dict.fromkeys(CORRUPTIONS, area)
    each = [clean, *(shares.get(severity.corruption, clean) for severity in severities())]
    right = np.stack([rng.permutation(rows) < round(share * rows) for share in each])
    said = np.where(right, labels, (labels + 1) % classes)
    probabilities = np.full((len(each), rows, classes), 0.1 / (classes - 1), np.float32)
    np.put_along_axis(probabilities, said[:, :, None], np.float32(0.9), axis=2)
    facts = {
        "rows": rows,
        "asked": asked or len(truth),
        "there": 5 * len(truth),
        "seed": 0,
        "seconds": 6.0,
        "milliseconds_per_image": 0.5,
        "reason": reason,
    }
    return CorruptedPredictions(ids, probabilities, facts)


def levels(share):
    return [share] * LEVELS
