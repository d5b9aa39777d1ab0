"""How good a probability table is: every score that `results.json` holds.

To add one, add a `Score` here: results, intervals, the page's tables and claims find it in
`SCORES`.
Undefined precision and recall (nothing predicted, nothing there) count as 0, as in scikit-learn
with `zero_division=0`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from vestry.predictions.sums import (
    BINS,
    Floats,
    Placed,
    RowFact,
    Sums,
    equal_mass_bins,
    sums_of_rows,
)
from vestry.predictions.table import Labels
from vestry.system.registry import Registry

_SHARE = "share"
CLASS_SCORES = ("precision", "recall", "f1")
"""Of one class."""
_TABLES = ("per_class", "confusion")


@dataclass(frozen=True)
class Score:
    """A number that a table has against the true labels.

    name: its key in `results.json` and in study files. label: the head of a column of it; words:
    what a sentence calls it. unit: "share" is shown in per cent. facts: what `value` needs the sums
    of; it makes (tables, resamples) of them, for the rows as they are and for the bootstrap alike.
    parts: where the score is a sum of sizes, the (tables, parts, resamples) with their signs:
    resampling adds noise to each and so makes the sum larger, so that the interval is found by
    inversion, and a difference of two has none. has_column: in the page's table of all scores.
    """

    name: str
    label: str
    words: str
    facts: tuple[RowFact, ...]
    value: Callable[[Sums], Floats]
    unit: str = _SHARE
    better: Literal["higher", "lower"] = "higher"
    parts: Callable[[Sums], Floats] | None = None
    has_column: bool = True

    def __post_init__(self) -> None:
        if self.name in _TABLES or self.name in CLASS_SCORES:
            raise ValueError(f"a score cannot be called {self.name!r}")

    @property
    def is_share(self) -> bool:
        return self.unit == _SHARE

    @property
    def sign(self) -> int:
        """What makes of it a number of which more is better."""
        return 1 if self.better == "higher" else -1

    def of(self, values: Floats, truth: Labels) -> float:
        """Of (rows, classes) probabilities against (rows,) labels."""
        return float(self.value(sums_of_rows(_double(values), truth, self.facts))[0, 0])


SCORES: Registry[Score] = Registry("score", __name__, lambda thing: isinstance(thing, Score))


MAIN_SCORES = ("accuracy", "log_loss", "f1_macro")
"""What is shown where all would be too many."""


def all_facts() -> list[RowFact]:
    """What all scores together need the sums of, each once."""
    return list(dict.fromkeys(fact for score in SCORES.values() for fact in score.facts))


def score(probabilities: Floats, truth: Labels, classes: tuple[str, ...]) -> dict[str, Any]:
    """All scores of (rows, classes) probabilities against (rows,) true labels, JSON-able."""
    values = _double(probabilities)
    sums = sums_of_rows(values, truth, dict.fromkeys([*all_facts(), predicted, right]))
    by_class = {name: each[0, :, 0] for name, each in _class_scores(sums).items()}
    return {
        **{name: float(each.value(sums)[0, 0]) for name, each in SCORES.items()},
        "per_class": {
            name: {**{key: float(each[k]) for key, each in by_class.items()}, "support": int(count)}
            for k, (name, count) in enumerate(zip(classes, sums.support, strict=True))
        },
        "confusion": _confusion(values.argmax(axis=1), truth, len(classes)).tolist(),
    }


def is_share(name: str) -> bool:
    """Whether a figure of that name is shown in per cent; scores of a class are shares, too."""
    return name not in SCORES or SCORES[name].is_share


def score_words(name: str) -> str:
    """What a sentence calls it, which may be a score that only a report knows."""
    return SCORES[name].words if name in SCORES else name.replace("_", " ")


def _double(probabilities: Floats) -> Floats:
    """float32 would lose in sums what scores are compared by."""
    return probabilities.astype(np.float64)


def _confusion(labels: Labels, truth: Labels, classes: int) -> NDArray[np.int64]:
    """(classes, classes) counts; rows are the truth, columns the prediction."""
    cells = np.bincount(truth * classes + labels, minlength=classes * classes)
    return cells.reshape(classes, classes)


# What scores are sums of: from (rows, classes) probabilities and (rows,) labels, a number a row.


def predicted(values: Floats, truth: Labels) -> Placed:
    """1 for each row, by the class that it was taken for."""
    return Placed(values.argmax(axis=1), np.ones(len(truth)), values.shape[1])


def right(values: Floats, truth: Labels) -> Placed:
    """1 for each row that was taken for what it is, by that class."""
    labels = values.argmax(axis=1)
    return Placed(labels, labels == truth, values.shape[1])


def _right_at_half(values: Floats, truth: Labels) -> NDArray[np.bool_]:
    """1 where the true class has a probability above 0.5."""
    return np.asarray(values[np.arange(len(truth)), truth] > 0.5)


def _claimed_at_half(values: Floats, truth: Labels) -> Labels:  # noqa: ARG001
    """1 where some class has a probability above 0.5; two cannot."""
    return np.asarray((values > 0.5).sum(axis=1))


def log_losses(values: Floats, truth: Labels) -> Floats:
    """Negative log probability of the truth, in nats; clipped as scikit-learn does."""
    tiny = np.finfo(np.float64).eps
    given = values[np.arange(len(truth)), truth] / values.sum(axis=1)
    return np.asarray(-np.log(np.clip(given, tiny, 1 - tiny)))


def _briers(values: Floats, truth: Labels) -> Floats:
    """Squared distances from the truth as (0, .., 1, .., 0), 0 to 2."""
    return np.asarray((values**2).sum(axis=1) - 2 * values[np.arange(len(truth)), truth] + 1)


def _gaps(values: Floats, truth: Labels) -> Placed:
    """Confidence less 1 where it is right, by the bin that the row's confidence is in."""
    confidence, hit = values.max(axis=1), values.argmax(axis=1) == truth
    bins = np.empty(len(truth), dtype=np.int64)
    for number, part in enumerate(equal_mass_bins(confidence)):
        bins[part] = number
    return Placed(bins, confidence - hit, BINS)


