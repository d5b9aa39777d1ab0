"""Models side by side: their scores, what several seeds do to them, and who is ahead."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist, fmean

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import class_intervals, out_of_fold_interval, share_interval
from vestry.evaluation.mistakes import mistakes
from vestry.evaluation.two_way import mean_accuracy
from vestry.predictions.scores import CLASS_SCORES, MAIN_SCORES, SCORES, score
from vestry.predictions.table import Labels, ProbabilityTable, Split
from vestry.schema.base import Interval, OnSplits, Spread
from vestry.schema.cross_validation import LearningCurve
from vestry.schema.models import ScoredMember, SeedScores
from vestry.schema.scores import Mistakes, Scores, ScoresOfTable

_Tables = Mapping[Split, ProbabilityTable]


@dataclass(frozen=True)
class FromTables:
    """The part of a model's results that follows from its tables."""

    scores: OnSplits[Scores]
    intervals: OnSplits[dict[str, Interval | None]]
    mistakes: Mistakes
    seeds: list[SeedScores]
    over_seeds: OnSplits[dict[str, Spread]] | None


def evaluate_seeds(
    every: Mapping[int, _Tables], truths: Mapping[str, Labels], folded: Collection[Split] = ()
) -> FromTables:
    """every: the tables of each seed, the first one first. truths: by split. folded: splits whose
    rows were answered out of fold."""
    each = [scored(tables, truths) for tables in every.values()]
    first = next(iter(every.values()))
    return FromTables(
        scores=OnSplits(
            validation=_mean([scores.validation for scores in each]),
            test=_mean([scores.test for scores in each]),
        ),
        intervals=OnSplits(
            validation=_accuracy_of("validation", list(every.values()), truths, folded),
            test=_accuracy_of("test", list(every.values()), truths, folded),
        ),
        mistakes=mistakes(first["test"], truths["test"]),
        seeds=[_of_seed(seed, scores) for seed, scores in zip(every, each, strict=True)],
        over_seeds=over_seeds(each),
    )


def _of_seed(seed: int, scores: OnSplits[Scores]) -> SeedScores:
    numbers: OnSplits[dict[str, float]] = OnSplits(
        validation=scores.validation.numbers, test=scores.test.numbers
    )
    return SeedScores(seed=seed, scores=numbers)


def _mean(each: Sequence[Scores]) -> Scores:
    """Means over seeds; the confusion is the first one's, because means of counts are none."""
    first = each[0]
    if len(each) == 1:
        return first
    numbers = {name: fmean(scores.number(name) for scores in each) for name in first.numbers}
    per_class = {
        name: {key: fmean(getattr(s.per_class[name], key) for s in each) for key in CLASS_SCORES}
        | {"support": row.support}
        for name, row in first.per_class.items()
    }
    unknown = {name: None for name in SCORES if name not in numbers}
    tables = {"per_class": per_class, "confusion": first.confusion}
    return Scores.model_validate(numbers | unknown | tables)


def _accuracy_of(
    split: Split,
    every: Sequence[_Tables],
    truths: Mapping[str, Labels],
    folded: Collection[Split],
) -> dict[str, Interval | None]:
    """The accuracy's interval: of images, and where there are several seeds of both."""
    truth, tables = truths[split], [tables[split] for tables in every]
    rights = np.stack([table.labels == truth for table in tables])
    found = accuracy_interval(rights)
    if split in folded:
        found = out_of_fold_interval(float(rights.mean()), found)
    return {"accuracy": found}


def accuracy_interval(rights: NDArray[np.bool_]) -> Interval:
    """Of the mean accuracy of (seeds, n) whether each seed's model is right on each image: of
    images, and where there are several seeds of both. Raises ValueError without images."""
    if len(rights) == 1:
        return share_interval(int(rights.sum()), rights.shape[1])
    low, high = mean_accuracy(rights).interval()
    return max(0.0, low), min(1.0, high)


def scored(
    tables: Mapping[Split, ProbabilityTable], truths: Mapping[str, Labels]
) -> OnSplits[Scores]:
    """Every table's scores; tables, truths: by split."""
    return OnSplits(
        validation=_scores(tables["validation"], truths["validation"]),
        test=_scores(tables["test"], truths["test"]),
    )


def _scores(table: ProbabilityTable, truth: Labels) -> Scores:
    found = score(table.probabilities, truth, table.classes)
    if table.only_labels:
        found |= {name: None for name, each in SCORES.items() if not each.of_labels}
    intervals = class_intervals(np.array(found["confusion"]))
    for own, more in zip(found["per_class"].values(), intervals, strict=True):
        own.update(more)
    return Scores.model_validate(found)


def over_seeds(each: Sequence[OnSplits[Scores]]) -> OnSplits[dict[str, Spread]] | None:
    """Mean and sample standard deviation of every score over seeds; None for a single seed."""
    if len(each) < 2:
        return None
    return OnSplits(
        validation=_spread([scores.validation for scores in each]),
        test=_spread([scores.test for scores in each]),
    )


