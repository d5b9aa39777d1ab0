"""Which candidate to take, of those that meet the limits: by validation figures and cost alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.decision_settings import Prefer
from vestry.evaluation.intervals import paired_difference
from vestry.evaluation.noninferiority import within_margin
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.schema.decision import BestBeside

LEVEL = 0.05
TOLERANCE = 0.1
"""Costs that differ by less count as equal: they are measured, and the next run's will differ."""
Criterion = Literal["latency", "bytes", "parameters", "ranking"]
_BY_COST: dict[Prefer, tuple[Criterion, ...]] = {
    "accuracy": ("latency", "bytes", "parameters"),
    "latency": ("latency", "bytes", "parameters"),
    "size": ("bytes", "latency", "parameters"),
}

Evidence = Literal["clear", "level", "too_few"]


@dataclass(frozen=True, eq=False)
class Choice:
    """best: the first in the ranking. level: it and those that validation shows to be within the
    margin of it, in the ranking's order. decided_by: the criterion that left `taken` alone, None
    where it was alone from the start. tests: of `best` and every other one. shown: how far
    validation bears the choice.
    """

    taken: Candidate
    best: Candidate
    level: list[Candidate]
    decided_by: Criterion | None
    tests: list[BestBeside]
    shown: Evidence


def chosen(candidates: Sequence[Candidate], prefer: Prefer, within: float) -> Choice | None:
    """None without candidates.

    With `accuracy` the cheapest of those that are shown to be less than `within` behind the most
    accurate one; with `latency` or `size` the cheapest of all.
    """
    if not candidates:
        return None
    best = min(candidates, key=lambda candidate: candidate.place)
    tests = _tested(best, [each for each in candidates if each is not best], within)
    names = {test.name for test in tests if test.within} | {best.name}
    level = [each for each in candidates if each.name in names]
    taken, decided_by = cheapest(level if prefer == "accuracy" else candidates, _BY_COST[prefer])
    shown = _bearing(tests, taken is best) if prefer == "accuracy" else "clear"
    return Choice(taken, best, level, decided_by, tests, shown)


def _bearing(tests: Sequence[BestBeside], is_best: bool) -> Evidence:
    """ "too_few" where the best is taken because others are neither shown to be behind it nor to be
    within the margin; "level" where any is within; "clear" where all are behind."""
    if is_best and not all(test.behind or test.within for test in tests):
        return "too_few"
    return "level" if any(test.within for test in tests) else "clear"


def _tested(best: Candidate, others: Sequence[Candidate], within: float) -> list[BestBeside]:
    """`best` and each other one on the validation rows (first seeds), Holm over all of them:
    whether McNemar's test shows the other one to be behind, and whether it is shown to be `within`
    of it, which its mean over seeds must be, too."""
    counts = [_discordant(best, other) for other in others]
    rows = len(best.right)
    tests = [mcnemar(*pair).p for pair in counts]
    near = holm([within_margin(*pair, rows, within) for pair in counts])
    return [
        BestBeside(
            name=other.name,
            only_best=only_best,
            only_other=only_other,
            difference=(only_best - only_other) / rows,
            interval=paired_difference(only_best, only_other, rows),
            p=p,
            p_holm=p_holm,
            behind=p_holm < LEVEL and only_best > only_other,
            p_within_holm=p_within,
            within=p_within < LEVEL and best.accuracy - other.accuracy < within,
        )
        for other, (only_best, only_other), p, p_holm, p_within in zip(
            others, counts, tests, holm(tests), near, strict=True
        )
    ]


def _discordant(one: Candidate, other: Candidate) -> tuple[int, int]:
    """Validation rows that only the one, and that only the other gets right."""
    return int((one.right & ~other.right).sum()), int((other.right & ~one.right).sum())


def cheapest(
    candidates: Sequence[Candidate], criteria: Sequence[Criterion]
) -> tuple[Candidate, Criterion | None]:
    """The cheapest, and the criterion that set it apart from the last that were left.

    Whoever is within a tenth of the least goes on to the next criterion; the ranking decides in
    the end. A cost that was not measured loses to one that was; parameters count only where all
    that are left have them.
    """
    left = list(candidates)
    decided_by: Criterion | None = None
    for name in criteria:
        known = {c.name: float(v) for c in left if (v := getattr(c, name)) is not None}
        if not known or (name == "parameters" and len(known) < len(left)):
            continue
        limit = min(known.values()) * (1 + TOLERANCE)
        kept = [each for each in left if each.name in known and known[each.name] <= limit]
        if len(kept) < len(left):
            left, decided_by = kept, name
        if len(left) == 1:
            return left[0], decided_by
    return min(left, key=lambda each: each.place), "ranking"
