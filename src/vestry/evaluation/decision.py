"""The model to take, why, and what would change that.

It is chosen by validation figures and measured cost; test figures are set beside it afterwards.
"""

from collections.abc import Iterable, Sequence
from typing import get_args

from vestry.evaluation.candidates import (
    Candidate,
    broken,
    candidates,
    front,
    given,
    held,
    is_met,
    lowest_class,
    miss,
    nearest,
)
from vestry.evaluation.choice import TIMES, Choice, chosen
from vestry.evaluation.chosen_by import ChosenBy
from vestry.evaluation.decision_settings import DecisionSettings, Prefer
from vestry.evaluation.decision_tests import rows_to_decide
from vestry.evaluation.difference import adjusted, difference, sign
from vestry.evaluation.paired_tests import LEVEL
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.evaluation.score_standing import ahead_by_score, gap_on_test
from vestry.schema.decision import (
    Change,
    Decision,
    Excluded,
    Held,
    LimitOnTest,
    Majority,
    OnTest,
    Reason,
)
from vestry.schema.models import ScoredModel

NO_LIMITS = DecisionSettings()


def decision(
    models: Sequence[EvaluatedModel],
    evidence: Predictions,
    by: ChosenBy,
    majority: Majority,
    settings: DecisionSettings = NO_LIMITS,
) -> Decision | None:
    """models: in the order of the ranking. None where nobody measured what they cost."""
    if not any(model.entry.cost for model in models):
        return None
    everyone = candidates(models, evidence, by)
    above = [each for each in everyone if each.name in majority.above]
    ready, admissible = _admissible(above, settings), _admissible(everyone, settings)
    choice = chosen(ready, settings)
    near = None if choice or admissible else nearest(everyone, settings)
    return Decision(
        recommended=choice.taken.name if choice else None,
        evidence=choice.shown if choice else None,
        reason=_reason(choice, settings) if choice else None,
        runner_up=_runner_up(choice, ready, settings) if choice else None,
        level_with=[each.name for each in choice.level] if choice else None,
        binding=_binding(choice, above, settings) if choice else None,
        test=_on_test(choice, models, ready, settings, by) if choice else None,
        nearest=_exclusion(near, settings) if near else None,
        changes=_changes(choice, above, settings) if choice else [],
        settings=settings.model_dump(mode="json"),
        level=LEVEL,
        cheaper_times=TIMES,
        cost_floor={str(cost): floor for cost, floor in settings.floors.items()},
        rows=len(evidence.truths["validation"]),
        admissible=[each.name for each in admissible],
        excluded=[_exclusion(each, settings) for each in everyone if each not in admissible],
        held=[Held(name=each.name, limits=held(each, settings)) for each in everyone]
        if given(settings)
        else [],
        explains=[each.name for each in everyone if each.explains],
        pareto={cost: front(everyone, cost) for cost in ("latency", "bytes")},
        majority=majority,
    )


def _admissible(everyone: Iterable[Candidate], settings: DecisionSettings) -> list[Candidate]:
    return [each for each in everyone if not broken(each, settings)]


def _exclusion(candidate: Candidate, settings: DecisionSettings) -> Excluded:
    return Excluded(name=candidate.name, limits=broken(candidate, settings))


def _reason(choice: Choice, settings: DecisionSettings) -> Reason:
    tests = {test.name: test for test in choice.tests}
    return Reason(
        best=choice.best.name,
        decided_by=choice.decided_by,
        against=tests.get(choice.taken.name),
        tests=choice.tests,
        equals=[] if settings.prefer == "accuracy" else choice.bearing,
        undecided=[test.name for test in choice.undecided],
        rows_to_decide=rows_to_decide(choice.bearing, len(choice.best.right), settings.within),
    )


def _runner_up(
    choice: Choice, ready: Sequence[Candidate], settings: DecisionSettings
) -> str | None:
    """Who would be taken if the one that was taken were not there."""
    second = chosen([each for each in ready if each is not choice.taken], settings)
    return second.taken.name if second else None


