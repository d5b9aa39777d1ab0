"""Every model by the score that chooses: its figures, and what other images would have given."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vestry.errors import StudyError
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.intervals import Interval
from vestry.evaluation.predictions import Predictions
from vestry.predictions.choosing import ChoosingScore, choosing_score
from vestry.predictions.sums import Floats, drawn
from vestry.predictions.table import Labels, Split

RESAMPLES = 1000
_SEED = 0


@dataclass(frozen=True, eq=False)
class ByScore:
    """A model by the score that chooses, so that more is better.

    seeds: (seeds,) its figures on the rows of a split. resampled: (resamples,) their mean on
    resamples of these, the same for all models. weight: how many rows of the rarest kind the score
    rests on. shown: the figure as it is written.
    """

    seeds: Floats
    resampled: Floats
    weight: float
    shown: float

    @property
    def figure(self) -> float:
        return float(self.seeds.mean())

    @property
    def interval(self) -> Interval:
        """Of the figure as it is written, percentiles of the resamples."""
        sign = 1 if self.shown == self.figure else -1
        low, high = np.quantile(sign * self.resampled, [0.025, 0.975])
        return float(low), float(high)


@dataclass(frozen=True, eq=False)
class ChosenBy:
    """validation, test: (seeds,) figures of each model. resampled: (seeds, resamples) of the same
    models on stratified resamples of the validation rows. weight: how many rows of the rarest kind
    the score rests on there. resampled_test, test_weight: the same of the test rows; empty where
    the score is the accuracy, of which counts of images say all. All as they are; `score.sign`
    makes more better.
    """

    score: ChoosingScore
    validation: Mapping[str, Floats]
    test: Mapping[str, Floats]
    resampled: Mapping[str, Floats]
    weight: float
    resampled_test: Mapping[str, Floats] = field(default_factory=dict)
    test_weight: float = 1.0

    def central(self, name: str, split: Split) -> float:
        """The mean over seeds."""
        return float((self.test if split == "test" else self.validation)[name].mean())

    def better(self, name: str) -> float:
        """The mean of the validation figures so that more is better."""
        return self.score.sign * self.central(name, "validation")

    def of(self, name: str, split: Split) -> ByScore:
        """A model on the rows of a split; of the test rows not by accuracy."""
        of_test = split == "test"
        sign, figures = self.score.sign, self.test if of_test else self.validation
        resampled = self.resampled_test if of_test else self.resampled
        return ByScore(
            seeds=sign * figures[name],
            resampled=sign * resampled[name].mean(axis=0),
            weight=self.test_weight if of_test else self.weight,
            shown=self.central(name, split),
        )


_OF_LABELS = ("accuracy", "balanced_accuracy", "macro_f1")
"""Scores that follow from labels alone."""


def check_score(settings: DecisionSettings, classes: Sequence[str]) -> None:
    """Raise StudyError where the classes do not suit the score, before anything is fitted."""
    try:
        choosing_score(settings.score, classes)
    except ValueError as error:
        raise StudyError(f"decision.score: {error}") from None


def chosen_by(score: ChoosingScore, names: Sequence[str], evidence: Predictions) -> ChosenBy:
    """Of the models of these names; StudyError where one gave labels alone and the score needs
    more."""
    for name in names:
        if score.name not in _OF_LABELS and evidence.tested[name].only_labels:
            raise StudyError(
                f"decision.score: {name} gave labels alone, which have no {score.words}; choose by "
                "accuracy, balanced_accuracy or macro_f1, or give probabilities"
            )
    return ChosenBy(
        score,
        {name: _figures(score, name, "validation", evidence) for name in names},
        {name: _figures(score, name, "test", evidence) for name in names},
        _resampled(score, names, evidence, "validation"),
        score.weight(evidence.truths["validation"]),
        {} if score.name == "accuracy" else _resampled(score, names, evidence, "test"),
        score.weight(evidence.truths["test"]),
    )


def tested_by(score: ChoosingScore, names: Sequence[str], evidence: Predictions) -> ChosenBy:
    """The same of the test rows alone, which choose nothing."""
    return ChosenBy(
        score,
        validation={},
        test={name: _figures(score, name, "test", evidence) for name in names},
        resampled={},
        weight=1.0,
        resampled_test=_resampled(score, names, evidence, "test"),
        test_weight=score.weight(evidence.truths["test"]),
    )


def _tables(name: str, split: Split, evidence: Predictions) -> list[NDArray[np.float32]]:
    """Every seed's."""
    seeds = evidence.seeds.get(name) or [evidence.tables[name]]
    return [tables[split].probabilities for tables in seeds]


def _doubles(values: NDArray[np.float32]) -> Floats:
    """A loss on doubles is another than one on floats."""
    return values.astype(np.float64)


def _figures(score: ChoosingScore, name: str, split: Split, evidence: Predictions) -> Floats:
    truth = evidence.truths[split]
    return np.array([score.of(_doubles(one), truth) for one in _tables(name, split, evidence)])


def _resampled(
    score: ChoosingScore, names: Sequence[str], evidence: Predictions, split: Split
) -> dict[str, Floats]:
    """The same resamples for all models, so that their differences are paired."""
    truth = evidence.truths[split]
    order = np.argsort(truth, kind="stable")
    seeds = {name: _tables(name, split, evidence) for name in names}
    if not seeds:
        return {}
    tables = (_doubles(values[order]) for several in seeds.values() for values in several)
    found = _on_resamples(score, tables, truth[order])
    ends = np.cumsum([len(several) for several in seeds.values()])[:-1]
    return dict(zip(names, np.split(found, ends), strict=True))


def _on_resamples(score: ChoosingScore, tables: Iterable[Floats], truth: Labels) -> Floats:
    """(tables, resamples); rows sorted by class."""
    counts = drawn(np.bincount(truth), RESAMPLES, np.random.default_rng(_SEED))
    with threadpool_limits(1):
        values = score.values(tables, truth)
        parts = [values(some) for some in counts]
    return np.concatenate(parts, axis=1)


def probability_best(found: ChosenBy) -> dict[str, float]:
    """Of each model the share of resamples, of images and of its seeds, in which it is the best by
    the score; those that are level share it. It says how far the validation rows bear the order,
    and is no chance in the strict sense: a bootstrap of images and seeds (Efron and Tibshirani).
    """
    if not found.resampled:
        return {}
    rng = np.random.default_rng(_SEED)
    values = np.array(
        [found.score.sign * _over_drawn_seeds(each, rng) for each in found.resampled.values()]
    )
    best = values >= values.max(axis=0) - _SAME
    shares = (best / best.sum(axis=0)).mean(axis=1)
    return dict(zip(found.resampled, shares.tolist(), strict=True))


_SAME = 1e-12


def _over_drawn_seeds(values: Floats, rng: np.random.Generator) -> Floats:
    """(resamples,) the mean of as many seeds as there are, drawn with replacement."""
    seeds, resamples = values.shape
    if seeds == 1:
        return np.asarray(values[0])
    drawn_seeds = rng.integers(0, seeds, (seeds, resamples))
    return np.asarray(np.take_along_axis(values, drawn_seeds, axis=0).mean(axis=0))
