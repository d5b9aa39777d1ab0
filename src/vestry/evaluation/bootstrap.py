"""How far every score may be from the truth: the test images drawn again, class by class.

The stratified bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993): each
resample draws from every class as many images as there are, with replacement. All makers are scored
on the same resamples, so that differences are paired. Intervals are the percentiles of the scores.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from threadpoolctl import threadpool_limits

from vestry.evaluation.intervals import LEVEL, Interval
from vestry.predictions.scores import SCORES, all_facts
from vestry.predictions.sums import Floats, ResampledSums
from vestry.predictions.table import Labels, ProbabilityTable

_RESAMPLES = 2000
_SEED = 0
_STEPS = 40
CELLS = 500_000
"""Counts of rows in resamples that are held at once: 4 MB as doubles, which a cache holds."""

_NO_SPREAD = 1e-9


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """scores: by score, (makers, resamples); makers in the order of `names`.

    parts: of scores that are sums of sizes, the parts with their signs: (makers, parts) on the rows
    themselves, and (makers, parts, resamples).
    """

    names: tuple[str, ...]
    scores: Mapping[str, Floats]
    parts: Mapping[str, tuple[Floats, Floats]]
    resamples: int
    seed: int

    def values(self, name: str, score: str) -> Floats:
        """(resamples,) one maker's score in each resample."""
        return np.asarray(self.scores[score][self.names.index(name)])

    def interval(self, name: str, score: str, level: float = LEVEL) -> Interval:
        """Percentiles of the score; for a sum of sizes, which resamples only make larger, by
        inversion."""
        if score in self.parts:
            itself, resampled = (part[self.names.index(name)] for part in self.parts[score])
            return _interval_of_sizes(itself, resampled, level)
        return percentiles(self.values(name, score), level)

    def difference(self, one: str, other: str, score: str, level: float = LEVEL) -> Interval:
        """Interval of the one's score less the other's, paired: both on the same resamples.

        Raises ValueError for a sum of sizes such as ECE, of which a difference is biased by what
        each lacks in images.
        """
        if score in self.parts:
            words = SCORES[score].words
            raise ValueError(f"a difference of two {words}s ({score}) has no interval")
        return percentiles(self.values(one, score) - self.values(other, score), level)


def percentiles(values: Floats, level: float = LEVEL) -> Interval:
    low, high = np.quantile(values, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def spread(interval: Interval) -> Interval | None:
    """None where all resamples gave the same: ten of ten right stay right however they are drawn,
    and that says nothing of the eleventh."""
    low, high = interval
    return interval if high - low > _NO_SPREAD else None


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
    facts = ResampledSums(
        [table.probabilities[order] for table in tables.values()], truth[order], all_facts()
    )
    of_sizes = {name: score.parts for name, score in SCORES.items() if score.parts}
    scores: dict[str, list[Floats]] = {name: [] for name in SCORES}
    parts: dict[str, list[Floats]] = {name: [] for name in of_sizes}
    # One thread: several wait for each other longer than these products take, on a busy machine.
    with threadpool_limits(1):
        for counts in drawn(facts.support, resamples, np.random.default_rng(seed)):
            sums = facts.of(counts)
            for name, score in SCORES.items():
                scores[name].append(score.value(sums))
            for name, parts_of in of_sizes.items():
                parts[name].append(parts_of(sums))
    itself = facts.of(np.ones((len(truth), 1)))
    return Bootstrap(
        names=tuple(tables),
        scores={name: _joined(some) for name, some in scores.items()},
        parts={n: (of_sizes[n](itself)[:, :, 0], _joined(some)) for n, some in parts.items()},
        resamples=resamples,
        seed=seed,
    )


def _joined(parts: Iterable[Floats]) -> Floats:
    """Resamples stand on the last axis."""
    return np.concatenate(list(parts), axis=-1)


def _interval_of_sizes(parts: Floats, resampled: Floats, level: float) -> Interval:
    """Of a sum of sizes: `parts` (parts,) with sign, `resampled` (parts, resamples).

    A resample has what the rows have and noise of its own besides, and the sizes of both add up to
    more than the sizes of the one: percentiles would lie too high. So the true parts are taken to
    be those found, times some scale, and the interval holds every scale under which a sum as large
    as the one found is neither too rare nor too usual. The low end is 0 where chance alone explains
    the sum. What was found, which is too large on average, is never left outside.
    """
    found = float(np.abs(parts).sum())
    noise = resampled - parts[:, None]
    if not found:
        return 0.0, float(np.quantile(np.abs(noise).sum(axis=0), (1 + level) / 2))

    def quantile(scale: float, share: float) -> float:
        return float(np.quantile(np.abs(scale * parts[:, None] + noise).sum(axis=0), share))

    def largest(share: float) -> float:
        """The largest scale under which this quantile is not above what was found."""
        low, high = 0.0, 1.0
        if quantile(low, share) > found:
            return 0.0
        while quantile(high, share) <= found:
            low, high = high, 2 * high
        for _ in range(_STEPS):  # by halves
            middle = (low + high) / 2
            low, high = (middle, high) if quantile(middle, share) <= found else (low, middle)
        return low

    return found * largest((1 + level) / 2), found * max(1.0, largest((1 - level) / 2))


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
