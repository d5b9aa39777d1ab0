"""How good a probability table is: every score that `results.json` holds.

Undefined precision and recall (nothing predicted, nothing there) count as 0, as in scikit-learn
with `zero_division=0`.
"""

from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

CALIBRATION_BINS = 15
ScalarScore = Literal[
    "accuracy",
    "log_loss",
    "precision_macro",
    "recall_macro",
    "f1_macro",
    "precision_weighted",
    "recall_weighted",
    "f1_weighted",
    "precision_micro_at_half",
    "recall_micro_at_half",
    "brier",
    "ece",
]
SCALAR_SCORES: tuple[ScalarScore, ...] = get_args(ScalarScore)

Floats = NDArray[np.floating[Any]]
Labels = NDArray[np.int64]


def score(probabilities: Floats, truth: Labels, classes: tuple[str, ...]) -> dict[str, Any]:
    """All scores of (n, classes) probabilities against (n,) true labels, JSON-able."""
    values = probabilities.astype(np.float64)
    counts = confusion(values.argmax(axis=1), truth, len(classes))
    by_class = _class_scores(counts)
    return {
        "accuracy": float(np.trace(counts) / counts.sum()),
        "log_loss": log_loss(values, truth),
        **_averages(by_class, "macro", np.ones(len(classes))),
        **_averages(by_class, "weighted", by_class["support"]),
        **_micro_at_half(values, truth),
        "brier": brier(values, truth),
        "ece": expected_calibration_error(values, truth),
        "per_class": {name: _class_row(by_class, k) for k, name in enumerate(classes)},
        "confusion": counts.tolist(),
    }


def confusion(predicted: Labels, truth: Labels, classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts; rows are the truth, columns the prediction."""
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def _class_scores(counts: NDArray[np.int64]) -> dict[str, Floats]:
    """Precision, recall, F1 and support of each class, each (classes,)."""
    right = np.diag(counts).astype(np.float64)
    predicted, support = counts.sum(axis=0), counts.sum(axis=1)
    return {
        "precision": _ratio(right, predicted),
        "recall": _ratio(right, support),
        "f1": _ratio(2 * right, predicted + support),
        "support": support.astype(np.float64),
        "predicted": predicted.astype(np.float64),
    }


def _class_row(by_class: dict[str, Floats], k: int) -> dict[str, float | int]:
    row: dict[str, float | int] = {
        name: float(by_class[name][k]) for name in ("precision", "recall", "f1")
    }
    return row | {"support": int(by_class["support"][k])}


def _averages(by_class: dict[str, Floats], kind: str, weights: Floats) -> dict[str, float]:
    # A class that neither the truth nor any prediction names has no score to average.
    named = (by_class["support"] > 0) | (by_class["predicted"] > 0)
    weights = np.where(named, weights, 0.0)
    return {
        f"{name}_{kind}": float((by_class[name] * weights).sum() / weights.sum())
        for name in ("precision", "recall", "f1")
    }


def _ratio(part: Floats, whole: NDArray[Any]) -> Floats:
    return np.asarray(np.divide(part, whole, out=np.zeros(len(part)), where=whole > 0))


def log_loss(values: Floats, truth: Labels) -> float:
    """Mean negative log probability of the truth, in nats; clipped as scikit-learn does."""
    return float(row_log_losses(values, truth).mean())


def row_log_losses(values: Floats, truth: Labels) -> Floats:
    tiny = np.finfo(np.float64).eps
    given = values[np.arange(len(truth)), truth] / values.sum(axis=1)
    return np.asarray(-np.log(np.clip(given, tiny, 1 - tiny)))


def _micro_at_half(values: Floats, truth: Labels) -> dict[str, float]:
    """Precision and recall as Keras reports them.

    Micro averages over one-hot outputs, a class counting as predicted where its probability is
    above 0.5; a row may so predict nothing, which costs recall but not precision.
    """
    claimed = values > 0.5
    right = float(claimed[np.arange(len(truth)), truth].sum())
    total = float(claimed.sum())
    return {
        "precision_micro_at_half": right / total if total else 0.0,
        "recall_micro_at_half": right / len(truth),
    }


def brier(values: Floats, truth: Labels) -> float:
    """Brier's score summed over classes, 0 to 2 (Brier 1950, its original form)."""
    return float(row_briers(values, truth).mean())


def row_briers(values: Floats, truth: Labels) -> Floats:
    return np.asarray((values**2).sum(axis=1) - 2 * values[np.arange(len(truth)), truth] + 1)


def expected_calibration_error(
    values: Floats, truth: Labels, bins: int = CALIBRATION_BINS
) -> float:
    """Mean gap between confidence and accuracy over bins that hold equally many rows each.

    Equal-mass bins (Nixon et al. 2019), because confident models leave equal-width bins empty.
    """
    confidence = values.max(axis=1)
    right = values.argmax(axis=1) == truth
    parts = equal_mass_bins(confidence, bins)
    gaps = [abs(confidence[part].mean() - right[part].mean()) * len(part) for part in parts]
    return float(sum(gaps) / len(truth))


def equal_mass_bins(values: Floats, bins: int = CALIBRATION_BINS) -> list[NDArray[np.intp]]:
    """Rows of (n,) `values` by rising value, in at most `bins` parts of about the same size.

    Equal values share a bin, so that a score does not hang on the order of the rows.
    """
    order = np.argsort(values, kind="stable")
    rising = values[order]
    sizes = [len(part) for part in np.array_split(order, bins)]
    cuts = np.cumsum(sizes)[:-1]
    cuts = cuts[cuts < len(order)]
    starts = np.searchsorted(rising, rising[cuts], side="left")
    ends = np.searchsorted(rising, rising[cuts], side="right")
    whole = np.where(cuts - starts <= ends - cuts, starts, ends)
    return [part for part in np.split(order, np.unique(whole)) if len(part)]
