"""One candidate beside others on the validation rows: who is behind, who is shown to be near."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import ceil, inf, log, sqrt
from statistics import NormalDist

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.difference import Answers, difference, p_within
from vestry.evaluation.intervals import LEVEL as INTERVAL_LEVEL
from vestry.evaluation.intervals import Interval, normal_quantile
from vestry.evaluation.paired_tests import LEVEL, POWER, holm
from vestry.evaluation.score_standing import score_gap
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
        gap = score_gap(best.by_score, other.by_score)
        return _Pair(
            only_best,
            only_other,
            difference=gap.value,
            interval=gap.interval,
            p=gap.p,
            p_near=gap.p_within(within),
            p_best_near=gap.turned.p_within(within),
        )
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
