"""How much seeds move the accuracy of a study's models: known of all together, not of each alone.

Three seeds say next to nothing of their own spread (two degrees of freedom), but a study has other
models. So each is lent the spread of all: a moderated variance, as Smyth ("Linear models and
empirical Bayes methods for assessing differential expression", Statistical Applications in Genetics
and Molecular Biology 3, 2004) has it for genes with few arrays, made safe for unlike models.

What is assumed: over seeds, the true accuracy p of each model varies by the same share of p(1 - p)
(the intraclass correlation of a beta-binomial, Williams, "The analysis of binary responses from
toxicological experiments", Biometrics 31, 1975). Three things guard against its not being so. Only
a model whose seeds lie nearer together than the pool's is lent the pool's variance; another one
counts with its own, which is taken to be as large as it may be for seeds to lie so near together in
half of all cases. One
whose seeds lie so far apart that chance does it in one study of a thousand (F test beside the
others; a diverged fit) is left out of the pool, and stands on its own degrees of freedom. And one
whose answers no seed changes is left out, too: its part is 0. What nothing guards against is a
model fitted once that would have varied more than all others. Smyth's own estimate of how alike the
variances are, plain pooling, and plain pooling where no test speaks against it find too much where
one model of twelve varies four times as much as the others: `benchmarks/false_alarms.py` and
docs/measurements.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_Floats = NDArray[np.float64]
_APART = 0.001
"""A chance; one that lies this far out is not of the pool."""


@dataclass(frozen=True)
class SeedSpread:
    """Of one model or a difference. variance: over seeds, of the mean over images of a single fit.
    noise: what of it is due to images that a seed gets wrong by chance, known from many of them.
    freedom: that the variance rests on; 0 of a single seed. scale: p(1 - p), that it goes with.
    """

    variance: float
    noise: float
    freedom: int
    scale: float

    @property
    def is_still(self) -> bool:
        """Whether it has several seeds, and none of them changes an answer."""
        return self.freedom > 0 and not self.variance and not self.noise


def seed_spread(cells: _Floats, scale: float) -> SeedSpread:
    """cells: (seeds, n) values of each image, two or more. One image alone shows no noise."""
    seeds, rows = cells.shape
    if seeds < 2 or rows < 2:
        return SeedSpread(0.0, 0.0, 0, scale)
    by_seed, by_image = cells.mean(axis=1, keepdims=True), cells.mean(axis=0, keepdims=True)
    left = cells - by_seed - by_image + cells.mean()
    noise = float((left**2).sum()) / ((seeds - 1) * (rows - 1)) / rows
    return SeedSpread(float(by_seed.var(ddof=1)), noise, seeds - 1, scale)


def scale_of(rights: NDArray[np.bool_]) -> float:
    """p(1 - p) of (seeds, n) right answers, never 0: with two images right and two wrong added."""
    share = (rights.mean() * rights.shape[1] + 2) / (rights.shape[1] + 4)
    return float(share * (1 - share))


@dataclass(frozen=True)
class SeedPool:
    """share: of p(1 - p), by how much true accuracies vary over seeds. noise: likewise, what images
    add to that of a single fit. freedom: that both rest on; 0 where no model has several seeds that
    differ.
    """

    share: float = 0.0
    noise: float = 0.0
    freedom: int = 0

    def lent(self, own: SeedSpread) -> SeedSpread:
        """As the pool has it; `own` itself where there is no pool, where seeds do nothing, and
        where it lies too far out to be one of the pool."""
        if not self.freedom or own.is_still:
            return own
        noise = own.noise if own.freedom else self.noise * own.scale
        variance = noise + self.share * own.scale
        if own.freedom and _beyond(own.variance, own.freedom, variance, self.freedom):
            return own
        least = own.variance / _median_share(own.freedom) if own.freedom else 0.0
        return SeedSpread(max(least, variance), noise, self.freedom, own.scale)


def seed_pool(models: Sequence[NDArray[np.bool_]]) -> SeedPool:
    """models: (seeds, n) right answers of each, whose fits are not shared (so of members, not of
    their committees)."""
    each = [seed_spread(rights.astype(np.float64), scale_of(rights)) for rights in models]
    moving = [own for own in each if own.freedom and not own.is_still]
    return _pooled([own for own in moving if not _lies_apart(own, moving)])


def _lies_apart(own: SeedSpread, among: Sequence[SeedSpread]) -> bool:
    rest = [other for other in among if other is not own]
    freedom = sum(other.freedom for other in rest)
    if not freedom:
        return False
    variance = own.scale * sum(o.freedom * o.variance / o.scale for o in rest) / freedom
    return _beyond(own.variance, own.freedom, variance, freedom)


def _pooled(models: Sequence[SeedSpread]) -> SeedPool:
    """Moments: sums over models of what their scales say."""
    weight = sum(own.freedom * own.scale for own in models)
    if not weight:
        return SeedPool()
    noise = sum(own.freedom * own.noise for own in models) / weight
    variance = sum(own.freedom * own.variance for own in models) / weight
    return SeedPool(max(0.0, variance - noise), noise, sum(own.freedom for own in models))


def _beyond(variance: float, freedom: int, other: float, others: int) -> bool:
    """Whether a variance is larger than another one by more than chance does (F test)."""
    from scipy.special import fdtrc  # noqa: PLC0415 - studies are read without it

    return other > 0 and float(fdtrc(freedom, others, variance / other)) < _APART


def _median_share(freedom: int) -> float:
    """The median of a variance found, as a share of the true one: of chi squared by its degrees of
    freedom (Wilson and Hilferty 1931)."""
    return (1 - 2 / (9 * freedom)) ** 3
