"""Why this model, among which, and at what difference in the score: the choice in words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from vestry.evaluation.decision_settings import DecisionSettings
from vestry.report.formatting import (
    NOTHING,
    counted,
    file_size,
    listed,
    milliseconds,
    roughly,
)
from vestry.report.models import ChosenOn, Model
from vestry.report.sections import score_figures as score
from vestry.schema.decision import BestBeside, Decision, Reason

MOST_NAMED = 3
_BY = {
    "latency": "the quickest",
    "bytes": "the smallest",
    "parameters": "the one with the fewest parameters",
    "ranking": "the first by validation",
}
_LEVEL_COST = {
    ("latency", "bytes"): "times are level",
    ("size", "latency"): "sizes are level",
    ("latency", "parameters"): "times and sizes are level",
    ("size", "parameters"): "sizes and times are level",
    ("latency", "ranking"): "costs are level",
    ("size", "ranking"): "costs are level",
}
"""What came before the criterion that decided, where time counts first or size."""


@dataclass(frozen=True)
class Choice:
    """A model that was taken, and all that is said of why."""

    found: Decision
    reason: Reason
    settings: DecisionSettings
    on: ChosenOn
    taken: Model
    models: Mapping[str, Model]

    @property
    def best(self) -> Model:
        """The first by the score of those that could be taken."""
        return self.models[self.reason.best]

    @property
    def margin(self) -> str:
        return score.margin_words(self.settings.within, self.taken)

    def tests(self, kept: Callable[[BestBeside], bool]) -> list[str]:
        """Names of those beside which it was chosen and of which that holds."""
        tests = self.reason.equals or self.reason.tests
        return [test.name for test in tests if kept(test)]


def choice(found: Decision, models: Mapping[str, Model], on: ChosenOn) -> Choice | None:
    """None where nothing is recommended."""
    if found.recommended is None or found.reason is None:
        return None
    settings = DecisionSettings.model_validate(found.settings)
    return Choice(found, found.reason, settings, on, models[found.recommended], models)


def why(made: Choice) -> str:
    """Why this one, among which, and at what difference in the score."""
    if len(considered(made.found)) == 1:
        return _the_only_one(made)
    if made.settings.prefer != "accuracy":
        return _preferred(made)
    if made.found.evidence == "too_few":
        return _too_few(made)
    return _best(made) if made.taken is made.best else _cheaper(made)


def considered(found: Decision) -> list[str]:
    """Names that meet the limits and are shown to be better than the most frequent class."""
    return [name for name in found.admissible if name not in found.majority.not_above]


def _the_only_one(made: Choice) -> str:
    better = "is shown to be better than always answering the most frequent class"
    conditions = [
        "meets the limits" if made.found.excluded else "",
        better if len(made.found.admissible) > 1 else "",
    ]
    only = " and ".join(text for text in conditions if text)
    that = f" that {only}" if only else ""
    return f"It is the only model{that}: {figures(made.taken, made.on)}."


def _among(found: Decision) -> str:
    """ "the 5 models" or "the 3 models that meet the limits"."""
    text = f"the {counted(len(considered(found)), 'model')}"
    if found.excluded:
        return f"{text} that meet the limits"
    out = len(found.admissible) > len(considered(found))
    return f"{text} that are shown to be better than the most frequent class" if out else text


def _most_accurate(made: Choice, who: str) -> str:
    """ "Of the 5 models it is the most accurate on the 100 validation images (83.0%)"."""
    rows = made.on.counted(made.found.rows)
    best, which = made.best, score.is_highest(made.best)
    figure = score.written(best, "validation")
    if _as_good(made):
        by = f"good as any by {score.name_of(best)}" if best.ordered_by else "accurate as any"
        which = f"is as {by}"
    return f"Of {_among(made.found)} {who} {which} on the {rows} ({figure})"


def _as_good(made: Choice) -> list[str]:
    """Others of the same figure as the best."""
    names = [test.name for test in made.reason.tests]
    return [name for name in names if _figure(made.models[name]) == _figure(made.best)]


def _too_few(made: Choice) -> str:
    """The first by validation, where others are neither shown to be behind nor to be near it."""
    behind = made.tests(lambda test: test.behind)
    be = "is" if len(behind) == 1 else "are"
    surely = f" {_few(behind)} {be} surely behind it (significant)." if behind else ""
    return (
        f"{_most_accurate(made, 'it')}{_level_with(made)}. {_unknown(made)}{surely} So it stays "
        f"with the first by validation{_whatever(made.taken)}. {_settled(made)}"
    )


def _whatever(taken: Model) -> str:
    cost = _cost(taken)
    return f", whatever that costs: {cost}" if cost else "; its cost was not measured"


def _unknown(made: Choice) -> str:
    """Whom the rows do not tell it from."""
    names = made.reason.undecided
    them = "it is" if len(names) == 1 else "any of them is"
    return (
        f"But these are too few for a significant difference from {_few(names)}, and too few to "
        f"show that {them} within {made.margin} of it."
    )


def _level_with(made: Choice) -> str:
    same = _as_good(made)
    twins = [n for n in same if made.models[n].is_level_with(made.taken)]
    others = [n for n in same if n not in twins]
    text = f", as good as {_few(others)} but with the lower log loss" if others else ""
    return text + (f", with the same figures as {_few(twins)}" if twins else "")


def _settled(made: Choice) -> str:
    """What would tell those apart that the rows do not."""
    rows = made.reason.rows_to_decide
    if rows is None:
        said = f"No number of {made.on.noun}s that could be had would settle it."
    else:
        said = f"About {roughly(rows)} {made.on.noun}s would settle it, if what these show is true."
    if not made.on.can_fold:
        return said
    return (
        f"{said} Without new images, `validation = {{ folds = 5 }}` chooses by every training "
        "image."
    )


def _best(made: Choice) -> str:
    """The most accurate one, significantly better than all others or the cheapest near it."""
    start, cost = _most_accurate(made, "it"), _at_cost(made.taken)
    near = made.tests(lambda test: not test.behind)
    if not near:
        others = len(considered(made.found)) - 1
        rest = "the other one" if others == 1 else f"each of the other {others}"
        return f"{start}; the difference from {rest} is significant{cost}."
    verb = "is" if len(near) == 1 else "are"
    start = f"{start}. {_few(near)} {verb} {_near(made)}"
    if made.taken.latency is None and made.taken.size is None:
        return f"{start}; costs were not measured."
    if made.reason.decided_by in (None, "ranking"):
        costs = "costs" if len(near) == 1 else "none of them costs"
        less = "no less by enough to count" if len(near) == 1 else "less by enough to count"
        return f"{start}, and {'it ' * (len(near) == 1)}{costs} {less}{cost}."
    return f"{start}, but it is {_criterion(made)} of {_these(made)}{cost}."


def _near(made: Choice) -> str:
    """How near those are that are not significantly behind."""
    if made.tests(lambda test: not (test.behind or test.within)):
        return f"not significantly behind it, and it is shown to be within {made.margin} of them"
    return f"shown to be less than {made.margin} behind it"


def _cheaper(made: Choice) -> str:
    """A cheaper one that is shown to be near the most accurate."""
    model, best = made.taken, made.best
    return (
        f"{_most_accurate(made, best.name)}. {model.name} ({score.written(model, 'validation')}, a "
        f"difference of {_gap(made)}) is shown to be less than {made.margin} behind it, and is "
        f"{_criterion(made)} of {_these(made)}: {_cost(model)} instead of {_cost(best)}."
    )


def _these(made: Choice) -> str:
    """The most accurate one and those that are shown to be near it."""
    count = len(made.found.level_with or ())
    return "the two" if count == 2 else f"the {count} of which that is known"


def _few(names: list[str]) -> str:
    """Some names, or how many there are."""
    return listed(names) if len(names) <= MOST_NAMED else f"{len(names)} others"


def _gap(made: Choice) -> str:
    """What the best is ahead by, in points: "0.4 points (−0.1 to +0.9)"."""
    against, best, taken = made.reason.against, made.best, made.taken
    if against is None:
        return NOTHING
    first_seeds = taken.ordered_by is None and taken.over_seeds("validation", "accuracy")
    gap = score.gap(best, taken, "validation")
    if first_seeds or not score.is_share(taken):
        gap = score.amount(taken, against.difference)
    interval = score.amount_range(taken, against.interval)
    return f"{gap} ({interval}{'; first seeds' if first_seeds else ''})"


def _criterion(made: Choice) -> str:
    decided = made.reason.decided_by or "ranking"
    first = "size" if made.settings.prefer == "size" else "latency"
    level = _LEVEL_COST.get((first, decided))
    return _BY[decided] + (f" ({level})" if level else "")


def _preferred(made: Choice) -> str:
    """The cheapest, as the study prefers, and what that costs in accuracy."""
    wish = "a small model" if made.settings.prefer == "size" else "a short time for one image"
    text = (
        f"The study prefers {wish}; of {_among(made.found)} it is {_criterion(made)}: "
        f"{_cost(made.taken)}."
    )
    if made.taken is made.best:
        also = score.is_highest(made.taken).replace(" ", " also ", 1)
        text += f" It {also}, {_share(made.taken, made.on)}."
    else:
        behind = score.gap(made.best, made.taken, "validation")[1:]
        if made.taken.ordered_by:
            text += f" It has {_share(made.taken, made.on)}, {behind} behind {made.best.name}."
        else:
            text += f" It is {_share(made.taken, made.on)}, {behind} fewer than {made.best.name}."
    return f"{text}{_among_equals(made)}"


def _among_equals(made: Choice) -> str:
    """What the rows bear of the choice among those that cost as much."""
    equals = [test.name for test in made.reason.equals]
    if not equals:
        return ""
    cost = "costs" if len(equals) == 1 else "cost"
    text = f" {_few(equals)} {cost} as much; of these it is the first by validation."
    return f"{text} {_unknown(made)} {_settled(made)}" if made.reason.undecided else text


def _figure(model: Model) -> float:
    return score.value(model, "validation")


def _share(model: Model, on: ChosenOn) -> str:
    figure = score.written(model, "validation")
    if model.ordered_by is None:
        return f"right on {figure} of the {on.images}"
    return f"{score.a_score(model)} of {figure} on the {on.images}"


def _cost(model: Model) -> str:
    """ "0.31 ms for one image and 0.37 MB"; empty where neither was measured."""
    parts = []
    if model.latency is not None:
        parts.append(f"{milliseconds(model.latency)} for one image")
    if model.size is not None:
        parts.append(file_size(model.size))
    return listed(parts)


def _at_cost(model: Model) -> str:
    """What it costs, at the end of a sentence."""
    cost = _cost(model)
    return f": {cost}" if cost else "; its cost was not measured"


def figures(model: Model, on: ChosenOn) -> str:
    figure, cost = score.written(model, "validation"), _cost(model) or "its cost not measured"
    if model.ordered_by is None:
        return f"{figure} of the {on.images} right, {cost}"
    return f"{score.name_of(model)} {figure} on the {on.images}, {cost}"
