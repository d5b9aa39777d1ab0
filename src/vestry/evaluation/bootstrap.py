"""How far every score may be from the truth: the test images drawn again, class by class.

The stratified bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993): each
resample draws from every class as many images as there are, with replacement. All makers are scored
on the same resamples, so that differences are paired. Intervals are the percentiles of the scores.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vestry.evaluation.intervals import LEVEL, Interval
from vestry.evaluation.resampled_scores import row_facts, scores_of
from vestry.predictions.scores import Labels, ScalarScore
from vestry.predictions.table import ProbabilityTable

# An interval for the expected calibration error, whose resamples are biased.


Floats = NDArray[np.float64]
_STEPS = 40


def _ece_interval(gaps: Floats, resampled: Floats, level: float) -> Interval:
    """gaps: (bins,) with sign; resampled: (bins, resamples). Both add up to an error without it.

    The low end is 0 where chance alone explains the error. The error that was found, which is too
    large on average, is never left outside.
    """
    found = float(np.abs(gaps).sum())
    noise = resampled - gaps[:, None]
    if not found:
        return 0.0, float(np.quantile(np.abs(noise).sum(axis=0), (1 + level) / 2))

    def quantile(scale: float, share: float) -> float:
        return float(np.quantile(np.abs(scale * gaps[:, None] + noise).sum(axis=0), share))

    def largest(share: float) -> float:
        """The largest scale under which this quantile is not above what was found."""
        low, high = 0.0, 1.0
        if quantile(low, share) > found:
            return 0.0
        while quantile(high, share) <= found:
            low, high = high, 2 * high
        for _ in range(_STEPS):
            middle = (low + high) / 2
            low, high = (middle, high) if quantile(middle, share) <= found else (low, middle)
        return low

    return found * largest((1 + level) / 2), found * max(1.0, largest((1 - level) / 2))


_RESAMPLES = 2000
_SEED = 0
CELLS = 500_000
"""Counts of rows in resamples that are held at once: 4 MB as doubles, which a cache holds."""

_NO_SPREAD = 1e-9


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """scores: by score, (makers, resamples); makers in the order of `names`.

    gaps: (makers, bins), each bin's part of the calibration error on the rows themselves, with
    sign; resampled_gaps: (makers, bins, resamples), the same on the resamples.
    """

    names: tuple[str, ...]
    scores: Mapping[ScalarScore, Floats]
    gaps: Floats
    resampled_gaps: Floats
    resamples: int
    seed: int

    def values(self, name: str, score: ScalarScore) -> Floats:
        """(resamples,) one maker's score in each resample."""
        return np.asarray(self.scores[score][self.names.index(name)])

    def interval(self, name: str, score: ScalarScore, level: float = LEVEL) -> Interval:
        """Percentiles of the score; for ECE, which resamples only make larger, by inversion."""
        if score == "ece":
            maker = self.names.index(name)
            return _ece_interval(self.gaps[maker], self.resampled_gaps[maker], level)
        return percentiles(self.values(name, score), level)

    def difference(
        self, one: str, other: str, score: ScalarScore, level: float = LEVEL
    ) -> Interval:
        """Interval of the one's score less the other's, paired: both on the same resamples.

        Raises ValueError for ECE, of which a difference is biased by what each lacks in images.
        """
        if score == "ece":
            raise ValueError("a difference of two ECEs has no interval from resamples")
        return percentiles(self.values(one, score) - self.values(other, score), level)


def percentiles(values: Floats, level: float = LEVEL) -> Interval:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def spread(interval: Interval) -> list[float] | None:
    """None where all resamples gave the same: ten of ten right stay right however they are drawn,
    and that says nothing of the eleventh."""
    low, high = interval
    return [low, high] if high - low > _NO_SPREAD else None


def bootstrap(
    tables: Mapping[str, ProbabilityTable],
    truth: Labels,
    resamples: int = _RESAMPLES,
    seed: int = _SEED,
) -> Bootstrap:
    """Every scalar score of every maker on `resamples` stratified resamples of the rows.

    tables: by maker's name, of the same n rows; truth: (n,) their labels. The same seed gives the
    same resamples, whatever the makers. ECE keeps the bins that the rows themselves give. A class
    with a single row is that row in every resample, so it adds nothing to a spread.
    """
    order = np.argsort(truth, kind="stable")
    classes = len(next(iter(tables.values())).classes)
    facts = row_facts([table.probabilities[order] for table in tables.values()], truth[order])
    support = np.bincount(truth, minlength=classes)
    # One thread: several wait for each other longer than these products take, on a busy machine.
    with threadpool_limits(1):
        parts = [
            scores_of(facts.sums(counts), support, len(tables))
            for counts in drawn(support, resamples, np.random.default_rng(seed))
        ]
    itself = scores_of(facts.sums(np.ones((len(truth), 1))), support, len(tables))
    return Bootstrap(
        names=tuple(tables),
        scores={name: _joined(part.scores[name] for part in parts) for name in itself.scores},
        gaps=itself.gaps[:, :, 0],
        resampled_gaps=_joined(part.gaps for part in parts),
        resamples=resamples,
        seed=seed,
    )


def _joined(parts: Iterable[Floats]) -> Floats:
    """Resamples stand on the last axis."""
    return np.concatenate(list(parts), axis=-1)


def drawn(support: Labels, resamples: int, rng: np.random.Generator) -> Iterator[Floats]:
    """(rows, some resamples) how often each row stands in each resample; rows sorted by class."""
    rows = int(support.sum())
    start = np.repeat(np.cumsum(support) - support, support)
    of = np.repeat(support, support).astype(np.float64)
    step = max(1, CELLS // rows)
    for first in range(0, resamples, step):
        some = min(step, resamples - first)
        # A product of this size is never rounded up to `of`: see the spacing of doubles below it.
        places = (rng.random((some, rows)) * of).astype(np.int64) + start
        places += rows * np.arange(some)[:, None]
        counts = np.bincount(places.ravel(), minlength=some * rows).reshape(some, rows)
        yield np.ascontiguousarray(counts.T, dtype=np.float64)
