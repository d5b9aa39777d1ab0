"""Accuracies whose chance is of two kinds: which images were drawn, and which seeds.

An accuracy over seeds is the mean of a table, seeds down and images across, and both were drawn
(Bouthillier et al., "Accounting for variance in machine learning benchmarks", MLSys 2021). Its
variance has a part of the images, which the spread of the images' own means over seeds gives, and a
part of the seeds, which the spread of the seeds' means gives. Each of these two holds what is left
of neither (a seed that is wrong on an image by chance), so that is taken off the second: the usual
estimate of a two-way layout (Searle, Casella and McCulloch, "Variance components", 1992).

The part of the images rests on many, that of the seeds on few. So they are not put into one t,
whose degrees of freedom (Satterthwaite) must be guessed from the same few seeds: among twelve equal
models with three seeds each that finds a difference in 14% of runs instead of 5. The two
half-widths, each with its own quantile, are added in squares (Zou and Donner, "Construction of
confidence limits about effect measures", Statistics in Medicine 27, 2008); a test is the interval
turned round. How much seeds do is lent by all models of a study (`seed_pool`), which also gives the
degrees of freedom.

What is known is used: the noise that each seed has on the images alone rests on many of them. So of
the seeds' squared half-width with t, noise in it, the noise is taken off with the normal quantile,
which it is known with; or it is taken off the variance, of which a third is left: few seeds that
happen to lie together are no sign that seeds do nothing. The narrower of the two counts, the first
with many degrees of freedom and the second with few; of a model's own accuracy the second.
`benchmarks/false_alarms.py` has what comes of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, hypot, inf, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL, Interval
from vestry.evaluation.seed_pool import SeedPool, SeedSpread, scale_of, seed_pool, seed_spread
from vestry.schema.base import Spread

_Rights = NDArray[np.bool_]
"""(seeds, n) whether each seed's model is right on each image."""
_Floats = NDArray[np.float64]
_HALVINGS = 60
_LEAST_OF_SEEDS = 1 / 3


@dataclass(frozen=True)
class TwoWay:
    """A mean or a difference of two. centre: what the interval is around, drawn in a little as
    Agresti and Coull do. images: its variance by these, `noise` of single seeds in it. seeds: its
    variance over seeds, with the same noise in it. freedom: of the latter."""

    value: float
    centre: float
    images: float
    seeds: float
    noise: float
    freedom: float
    rows: int

    def interval(self, level: float = LEVEL) -> Interval:
        half = self.half(1 - level)
        return max(-1.0, self.centre - half), min(1.0, self.centre + half)

    def half(self, chance: float) -> float:
        """Half the width of the interval that misses with this chance: the smallest difference told
        from 0 at that level."""
        return sqrt(_normal(chance) ** 2 * self.images + self._of_seeds(chance))

    def _of_seeds(self, chance: float) -> float:
        if not self.seeds:
            return 0.0
        student = _student(chance, self.freedom) ** 2
        known = _normal(chance) ** 2 * self.noise
        without = max(self.seeds - self.noise, _LEAST_OF_SEEDS * self.seeds)
        return max(0.0, min(student * self.seeds - known, student * without))

    def p(self) -> float:
        """Two-sided, that it is 0: the chance whose interval just reaches 0."""
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            # On a scale that has room for very small p: low and high are its square roots.
            middle = (low + high) / 2
            below = abs(self.centre) > self.half(middle**2)
            low, high = (low, middle) if below else (middle, high)
        return high**2

    def rows_needed(self, chance: float, power: float) -> int | None:
        """Images in all that show a difference as large at the level `chance` with probability
        `power`, with as many seeds; None where no number does, since the seeds leave it open."""
        beyond = 2 * (1 - power)  # whose two-sided quantile is the one-sided one of the power
        needed = (_normal(chance) + _normal(beyond)) ** 2
        of_seeds = (sqrt(self._of_seeds(chance)) + sqrt(self._of_seeds(beyond))) ** 2
        room = self.value**2 - of_seeds
        rows = needed * self.images * self.rows / room if room > 0 else inf
        return ceil(rows) if rows < inf else None


def _normal(chance: float) -> float:
    """How many deviations a normal value exceeds on either side with this chance."""
    return -NormalDist().inv_cdf(chance / 2)


