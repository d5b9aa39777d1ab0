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
confidence limits about effect measures", Statistics in Medicine 27, 2008), that of the seeds with
Welch's degrees of freedom; a test is the interval turned round. And the part of the seeds is never
taken to be less than a third of what it is with the images' noise in it: few seeds that happen to
lie together are no sign that seeds do nothing (twelve models, two seeds each: 20 to 30% without
that). `benchmarks/false_alarms.py` has what comes of it.
"""

from dataclasses import dataclass
from math import ceil, hypot, inf, sqrt
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.intervals import LEVEL, Interval
from vestry.schema.base import Spread

_Rights = NDArray[np.bool_]
"""(seeds, n) whether each seed's model is right on each image."""
_Floats = NDArray[np.float64]
_HALVINGS = 60
_LEAST_OF_SEEDS = 1 / 3


@dataclass(frozen=True)
class _OfSeeds:
    """variance: of a mean over seeds, by the seeds alone. raw: with what images do to it, which its
    degrees of freedom are of."""

    variance: float
    raw: float
    freedom: float


@dataclass(frozen=True)
class TwoWay:
    """A mean or a difference of two. centre: what the interval is around, drawn in a little as
    Agresti and Coull do. images, seeds: its variance by each. freedom: of the second."""

    value: float
    centre: float
    images: float
    seeds: float
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
        return _student(chance, self.freedom) ** 2 * self.seeds if self.seeds else 0.0

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
    means = rights.mean(axis=0)
    seeds = _of_seeds(rights.astype(np.float64))
    return _two_way(means, [seeds], added=np.array([0.0, 0.0, 1.0, 1.0]))


def mean_difference(rights: _Rights, others: _Rights, paired: bool = False) -> TwoWay:
    """The one's accuracy over seeds less the other's, on the same images; one image that
    only the one gets right is added and one that only the other does, as for one seed (Bonett and
    Price 2012).

    Of a model that was fitted once its spread over seeds is not known: it is taken to be the other
    one's. paired: that seeds are the same fits in both (a committee and its members), or that one
    has no seeds at all (a constant answer): then only what the difference does over seeds counts.
    """
    added = np.array([-1.0, 0.0, 0.0, 1.0])
    if paired:
        cells = rights.astype(np.float64) - others
        return _two_way(cells.mean(axis=0), [_of_seeds(cells)], added, empty=2)
    tables = [rights.astype(np.float64), others.astype(np.float64)]
    difference = tables[0].mean(axis=0) - tables[1].mean(axis=0)
    return _two_way(difference, _lent([_of_seeds(t) for t in tables], tables), added, empty=2)


def _two_way(means: _Floats, seeds: list[_OfSeeds], added: _Floats, empty: int = 0) -> TwoWay:
    """means: (n,) over seeds. added: values of images that are added, of which `empty` do not count
    as any."""
    rows = len(means) + len(added) - empty
    centre = (means.sum() + added.sum()) / rows
    squares = (means**2).sum() + (added**2).sum()
    raw = sum(part.raw for part in seeds)
    parts = sum(part.raw**2 / part.freedom for part in seeds if part.raw)
    return TwoWay(
        value=float(means.mean()),
        centre=float(centre),
        images=float((squares / rows - centre**2) / rows),
        seeds=max(sum(part.variance for part in seeds), _LEAST_OF_SEEDS * raw),
        freedom=raw**2 / parts if parts else inf,
        rows=len(means),
    )


def _of_seeds(cells: _Floats) -> _OfSeeds:
    """cells: (seeds, n)."""
    seeds, rows = cells.shape
    if seeds < 2 or rows < 2:
        return _OfSeeds(0.0, 0.0, inf)
    by_seed, by_image = cells.mean(axis=1, keepdims=True), cells.mean(axis=0, keepdims=True)
    left = cells - by_seed - by_image + cells.mean()
    raw = float(by_seed.var(ddof=1)) / seeds
    noise = float((left**2).sum()) / ((seeds - 1) * (rows - 1)) / (seeds * rows)
    return _OfSeeds(max(0.0, raw - noise), raw, seeds - 1)


def _lent(parts: list[_OfSeeds], tables: list[_Floats]) -> list[_OfSeeds]:
    """With the spread of the one that has several seeds for both, as of a single seed. They then
    rest on the same seeds, so they count as one."""
    counts = [len(table) for table in tables]
    if min(counts) > 1 or max(counts) < 2:
        return parts
    known = parts[0] if counts[0] > 1 else parts[1]
    times = 1 + max(counts)
    return [_OfSeeds(times * known.variance, times * known.raw, known.freedom)]


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
