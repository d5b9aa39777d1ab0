"""One candidate beside others on the validation rows: who is behind, who is shown to be near."""

from collections.abc import Collection, Sequence
from math import ceil, log
from statistics import NormalDist

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.difference import Answers, difference, p_within
from vestry.evaluation.families import LEVEL
from vestry.evaluation.paired_tests import holm
from vestry.evaluation.power import POWER, rows_needed
from vestry.schema.decision import BestBeside


def beside(
    best: Candidate, others: Sequence[Candidate], saving: Collection[str], within: float
) -> list[BestBeside]:
    """`best` and each other one on the validation rows (over seeds where there are several), Holm
    over all of them, test by test: whether the other one is shown to be behind, and whether either
    is shown to be less than `within` behind the other, as its mean over seeds must be, too.

    best: not behind any of them in the ranking. What the rows' own choices add to either is taken
    off the margin. saving: names of those that cost less.
    """
    answers = [Answers(other.rights) for other in others]
    pairs = [difference(Answers(best.rights), other) for other in answers]
    counts = [(round(pair.only_one), round(pair.only_other)) for pair in pairs]
    behind = holm([pair.p for pair in pairs])
    more = [best.optimism - other.optimism for other in others]
    own = Answers(best.rights)
    near = [p_within(own, o, within + m) for o, m in zip(answers, more, strict=True)]
    back = [p_within(o, own, within - m) for o, m in zip(answers, more, strict=True)]
    near, back = holm(near), holm(back)
    found = []
    for place, (other, (only_best, only_other)) in enumerate(zip(others, counts, strict=True)):
        is_behind = behind[place] < LEVEL and only_best > only_other
        is_near = near[place] < LEVEL and best.accuracy - other.accuracy < within
        best_near = back[place] < LEVEL
        saves = other.name in saving
        found.append(
            BestBeside(
                name=other.name,
                only_best=only_best,
                only_other=only_other,
                difference=pairs[place].value,
                interval=pairs[place].interval,
                p=pairs[place].p,
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
    behind = rows_needed(test.only_best, test.only_other, rows, level)
    gap = within - test.difference if test.costs_less else within + test.difference
    near = _rows_to_be_near(test, rows, gap, level) if gap > 0 else None
    return min((each for each in (behind, near) if each is not None), default=None)


def _rows_to_be_near(test: BestBeside, rows: int, gap: float, level: float) -> int | None:
    """gap: how far the difference lies from the margin. One row more that they differ on is added,
    since none found does not mean that there are none."""
    normal = NormalDist()
    spread = (test.only_best + test.only_other + 1) / (rows + 1) - test.difference**2
    deviations = normal.inv_cdf(1 - level) + normal.inv_cdf(POWER)
    needed = (deviations / gap) ** 2 * max(spread, 0.0)
    least = log(level) / log(1 - gap) if gap < 1 else 1.0
    return ceil(max(needed, least)) if needed <= _NO_REALISTIC_NUMBER else None
