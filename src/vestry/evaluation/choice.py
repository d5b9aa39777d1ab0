"""Which candidate to take, of those that meet the limits: by validation figures and cost alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from vestry.evaluation.candidate import Candidate
from vestry.evaluation.decision_settings import Prefer
from vestry.evaluation.intervals import paired_difference
from vestry.evaluation.paired_tests import holm, mcnemar

LEVEL = 0.05
TOLERANCE = 0.1
"""Costs that differ by less count as equal: they are measured, and the next run's will differ."""
BY_COST: dict[Prefer, tuple[str, ...]] = {
    "accuracy": ("latency", "bytes", "parameters"),
    "latency": ("latency", "bytes", "parameters"),
    "size": ("bytes", "latency", "parameters"),
}

Facts = dict[str, Any]


@dataclass(frozen=True, eq=False)
class Choice:
    """best: the first in the ranking. tied: it and those that validation cannot tell from it, in
    the ranking's order. decided_by: the criterion that left `taken` alone, None where it was alone
    from the start. tests: of `best` and every other one.
    """

    taken: Candidate
    best: Candidate
    tied: list[Candidate]
    decided_by: str | None
    tests: list[Facts]


def chosen(candidates: Sequence[Candidate], prefer: Prefer) -> Choice | None:
    """None without candidates.

    With `accuracy` the cheapest of those that cannot be told from the most accurate one; with
    `latency` or `size` the cheapest of all.
    """
    if not candidates:
        return None
    best = min(candidates, key=lambda candidate: candidate.place)
    tests = tested(best, [each for each in candidates if each is not best])
    tied = [each for each in candidates if each is best or not behind(each, tests)]
    taken, decided_by = cheapest(tied if prefer == "accuracy" else candidates, BY_COST[prefer])
    return Choice(taken, best, tied, decided_by, tests)


def tested(best: Candidate, others: Sequence[Candidate]) -> list[Facts]:
    """McNemar's test of `best` and each other one on the validation rows, Holm over all of them."""
    counts = [discordant(best, other) for other in others]
    adjusted = holm([mcnemar(*pair).p for pair in counts])
    rows = len(best.right)
    return [
        {
            "name": other.name,
            "only_best": only_best,
            "only_other": only_other,
            "difference": (only_best - only_other) / rows,
            "interval": list(paired_difference(only_best, only_other, rows)),
            "p": mcnemar(only_best, only_other).p,
            "p_holm": p,
            "told_apart": p < LEVEL,
        }
        for other, (only_best, only_other), p in zip(others, counts, adjusted, strict=True)
    ]


def discordant(one: Candidate, other: Candidate) -> tuple[int, int]:
    """Validation rows that only the one, and that only the other gets right."""
    return int((one.right & ~other.right).sum()), int((other.right & ~one.right).sum())


def behind(candidate: Candidate, tests: Sequence[Facts]) -> bool:
    """Whether validation tells it from the best, and not in its favour."""
    found = next(test for test in tests if test["name"] == candidate.name)
    return bool(found["told_apart"] and found["difference"] > 0)


def cheapest(
    candidates: Sequence[Candidate], criteria: Sequence[str]
) -> tuple[Candidate, str | None]:
    """The cheapest, and the criterion that told it from the last that were left.

    Whoever is within a tenth of the least goes on to the next criterion; the ranking decides in
    the end. A cost that was not measured loses to one that was; parameters count only where all
    that are left have them.
    """
    left, decided_by = list(candidates), None
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