def _spread(scores: Sequence[Scores]) -> dict[str, Spread]:
    """Mean, sample deviation (None for a single value) and values of every score."""
    known = [name for name in SCORES if all(name in entry.numbers for entry in scores)]
    columns = {name: [entry.number(name) for entry in scores] for name in known}
    return {
        name: Spread(
            mean=float(np.mean(values)),
            deviation=float(np.std(values, ddof=1)) if len(values) > 1 else None,
            values=values,
        )
        for name, values in columns.items()
    }


def mean_of_members(members: Sequence[ScoredMember]) -> OnSplits[dict[str, float]]:
    """Plain means of members' own scores: what a committee's scores are *not*."""
    return OnSplits(
        validation=_means([member.scores.validation for member in members]),
        test=_means([member.scores.test for member in members]),
    )


def _means(scores: Sequence[Scores]) -> dict[str, float]:
    known = [name for name in SCORES if all(name in entry.numbers for entry in scores)]
    return {name: float(np.mean([entry.number(name) for entry in scores])) for name in known}


# Scores of a cross-validation: each fold by the model that had not seen it.


def fold_scores(
    folds: Sequence[ProbabilityTable], ids: NDArray[np.str_], truth: Labels
) -> dict[str, Spread]:
    """Mean, sample deviation and values of every score over held-out folds.

    folds: each fold's own table. ids, truth: of all training rows.
    """
    place = {name: row for row, name in enumerate(ids.tolist())}
    rows = [np.array([place[name] for name in fold.ids.tolist()]) for fold in folds]
    return _spread([_scores(fold, truth[own]) for fold, own in zip(folds, rows, strict=True)])


def out_of_fold(
    folds: Sequence[ProbabilityTable], ids: NDArray[np.str_], name: str
) -> ProbabilityTable:
    """One table of all training rows, each row by models that had not seen it.

    Where the folds were drawn several times, a row's probabilities are the mean over the repeats.
    """
    place = {name: row for row, name in enumerate(ids.tolist())}
    first = folds[0]
    total = np.zeros((len(ids), len(first.classes)))
    times = np.zeros(len(ids), dtype=np.int64)
    for fold in folds:
        rows = np.array([place[name] for name in fold.ids.tolist()])
        total[rows] += fold.probabilities
        times[rows] += 1
    mean = (total / times[:, None]).astype(np.float32)
    return ProbabilityTable(ids, first.classes, mean, name, "training")


def table_scores(table: ProbabilityTable, truth: Labels) -> ScoresOfTable:
    """Of a table of all training rows, each answered out of fold."""
    scores = _scores(table, truth)
    interval = share_interval(int((table.labels == truth).sum()), len(table))
    return ScoresOfTable(
        scores=scores,
        intervals={"accuracy": out_of_fold_interval(scores.accuracy, interval)},
    )


# Scores over the number of training images.


def learning_curve(sizes: Mapping[int, Sequence[OnSplits[Scores]]], classes: int) -> LearningCurve:
    """Mean and deviation over seeds of some scores, one entry a size.

    sizes: for each number of images a class, every seed's scores by split.
    """
    return LearningCurve(
        images_per_class=list(sizes),
        training_rows=[size * classes for size in sizes],
        validation=_by_score([[s.validation for s in seeds] for seeds in sizes.values()]),
        test=_by_score([[s.test for s in seeds] for seeds in sizes.values()]),
    )


def _by_score(sizes: Sequence[Sequence[Scores]]) -> dict[str, list[Spread]]:
    spreads = [_spread(seeds) for seeds in sizes]
    return {name: [spread[name] for spread in spreads] for name in MAIN_SCORES}


# What looking often does to the best figure, by chance alone.


@dataclass(frozen=True)
class Luck:
    """How far the best figure lies above the truth, as shares: on average, and how that varies."""

    mean: float
    deviation: float


def best_of(looks: int, accuracy: float, rows: int) -> Luck:
    """How far the best of `looks` equally good models lies above their true accuracy.

    accuracy: of each of them; rows: test images. Each is taken as a draw of its own, so that this
    is the most that chance does: models that err on the same images move less. The largest of n
    normal values has the quantiles of u^(1/n), of which a fine grid gives mean and deviation.
    """
    sampling = sqrt(accuracy * (1 - accuracy) / rows)
    if looks < 2:
        return Luck(0.0, sampling)
    normal = NormalDist()
    grid = [((step + 0.5) / _GRID) ** (1 / looks) for step in range(_GRID)]
    highest = np.array([normal.inv_cdf(min(u, 1 - 1e-15)) for u in grid])
    return Luck(float(highest.mean()) * sampling, float(highest.std()) * sampling)


_GRID = 2000
