"""Scores that models may be chosen by: what orders them, what a margin is of, what fits follow.

Those that are sums over rows are what `SCORES` says of them; those that go by ranks of
probabilities stand here whole.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from vestry.predictions.scores import SCORES
from vestry.predictions.sums import Floats, ResampledSums
from vestry.predictions.table import Labels

OnResamples = Callable[[Floats], Floats]
"""From (rows, resamples) counts of how often each row is there: (tables, resamples)."""
Values = Callable[[Iterable[Floats], Labels], OnResamples]
"""From tables of (rows, classes), taken one after the other, and (rows,) labels. What does not hang
on the counts is made once, of a million rows in seconds; they then come for a few resamples at a
time."""


class SensitivityAt(BaseModel):
    """The share found of one of two classes, where that share of the other is left alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    sensitivity_at_specificity: float = Field(
        gt=0, lt=1, description="share of the other class that must not be taken for the positive"
    )
    positive: str | None = Field(
        None, description="the class to be found; by default the rarer one of the training rows"
    )


@dataclass(frozen=True)
class ChoosingScore:
    """name: in study files. label: the head of a column; words: what a sentence calls it. values:
    makes it. weight: from (rows,) labels, how many rows of the rarest kind it rests on: one row
    moves it by about 1 / that. chance: what rows in a random order come to, where it goes by ranks.
    """

    name: str
    label: str
    words: str
    values: Values
    weight: Callable[[Labels], float]
    better: Literal["higher", "lower"] = "higher"
    unit: str = "share"
    chance: float | None = None

    @property
    def sign(self) -> int:
        """What makes of it a number of which more is better."""
        return 1 if self.better == "higher" else -1

    @property
    def is_share(self) -> bool:
        return self.unit == "share"

    def of(self, probabilities: Floats, truth: Labels) -> float:
        """Of (rows, classes) probabilities against (rows,) labels; NaN without rows."""
        if not len(truth):
            return float("nan")
        return float(self.values([probabilities], truth)(np.ones((len(truth), 1)))[0, 0])

    def better_of(self, probabilities: Floats, truth: Labels) -> float:
        """The same so that more is better."""
        return self.sign * self.of(probabilities, truth)


def choosing_score(
    asked: str | SensitivityAt, classes: Sequence[str] = (), training: Labels | None = None
) -> ChoosingScore:
    """The score that a study asks for. training: labels, of which the rarer class is positive.

    Raises ValueError where the classes do not suit it.
    """
    if isinstance(asked, str):
        return _ROC_AUC if asked == _ROC_AUC.name else _summed(asked)
    if len(classes) != 2:
        raise ValueError(
            f"sensitivity at a specificity needs two classes, and there are {len(classes)}"
        )
    return _sensitivity(asked, classes, _positive(asked, classes, training))


def _positive(asked: SensitivityAt, classes: Sequence[str], training: Labels | None) -> int:
    if asked.positive is None:
        counts = np.bincount(training if training is not None else [], minlength=2)
        return int(counts.argmin()) if counts[0] != counts[1] else 1
    if asked.positive not in classes:
        raise ValueError(f"there is no class {asked.positive!r}; there are {', '.join(classes)}")
    return list(classes).index(asked.positive)


# Sums over rows.


def _rows(truth: Labels) -> float:
    return float(len(truth))


def _rows_by_class(truth: Labels) -> float:
    """Every class counts alike, so that a row of the rarest weighs most."""
    counts = np.bincount(truth)
    counts = counts[counts > 0]
    return float(len(counts) * counts.min())


_WEIGHTS = {
    "accuracy": _rows,
    "balanced_accuracy": _rows_by_class,
    "macro_f1": _rows_by_class,
    "log_loss": _rows,
}
KEYS = {"macro_f1": "f1_macro", "balanced_accuracy": "recall_macro"}
"""In `SCORES`, where it is called otherwise there."""
_CALLED = {"balanced_accuracy": ("Balanced accuracy", "balanced accuracy")}


