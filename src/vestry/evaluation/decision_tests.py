"""One candidate beside others on the validation rows: who is behind, who is shown to be near."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil, exp, inf, log, sqrt
from statistics import NormalDist

import numpy as np

from vestry.evaluation.candidates import ByScore, Candidate
from vestry.evaluation.difference import Answers, difference, p_within
from vestry.evaluation.families import LEVEL
from vestry.evaluation.intervals import LEVEL as INTERVAL_LEVEL
from vestry.evaluation.intervals import Interval, normal_quantile, t_quantile
from vestry.evaluation.paired_tests import holm
from vestry.evaluation.power import POWER
from vestry.schema.decision import BestBeside


def beside(
    best: Candidate, others: Sequence[Candidate], saving: Collection[str], within: float
) -> list[BestBeside]:
    """`best` and each other one on the validation rows, Holm over all of them, test by test:
    whether the other one is shown to be behind, and whether either is shown to be less than
    `within` behind the other.

    best: not behind any of them in the ranking. What the rows' own choices add to either accuracy
    is taken off the margin. saving: names of those that cost less.
    """
    pairs = [_pair(best, other, within) for other in others]
    behind = holm([pair.p for pair in pairs])
    near = holm([pair.p_near for pair in pairs])
    back = holm([pair.p_best_near for pair in pairs])
    found = []
    for place, (other, pair) in enumerate(zip(others, pairs, strict=True)):
        is_behind = behind[place] < LEVEL and pair.difference > 0
        is_near = near[place] < LEVEL and best.figure - other.figure < within
        best_near = back[place] < LEVEL
        saves = other.name in saving
        found.append(
            BestBeside(
                name=other.name,
                only_best=pair.only_best,
                only_other=pair.only_other,
                difference=pair.difference,
                interval=pair.interval,
                p=pair.p,
                p_holm=behind[place],
                behind=is_behind,
                p_within_holm=near[place],
                within=is_near,
                p_best_within_holm=back[place],
                best_within=best_near,
                costs_less=saves,
                undecided=not (is_behind or is_near or (best_near and not saves)),
            )
        )
    return found


@dataclass(frozen=True)
class _Pair:
    """difference: the best's figure less the other's, so that more is better. p: that it is 0;
    p_near, p_best_near: that the other, that the best is at least the margin behind."""

    only_best: int
    only_other: int
    difference: float
    interval: Interval
    p: float
    p_near: float
    p_best_near: float


def _pair(best: Candidate, other: Candidate, within: float) -> _Pair:
    ours, others = Answers(best.rights, best.pool), Answers(other.rights, other.pool)
    found = difference(ours, others)
    only_best, only_other = round(found.only_one), round(found.only_other)
    if best.by_score and other.by_score:
        by_score = _resampled(best.by_score, other.by_score, within)
        return _Pair(only_best, only_other, *by_score)
    more = best.optimism - other.optimism
    return _Pair(
        only_best,
        only_other,
        difference=found.value,
        interval=found.interval,
        p=found.p,
        p_near=p_within(ours, others, within + more),
        p_best_near=p_within(others, ours, within - more),
    )


def _resampled(
    one: ByScore, other: ByScore, within: float
) -> tuple[float, Interval, float, float, float]:
    """Difference, interval, p and the two p of nearness, of scores that are no accuracies.

    Student's t with the variance of a paired bootstrap of the images, plus that of one image of the
    rarest kind on which the two differ (or models that never do would be level on ten images), plus
    that of the mean over seeds; degrees of freedom by Welch and Satterthwaite.
    """
    difference = one.figure - other.figure
    images = float(np.var(one.resampled - other.resampled, ddof=1)) + one.weight**-2
    parts = [(images, max(one.weight - 1, 1.0))]
    parts += [
        (float(np.var(each.seeds, ddof=1)) / len(each.seeds), len(each.seeds) - 1.0)
        for each in (one, other)
        if len(each.seeds) > 1
    ]
    total = sum(variance for variance, _ in parts)
    freedom = total**2 / sum(variance**2 / free for variance, free in parts)
    error = sqrt(total)
    half = t_quantile(INTERVAL_LEVEL, freedom) * error
    return (
        difference,
        (difference - half, difference + half),
        2 * _above(abs(difference) / error, freedom),
        _near(within - difference, error, freedom, one.weight),
        _near(within + difference, error, freedom, one.weight),
    )


def one_sided(one: ByScore, floor: float) -> float:
    """p that its figure is not above `floor`, which no image moves."""
    images = float(np.var(one.resampled, ddof=1)) + one.weight**-2
    seeds = float(np.var(one.seeds, ddof=1)) / len(one.seeds) if len(one.seeds) > 1 else 0.0
    return _above((one.figure - floor) / sqrt(images + seeds), max(one.weight - 1, 1.0))


def _above(deviations: float, freedom: float) -> float:
    from scipy.special import stdtr  # noqa: PLC0415 - studies are read without it

    return float(stdtr(freedom, -deviations))


def _near(gap: float, error: float, freedom: float, weight: float) -> float:
    """gap: how far the difference found lies inside the margin. Never below the chance that none of
    so many rows shows a kind of image that alone makes up the gap."""
    return max(_above(gap / error, freedom), exp(-gap * weight)) if gap > 0 else 1.0


# How many rows would decide what these do not.


_NO_REALISTIC_NUMBER = 10_000_000


def rows_to_decide(tests: Sequence[BestBeside], rows: int, within: float) -> int | None:
    """About how many validation rows tell, with power 0.8 each, of every undecided one that it is
    behind or near, were the shares found the true ones; None where nothing is undecided, or where
    more than 10 million would be needed.

    Normal approximations at the level of Holm's first step; of nearness never fewer rows than show
    it of two that never differ.
    """
    needed = [_rows_for(test, rows, within, LEVEL / len(tests)) for test in tests if test.undecided]
    found = [each for each in needed if each is not None]
    return max(found) if found and len(found) == len(needed) else None


def _rows_for(test: BestBeside, rows: int, within: float, level: float) -> int | None:
    """The sooner of the two: that it is behind, or that it is near."""
    low, high = test.interval
    spread = (high - low) / (2 * normal_quantile(INTERVAL_LEVEL)) * sqrt(rows)
    normal = NormalDist()
    power, gap = normal.inv_cdf(POWER), within + (-1 if test.costs_less else 1) * test.difference
    needed = []
    if test.difference:
        chance = normal.inv_cdf(1 - level / 2)
        needed.append(((chance + power) * spread / test.difference) ** 2)
    if gap > 0:
        least = log(level) / log(1 - gap) if gap < 1 else 1.0
        needed.append(max(((normal.inv_cdf(1 - level) + power) * spread / gap) ** 2, least))
    fewest = min(needed, default=inf)
    return ceil(fewest) if fewest <= _NO_REALISTIC_NUMBER else None