# How the sums become scores, in arrays whose last axis is resamples.


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole, 0 where `whole` is."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _class_scores(sums: Sums) -> dict[str, Floats]:
    """Precision, recall and F1 of each class, each (tables, classes, resamples)."""
    support = sums.support[:, None].astype(np.float64)
    hits, claimed = sums[right], sums[predicted]
    return {
        "precision": _ratio(hits, claimed),
        "recall": _ratio(hits, support),
        "f1": _ratio(2 * hits, claimed + support),
    }


def _macro(name: str) -> Callable[[Sums], Floats]:
    """The plain mean over classes; one that neither truth nor prediction names has no score."""

    def value(sums: Sums) -> Floats:
        named = (sums[predicted] > 0) | (sums.support[:, None] > 0)
        return np.asarray((_class_scores(sums)[name] * named).sum(axis=1) / named.sum(axis=1))

    return value


def _weighted(name: str) -> Callable[[Sums], Floats]:
    """The mean over classes by how many rows they have."""

    def value(sums: Sums) -> Floats:
        weights = sums.support[:, None]
        return np.asarray((_class_scores(sums)[name] * weights).sum(axis=1) / sums.rows)

    return value


def _calibration_gaps(sums: Sums) -> Floats:
    """Each bin's part of the calibration error, with its sign."""
    return sums[_gaps] / sums.rows


_BY_CLASS = (predicted, right)
_BUILT_IN = (
    Score(
        "accuracy",
        "Accuracy",
        "accuracy",
        (right,),
        lambda s: s[right].sum(axis=1) / s.rows,
        has_column=False,  # the ranking has it
    ),
    Score(
        "log_loss",
        "Log loss",
        "log loss",
        (log_losses,),
        lambda s: s[log_losses] / s.rows,
        unit="nats",
        better="lower",
    ),
    Score("precision_macro", "Precision, macro", "macro precision", _BY_CLASS, _macro("precision")),
    Score("recall_macro", "Recall, macro", "macro recall", _BY_CLASS, _macro("recall")),
    Score("f1_macro", "F1, macro", "macro F1", _BY_CLASS, _macro("f1")),
    Score(
        "precision_weighted",
        "Precision, weighted",
        "weighted precision",
        _BY_CLASS,
        _weighted("precision"),
        has_column=False,
    ),
    Score(
        "recall_weighted",
        "Recall, weighted",
        "weighted recall",
        _BY_CLASS,
        _weighted("recall"),
        has_column=False,  # it is the accuracy
    ),
    Score("f1_weighted", "F1, weighted", "weighted F1", _BY_CLASS, _weighted("f1")),
    # As Keras reports them: micro averages over one-hot outputs, a class counting as predicted
    # where its probability is above 0.5; a row that predicts nothing costs recall, not precision.
    Score(
        "precision_micro_at_half",
        "Precision, micro at 0.5",
        "precision (micro at 0.5)",
        (_right_at_half, _claimed_at_half),
        lambda s: _ratio(s[_right_at_half], s[_claimed_at_half]),
    ),
    Score(
        "recall_micro_at_half",
        "Recall, micro at 0.5",
        "recall (micro at 0.5)",
        (_right_at_half,),
        lambda s: s[_right_at_half] / s.rows,
    ),
    # Summed over classes, 0 to 2 (Brier 1950, its original form).
    Score(
        "brier",
        "Brier",
        "Brier score",
        (_briers,),
        lambda s: s[_briers] / s.rows,
        unit="squared probability",
        better="lower",
    ),
    # The mean gap between confidence and accuracy over bins that hold equally many rows each
    # (Nixon et al. 2019), because confident models leave bins of equal width empty.
    Score(
        "ece",
        "Calibration error",
        "calibration error",
        (_gaps,),
        lambda s: np.abs(_calibration_gaps(s)).sum(axis=1),
        better="lower",
        parts=_calibration_gaps,
    ),
)
for _score in _BUILT_IN:
    SCORES.register(_score)