def _summed(name: str) -> ChoosingScore:
    score = SCORES[KEYS.get(name, name)]

    def values(tables: Iterable[Floats], truth: Labels) -> OnResamples:
        sums = ResampledSums(tables, truth, score.facts)
        return lambda counts: np.asarray(score.value(sums.of(counts)))

    label, words = _CALLED.get(name, (score.label, score.words))
    return ChoosingScore(name, label, words, values, _WEIGHTS[name], score.better, score.unit)


# Ranks of the probability of one class.


def _of_tables(values: Callable[[Sequence[Floats], Labels, Floats], Floats]) -> Values:
    """Of a function that goes through the tables anew for every few resamples."""

    def prepared(tables: Iterable[Floats], truth: Labels) -> OnResamples:
        kept = list(tables)
        return lambda counts: values(kept, truth, counts)

    return prepared


def _areas(tables: Sequence[Floats], truth: Labels, counts: Floats) -> Floats:
    """The area under the ROC curve; of more than two classes the mean of each against the rest.

    Classes of which there are no rows, or only such, have none; where no class has one, it is 0.5.
    """
    classes = tables[0].shape[1]
    kinds = [1] if classes == 2 else range(classes)
    asked = [k for k in kinds if 0 < (truth == k).sum() < len(truth)]
    if not asked:
        return np.full((len(tables), counts.shape[1]), 0.5)
    return np.array(
        [np.mean([_area(t[:, k], truth == k, counts) for k in asked], axis=0) for t in tables]
    )


def _area(scores: Floats, positive: NDArray[np.bool_], counts: Floats) -> Floats:
    """(resamples,) chance that a positive row scores above a negative one, ties counting half."""
    found, passed = _by_level(scores, positive, counts)
    below = np.cumsum(passed, axis=0) - passed
    pairs = found.sum(axis=0) * passed.sum(axis=0)
    won = (found * (below + passed / 2)).sum(axis=0)
    return np.asarray(np.divide(won, pairs, out=np.full(len(pairs), 0.5), where=pairs > 0))


def _by_level(scores: Floats, positive: NDArray[np.bool_], counts: Floats) -> tuple[Floats, Floats]:
    """(levels, resamples) positive and negative rows of each score, rising."""
    order = np.argsort(scores, kind="stable")
    rising, is_positive, sorted_counts = scores[order], positive[order, None], counts[order]
    starts = np.flatnonzero(np.r_[True, rising[1:] != rising[:-1]])
    found = np.add.reduceat(sorted_counts * is_positive, starts, axis=0)
    passed = np.add.reduceat(sorted_counts * ~is_positive, starts, axis=0)
    return found, passed


def _found_at(
    specificity: float,
    positive: int,
    tables: Sequence[Floats],
    truth: Labels,
    counts: Floats,
) -> Floats:
    """The largest share of positive rows at or above a threshold that leaves at least that share
    of the others below; 0 where there are none to find."""
    is_positive = truth == positive
    return np.array([_found(t[:, positive], is_positive, counts, specificity) for t in tables])


_ROUNDING = 1e-9


def _found(
    scores: Floats, positive: NDArray[np.bool_], counts: Floats, specificity: float
) -> Floats:
    found, passed = _by_level(scores, positive, counts)
    above = found[::-1].cumsum(axis=0)
    wrong = passed[::-1].cumsum(axis=0)
    allowed = wrong <= (1 - specificity) * wrong[-1] + _ROUNDING
    most = np.where(allowed, above, 0).max(axis=0)
    return np.asarray(np.divide(most, above[-1], out=np.zeros(len(most)), where=above[-1] > 0))


def _sensitivity(asked: SensitivityAt, classes: Sequence[str], positive: int) -> ChoosingScore:
    share, name = asked.sensitivity_at_specificity, classes[positive]
    return ChoosingScore(
        name="sensitivity_at_specificity",
        label=f"Sensitivity at specificity {share:g}",
        words=f"sensitivity ({name}) at a specificity of {100 * share:g}%",
        values=_of_tables(partial(_found_at, share, positive)),
        weight=lambda truth: float(max(1, (truth == positive).sum())),
        chance=1 - share,
    )


_ROC_AUC = ChoosingScore(
    "roc_auc", "ROC AUC", "area under the ROC curve", _of_tables(_areas), _rows_by_class, chance=0.5
)
