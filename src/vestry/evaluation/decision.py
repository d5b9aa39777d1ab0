"""The model to take, why, and what would change that.

It is chosen by validation figures and measured cost; test figures are set beside it afterwards.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, get_args

from vestry.evaluation.candidates import (
    Candidate,
    Checked,
    broken,
    candidates,
    front,
    given,
    lowest_class,
    nearest,
)
from vestry.evaluation.choice import LEVEL, TOLERANCE, Choice, chosen
from vestry.evaluation.comparison import central
from vestry.evaluation.decision_settings import DecisionSettings, Prefer
from vestry.evaluation.difference import by_images
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.evaluation.standing import above_majority

Results = dict[str, Any]
NO_LIMITS = DecisionSettings()
_UNDECIDED: Results = dict.fromkeys(
    ("recommended", "evidence", "reason", "runner_up", "level_with", "binding", "test", "nearest")
) | {"changes": []}


def decision(
    results: Results, evidence: Predictions, settings: DecisionSettings = NO_LIMITS
) -> Results | None:
    """The key `decision` of the results; None where nobody measured what the makers cost."""
    entries = results["members"] | results["committees"]
    if not any(entry.get("cost") for entry in entries.values()):
        return None
    everyone = candidates(results, evidence)
    majority = above_majority(everyone, evidence, results["data"]["classes"])
    above = [each for each in everyone if each.name in majority["above"]]
    ready = admissible(above, settings)
    choice = chosen(ready, settings.prefer, settings.within)
    facts = _UNDECIDED | _given_facts(everyone, evidence, settings) | {"majority": majority}
    if choice is None:
        near = None if facts["admissible"] else nearest(everyone, settings)
        return facts | {"nearest": near and _exclusion(near, settings)}
    return facts | {
        "recommended": choice.taken.name,
        "evidence": choice.shown,
        "reason": _reason(choice),
        "runner_up": _runner_up(choice, ready, settings),
        "level_with": [each.name for each in choice.level],
        "binding": _binding(choice, above, settings),
        "changes": _changes(choice, above, settings),
        "test": _on_test(choice, entries, evidence, settings),
    }


def _given_facts(
    everyone: Sequence[Candidate], evidence: Predictions, settings: DecisionSettings
) -> Results:
    """What stands before anything is chosen."""
    ready = admissible(everyone, settings)
    return {
        "settings": settings.model_dump(mode="json"),
        "level": LEVEL,
        "tolerance": TOLERANCE,
        "rows": len(evidence.truths["validation"]),
        "admissible": [each.name for each in ready],
        "excluded": [_exclusion(each, settings) for each in everyone if each not in ready],
        "explains": [each.name for each in everyone if each.explains],
        "pareto": {cost: front(everyone, cost) for cost in ("latency", "bytes")},
    }


def admissible(everyone: Iterable[Candidate], settings: DecisionSettings) -> list[Candidate]:
    return [each for each in everyone if not broken(each, settings)]


def _exclusion(candidate: Candidate, settings: DecisionSettings) -> Results:
    limits = [check.as_dict() for check in broken(candidate, settings)]
    return {"name": candidate.name, "limits": limits}


def _reason(choice: Choice) -> Results:
    """tests: what validation says of the most accurate one beside every other one that could be
    taken; against: beside the one that was taken."""
    tests = {test["name"]: test for test in choice.tests}
    return {
        "best": choice.best.name,
        "decided_by": choice.decided_by,
        "against": tests.get(choice.taken.name),
        "tests": choice.tests,
    }


def _runner_up(
    choice: Choice, ready: Sequence[Candidate], settings: DecisionSettings
) -> str | None:
    """Who would be taken if the one that was taken were not there."""
    second = chosen(
        [each for each in ready if each is not choice.taken], settings.prefer, settings.within
    )
    return second.taken.name if second else None


def _binding(
    choice: Choice, everyone: Sequence[Candidate], settings: DecisionSettings
) -> Results | None:
    """Who would be taken without any limit, and the limits that it breaks; None if the same."""
    free = chosen(everyone, settings.prefer, settings.within)
    if free is None or free.taken is choice.taken or not broken(free.taken, settings):
        return None
    return _exclusion(free.taken, settings)


def _changes(
    choice: Choice, everyone: Sequence[Candidate], settings: DecisionSettings
) -> list[Results]:
    """What another wish would lead to: each limit as little looser as changes the answer, accuracy
    whatever it costs, and another preference."""
    loosened = [_loosest(name, choice, everyone, settings) for name in given(settings)]
    found = [each for each in loosened if each]
    ready = admissible(everyone, settings)
    if settings.prefer == "accuracy" and choice.best is not choice.taken:
        found.append({"kind": "outright", "name": choice.best.name})
    for prefer in get_args(Prefer):
        other = chosen(ready, prefer, settings.within)
        if prefer != settings.prefer and other and other.taken is not choice.taken:
            found.append({"kind": "prefer", "prefer": prefer, "name": other.taken.name})
    return found


def _loosest(
    limit: str, choice: Choice, everyone: Sequence[Candidate], settings: DecisionSettings
) -> Results | None:
    """The smallest loosening of one limit by which another one is taken; None where none does it.

    Only those come in that break this limit alone.
    """
    alone = [misses[0] for each in everyone if len(misses := broken(each, settings)) == 1]
    near = [check for check in alone if check.limit == limit and check.found is not None]
    for check in sorted(near, key=lambda each: each.miss):
        looser = settings.model_copy(update={limit: check.found})
        other = chosen(admissible(everyone, looser), settings.prefer, settings.within)
        if other and other.taken is not choice.taken:
            return {"kind": "limit", **check.as_dict(), "name": other.taken.name}
    return None


def _on_test(
    choice: Choice,
    entries: Mapping[str, Results],
    evidence: Predictions,
    settings: DecisionSettings,
) -> Results:
    """What the test images say afterwards of the one that was taken: its accuracy, whether it
    meets the limits there as well, and the difference from the most accurate one by validation."""
    entry = entries[choice.taken.name]
    limits = _test_limits(entry, settings)
    best, taken = (
        EvaluatedModel(
            each.name, entries[each.name], evidence.tested[each.name].labels, evidence.truth
        )
        for each in (choice.best, choice.taken)
    )
    return {
        "accuracy": entry["scores"]["test"]["accuracy"],
        "interval": list(entry["intervals"]["test"]["accuracy"]),
        "limits": [check.as_dict() | {"met": check.met} for check in limits],
        "agrees": all(check.met for check in limits),
        "best_less_taken": None if best.name == taken.name else by_images(best, taken),
    }


def _test_limits(entry: Results, settings: DecisionSettings) -> list[Checked]:
    """The limits on accuracy, held against test figures."""
    class_, recall = lowest_class(entry, "test")
    accuracy = central(entry, "test", "accuracy")
    found = {"min_accuracy": (accuracy, None), "min_accuracy_per_class": (recall, class_)}
    return [
        Checked(name, getattr(settings, name), *found[name])
        for name in given(settings)
        if name in found
    ]
