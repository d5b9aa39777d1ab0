"""Which candidate to take, of those that meet the limits: by validation figures and cost alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from vestry.evaluation.candidates import Candidate
from vestry.evaluation.decision_settings import Cost, DecisionSettings, Prefer
from vestry.evaluation.decision_tests import beside
from vestry.schema.decision import BestBeside, EvidenceWord

TIMES = 2.0
"""So many times less a model must cost to be cheaper, besides the floor: less is lost in what the
next machine, or the next run, makes of it."""
Criterion = Literal["latency", "bytes", "parameters", "ranking"]
_BY_COST: dict[Prefer, tuple[Cost, ...]] = {
    "accuracy": ("latency", "bytes", "parameters"),
    "latency": ("latency", "bytes", "parameters"),
    "size": ("bytes", "latency", "parameters"),
}


@dataclass(frozen=True, eq=False)
class Choice:
    """best: the first in the ranking. level: it and those that validation shows to be within the
    margin of it, in the ranking's order. decided_by: the criterion that left `taken` alone, None
    where it was alone from the start. tests: of `best` and every other one. bearing: those that
    the choice rests on: of `taken` and whoever it was chosen among; where cost comes first, those
    that cost as much, and none where a cheaper one is shown to be near the best. shown: how far
    validation bears the choice.
    """

    taken: Candidate
    best: Candidate
    level: list[Candidate]
    decided_by: Criterion | None
    tests: list[BestBeside]
    bearing: list[BestBeside]
    shown: EvidenceWord

    @property
    def undecided(self) -> list[BestBeside]:
        """Those that validation does not tell apart from `taken`, where that could cost."""
        return [test for test in self.bearing if test.undecided]


def chosen(candidates: Sequence[Candidate], settings: DecisionSettings) -> Choice | None:
    """None without candidates.

    With `accuracy` the cheapest of those that are shown to be less than `within` behind the most
    accurate one; with `latency` or `size` the cheapest of all, and the most accurate of those that
    cost as much.
    """
    if not candidates:
        return None
    best = min(candidates, key=lambda candidate: candidate.place)
    tests = _tests(best, candidates, settings)
    names = {test.name for test in tests if test.within} | {best.name}
    level = [each for each in candidates if each.name in names]
    by_accuracy = settings.prefer == "accuracy"
    found = cheapest(
        level if by_accuracy else candidates, _BY_COST[settings.prefer], settings.floors
    )
    if by_accuracy:
        bearing = tests if found.taken is best else []
    else:
        bearing = _tests(found.taken, found.equal, settings)
    return Choice(
        taken=found.taken,
        best=best,
        level=level,
        decided_by=found.decided_by,
        tests=tests,
        bearing=bearing,
        shown=_evidence(bearing, by_accuracy and found.taken is not best),
    )


def _evidence(tests: Sequence[BestBeside], is_cheaper: bool) -> EvidenceWord:
    """ "too_few" where one could be better by more than the margin, or would save cost and is not
    shown to be behind; "clear" where all are behind; else "level"."""
    if any(test.undecided for test in tests):
        return "too_few"
    return "level" if is_cheaper or not all(test.behind for test in tests) else "clear"


def _tests(
    one: Candidate, candidates: Sequence[Candidate], settings: DecisionSettings
) -> list[BestBeside]:
    """`one` beside each other candidate."""
    others = [each for each in candidates if each is not one]
    saving = {each.name for each in others if costs_less(each, one, settings)}
    return beside(one, others, saving, settings.within)


def costs_less(one: Candidate, other: Candidate, settings: DecisionSettings) -> bool:
    """Whether cost alone would take the one before the other."""
    found = cheapest([other, one], _BY_COST[settings.prefer], settings.floors)
    return found.taken is one and found.decided_by != "ranking"


@dataclass(frozen=True, eq=False)
class Cheapest:
    """decided_by: what set it apart from the last that were left. equal: those that cost as much,
    itself among them."""

    taken: Candidate
    decided_by: Criterion | None
    equal: list[Candidate]


def cheapest(
    candidates: Sequence[Candidate], criteria: Sequence[Cost], floors: Mapping[Cost, float]
) -> Cheapest:
    """Whoever the least is not cheaper than goes on to the next criterion; the ranking decides in
    the end. A cost that was not measured loses to one that was; parameters count only where all
    that are left have them.
    """
    left = list(candidates)
    decided_by: Criterion | None = None
    for name in criteria:
        known = {c.name: float(v) for c in left if (v := getattr(c, name)) is not None}
        if not known or (name == "parameters" and len(known) < len(left)):
            continue
        least = min(known.values())
        kept = [
            each
            for each in left
            if each.name in known and not _is_cheaper(least, known[each.name], floors[name])
        ]
        if len(kept) < len(left):
            left, decided_by = kept, name
        if len(left) == 1:
            return Cheapest(left[0], decided_by, left)
    return Cheapest(min(left, key=lambda each: each.place), "ranking", left)


def _is_cheaper(one: float, other: float, floor: float) -> bool:
    """Whether the one costs so much less that it counts. floor: a difference in the same unit."""
    return TIMES * one <= other and other - one >= floor and one < other