def _student(chance: float, freedom: float) -> float:
    from scipy.special import stdtrit  # noqa: PLC0415 - studies are read without it

    return -float(stdtrit(freedom, chance / 2))


def mean_accuracy(rights: _Rights) -> TwoWay:
    """The accuracy over seeds and images; two images right and two wrong are added (Agresti and
    Coull, "Approximate is better than exact", The American Statistician 52, 1998)."""
    own = seed_spread(rights.astype(np.float64), scale_of(rights))
    seeds = max(own.variance - own.noise, _LEAST_OF_SEEDS * own.variance)
    known = SeedSpread(seeds, 0.0, own.freedom, own.scale)
    return _two_way(rights.mean(axis=0), [(known, len(rights))], np.array([0.0, 0.0, 1.0, 1.0]))


def mean_difference(
    rights: _Rights, others: _Rights, paired: bool = False, pool: SeedPool | None = None
) -> TwoWay:
    """The one's accuracy over seeds less the other's, on the same images; one image that
    only the one gets right is added and one that only the other does, as for one seed (Bonett and
    Price 2012).

    pool: of the study's seeds; None: of these two alone. Of a model that was fitted once its spread
    over seeds is not known: it is lent the pool's. paired: that seeds are the same fits in both (a
    committee and its members), or that one has no seeds at all (a constant answer): then only what
    the difference does over seeds counts, and None is no pool.
    """
    both, added = (rights, others), np.array([-1.0, 0.0, 0.0, 1.0])
    means = rights.mean(axis=0) - others.mean(axis=0)
    if paired:
        scale = sum(scale_of(table) for table in both if len(table) > 1)
        cells = rights.astype(np.float64) - others
        own = [(seed_spread(cells, scale), max(map(len, both)))]
        if pool and pool.freedom <= own[0][0].freedom:
            pool = None  # it rests on no more than the difference itself
    else:
        pool = pool or seed_pool(both)
        own = [
            (seed_spread(table.astype(np.float64), scale_of(table)), len(table)) for table in both
        ]
    return _two_way(means, own, added, pool or SeedPool(), empty=2)


def _two_way(
    means: _Floats,
    seeds: Sequence[tuple[SeedSpread, int]],
    added: _Floats,
    pool: SeedPool | None = None,
    empty: int = 0,
) -> TwoWay:
    """means: (n,) over seeds. seeds: what these do, and how many fits the means are of. added:
    values of images that are added, of which `empty` do not count as any."""
    rows = len(means) + len(added) - empty
    centre = (means.sum() + added.sum()) / rows
    squares = (means**2).sum() + (added**2).sum()
    parts = [(own, pool.lent(own) if pool else own, fits) for own, fits in seeds]
    return TwoWay(
        value=float(means.mean()),
        centre=float(centre),
        images=float((squares / rows - centre**2) / rows),
        seeds=sum(part.variance / fits for _, part, fits in parts),
        noise=sum(part.noise / fits for _, part, fits in parts),
        freedom=_freedom(
            [part.variance / fits for own, part, fits in parts if part is not own],
            pool.freedom if pool else 0,
            [(own.variance / fits, own.freedom) for own, part, fits in parts if part is own],
        ),
        rows=len(means),
    )


def _freedom(lent: Sequence[float], pooled: int, own: Sequence[tuple[float, int]]) -> float:
    """Welch's, of variances that are added. lent: those that rest on the pool, which therefore
    count as one. own: the others, each with its degrees of freedom."""
    parts = [(variance, free) for variance, free in (*own, (sum(lent), pooled)) if variance]
    total = sum(variance for variance, _ in parts)
    return total**2 / sum(variance**2 / free for variance, free in parts) if parts else inf


def widened(images: Interval, over: Spread, top: float) -> Interval:
    """An interval of a mean over seeds that knows of images alone, with what seeds do to it.

    over: the figure's values. top: the largest that it can be; the least is 0. Noise of the images
    is in both parts, so that this is rather too wide.
    """
    seeds = len(over.values)
    half = _student(1 - LEVEL, seeds - 1) * (over.deviation or 0.0) / sqrt(seeds)
    low, high = images
    below, above = hypot(over.mean - low, half), hypot(high - over.mean, half)
    return max(0.0, over.mean - below), min(top, over.mean + above)