def _binding(
    choice: Choice, everyone: Sequence[Candidate], settings: DecisionSettings
) -> Excluded | None:
    """Who would be taken without any limit, and the limits that it breaks; None if the same."""
    free = chosen(everyone, settings)
    if free is None or free.taken is choice.taken or not broken(free.taken, settings):
        return None
    return _exclusion(free.taken, settings)


def _changes(
    choice: Choice, everyone: Sequence[Candidate], settings: DecisionSettings
) -> list[Change]:
    """What another wish would lead to: each limit as little looser as changes the answer, accuracy
    whatever it costs, and another preference."""
    loosened = [_loosest(name, choice, everyone, settings) for name in given(settings)]
    found = [each for each in loosened if each]
    ready = _admissible(everyone, settings)
    if settings.prefer == "accuracy" and choice.best is not choice.taken:
        found.append(Change(kind="outright", name=choice.best.name))
    for prefer in get_args(Prefer):
        other = chosen(ready, settings.model_copy(update={"prefer": prefer}))
        if prefer != settings.prefer and other and other.taken is not choice.taken:
            found.append(Change(kind="prefer", prefer=prefer, name=other.taken.name))
    return found


def _loosest(
    limit: str, choice: Choice, everyone: Sequence[Candidate], settings: DecisionSettings
) -> Change | None:
    """The smallest loosening of one limit by which another one is taken; None where none does it.

    Only those come in that break this limit alone.
    """
    alone = [misses[0] for each in everyone if len(misses := broken(each, settings)) == 1]
    near = [check for check in alone if check.limit == limit and check.found is not None]
    for check in sorted(near, key=miss):
        looser = settings.model_copy(update={limit: check.found})
        other = chosen(_admissible(everyone, looser), settings)
        if other and other.taken is not choice.taken:
            return Change(
                kind="limit",
                limit=limit,
                asked=check.asked,
                found=check.found,
                class_=check.class_,
                name=other.taken.name,
            )
    return None


def _on_test(
    choice: Choice,
    models: Sequence[EvaluatedModel],
    ready: Sequence[Candidate],
    settings: DecisionSettings,
    by: ChosenBy,
) -> OnTest:
    """What the test images say afterwards of the one that was taken. ready: all that could be."""
    named = {model.name: model for model in models}
    best, taken = named[choice.best.name], named[choice.taken.name]
    limits = _test_limits(taken.entry, settings, by.central(taken.name, "test"))
    others = [each.name for each in ready if each.name != taken.name]
    by_accuracy, same = by.score.name == "accuracy", best is taken
    return OnTest(
        accuracy=taken.entry.scores.test.accuracy,
        interval=taken.entry.accuracy_interval("test"),
        limits=limits,
        agrees=all(check.met for check in limits),
        ahead=_ahead_on_test(taken, [named[name] for name in others])
        if by_accuracy
        else ahead_by_score(taken.name, others, by),
        best_less_taken=difference(best, taken) if by_accuracy and not same else None,
        best_less_taken_by_score=None
        if by_accuracy or same
        else gap_on_test(best.name, taken.name, by),
    )


def _ahead_on_test(taken: EvaluatedModel, others: Sequence[EvaluatedModel]) -> list[str]:
    """Names of those that are significantly more often right on the test images."""
    found = adjusted([difference(other, taken) for other in others])
    return [other.name for other, each in zip(others, found, strict=True) if sign(each) > 0]


def _test_limits(entry: ScoredModel, settings: DecisionSettings, score: float) -> list[LimitOnTest]:
    """The limits on accuracy and on the score that chooses, held against test figures."""
    class_, recall = lowest_class(entry.scores.test)
    found = {
        "min_accuracy": entry.central("test", "accuracy"),
        "min_accuracy_per_class": recall,
        "min_score": score,
    }
    return [
        LimitOnTest(
            limit=name,
            asked=asked,
            found=found[name],
            class_=class_ if name == "min_accuracy_per_class" else None,
            met=is_met(name, asked, found[name]),
        )
        for name, asked in given(settings).items()
        if name in found
    ]
