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
    Floats,
    RowFact,
    Sums,
    briers,
    claimed_at_half,
    gaps,
    log_losses,
    of_class,
    predicted,
    right,
    right_at_half,
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
    of; it makes (1, versions) of them, see `Sums`. best: what a table without a fault has, from
    where the interval is measured; it follows for shares and where less is better, and of others
    without it there is no interval.
    counted: of a plain share of rows, how many were found of how many, each (1, versions).
    is_mean_of_classes: each class counts the same, however few rows it has. is_binned: a mean of
    gaps in bins of confidence. has_column: in the page's table of all scores.
    of_labels: whether it follows from labels alone.
    """

    name: str
    label: str
    words: str
    facts: tuple[RowFact, ...]
    value: Callable[[Sums], Floats]
    unit: str = _SHARE
    better: Literal["higher", "lower"] = "higher"
    best: float | None = None
    counted: Callable[[Sums], tuple[Floats, Floats]] | None = None
    is_mean_of_classes: bool = False
    is_binned: bool = False
    has_column: bool = True
    of_labels: bool = False

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

    @property
    def faultless(self) -> float | None:
        """`best`, or what follows from unit and direction."""
        if self.best is None and self.better == "lower":
            return 0.0
        return 1.0 if self.best is None and self.is_share else self.best

    def of(self, values: Floats, truth: Labels) -> float:
        """Of (rows, classes) probabilities against (rows,) labels."""
        return float(self.value(sums_of_rows(_double(values), truth, self.facts))[0, 0])


SCORES: Registry[Score] = Registry("score", __name__, lambda thing: isinstance(thing, Score))


MAIN_SCORES = ("accuracy", "log_loss", "f1_macro")
"""What is shown where all would be too many."""


def _all_facts() -> list[RowFact]:
    """What all scores together need the sums of, each once."""
    return list(dict.fromkeys(fact for score in SCORES.values() for fact in score.facts))


def score(probabilities: Floats, truth: Labels, classes: tuple[str, ...]) -> dict[str, Any]:
    """All scores of (rows, classes) probabilities against (rows,) true labels, JSON-able."""
    values = _double(probabilities)
    sums = sums_of_rows(values, truth, dict.fromkeys([*_all_facts(), *_BY_CLASS]))
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
    """Whether it is shown in per cent; scores of a class are shares, too."""
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


# How the sums become scores, in arrays whose last axis is versions.


def _ratio(part: Floats, whole: Floats) -> Floats:
    """part / whole, 0 where `whole` is."""
    whole = np.broadcast_to(whole, part.shape)
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)


def _class_scores(sums: Sums) -> dict[str, Floats]:
    """Precision, recall and F1 of each class, each (1, classes, versions)."""
    return {name: of(sums) for name, of in _OF_CLASS.items()}


_OF_CLASS: dict[str, Callable[[Sums], Floats]] = {
    "precision": lambda s: _ratio(s[right], s[predicted]),
    "recall": lambda s: _ratio(s[right], s[of_class]),
    "f1": lambda s: _ratio(2 * s[right], s[predicted] + s[of_class]),
}


def _macro(name: str) -> Callable[[Sums], Floats]:
    """The plain mean over the classes that there are rows of, as scikit-learn's `labels=present`.

    Of a class without rows nothing can be recalled: 0 would be no figure of the model's.
    """

    def value(sums: Sums) -> Floats:
        present = sums.support > 0
        return np.asarray(_OF_CLASS[name](sums)[:, present].mean(axis=1))

    return value


def _weighted(name: str) -> Callable[[Sums], Floats]:
    """The mean over classes by how many rows they have."""

    def value(sums: Sums) -> Floats:
        weights = sums[of_class]
        return np.asarray((_OF_CLASS[name](sums) * weights).sum(axis=1) / sums.rows)

    return value


def _share(found: RowFact, of: RowFact | None = None) -> Callable[[Sums], tuple[Floats, Floats]]:
    """Counts of rows, and of those among which they are: all, or those that `of` names."""

    def counts(sums: Sums) -> tuple[Floats, Floats]:
        some = np.asarray(sums[found].reshape(1, -1, sums[found].shape[-1]).sum(axis=1))
        return some, sums[of] if of else np.full_like(some, sums.rows)

    return counts


_BY_CLASS = (predicted, right, of_class)
_BUILT_IN = (
    Score(
        "accuracy",
        "Accuracy",
        "accuracy",
        (right,),
        lambda s: s[right].sum(axis=1) / s.rows,
        counted=_share(right),
        has_column=False,  # the ranking has it
        of_labels=True,
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
    Score(
        "precision_macro",
        "Precision, macro",
        "macro precision",
        _BY_CLASS,
        _macro("precision"),
        is_mean_of_classes=True,
        of_labels=True,
    ),
    Score(
        "recall_macro",
        "Recall, macro",
        "macro recall",
        (right, of_class),
        _macro("recall"),
        is_mean_of_classes=True,
        of_labels=True,
    ),
    Score(
        "f1_macro",
        "F1, macro",
        "macro F1",
        _BY_CLASS,
        _macro("f1"),
        is_mean_of_classes=True,
        of_labels=True,
    ),
    Score(
        *("precision_weighted", "Precision, weighted", "weighted precision"),
        *(_BY_CLASS, _weighted("precision")),
        of_labels=True,
        has_column=False,
    ),
    Score(
        *("recall_weighted", "Recall, weighted", "weighted recall"),
        *(_BY_CLASS, _weighted("recall")),
        of_labels=True,
        counted=_share(right),
        has_column=False,  # it is the accuracy
    ),
    Score("f1_weighted", "F1, weighted", "weighted F1", _BY_CLASS, _weighted("f1"), of_labels=True),
    # As Keras reports them: micro averages over one-hot outputs, a class counting as predicted
    # where its probability is above 0.5; a row that predicts nothing costs recall, not precision.
    Score(
        "precision_micro_at_half",
        "Precision, micro at 0.5",
        "precision (micro at 0.5)",
        (right_at_half, claimed_at_half),
        lambda s: _ratio(s[right_at_half], s[claimed_at_half]),
        counted=_share(right_at_half, claimed_at_half),
    ),
    Score(
        "recall_micro_at_half",
        "Recall, micro at 0.5",
        "recall (micro at 0.5)",
        (right_at_half,),
        lambda s: s[right_at_half] / s.rows,
        counted=_share(right_at_half),
    ),
    # Summed over classes, 0 to 2 (Brier 1950, its original form).
    Score(
        "brier",
        "Brier",
        "Brier score",
        (briers,),
        lambda s: s[briers] / s.rows,
        unit="squared probability",
        better="lower",
    ),
    # The mean gap between confidence and accuracy over bins that hold equally many rows each
    # (Nixon et al. 2019), because confident models leave bins of equal width empty.
    Score(
        "ece",
        "Calibration error",
        "calibration error",
        (gaps,),
        lambda s: np.abs(s[gaps]).sum(axis=1) / s.rows,
        better="lower",
        is_binned=True,
    ),
)
for _score in _BUILT_IN:
    SCORES.register(_score)
