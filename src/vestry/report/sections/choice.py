"""Why this model, among which, and at what difference in accuracy: the choice in words."""

from collections.abc import Mapping
from typing import Any

from vestry.report.formatting import counted, file_size, listed, milliseconds, per_cent, points
from vestry.report.models import Model
from vestry.report.sections.costs import latency, size, validation
from vestry.report.sections.standing import margin_words

_MOST_NAMED = 3
Decision = dict[str, Any]
Models = Mapping[str, Model]
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


def why(found: Decision, models: Models) -> str:
    """Why this one, among which, and at what difference in accuracy."""
    if len(considered(found)) == 1:
        return _the_only_one(found, models)
    if found["settings"]["prefer"] != "accuracy":
        return _preferred(found, models)
    if found["evidence"] == "too_few":
        return _too_few(found, models)
    if found["recommended"] != found["reason"]["best"]:
        return _cheaper(found, models)
    return best(found, models)


def considered(found: Decision) -> list[str]:
    """Names that meet the limits and are shown to be better than the most frequent class."""
    out = found["majority"]["not_above"]
    return [name for name in found["admissible"] if name not in out]


def _the_only_one(found: Decision, models: Models) -> str:
    conditions = [
        "meets the limits" if found["excluded"] else "",
        "is shown to be better than always answering the most frequent class"
        if len(found["admissible"]) > 1
        else "",
    ]
    only = " and ".join(text for text in conditions if text) or "there is"
    return f"It is the only model that {only}: {figures(models[found['recommended']])}."


def _among(found: Decision) -> str:
    """ "the 5 models" or "the 3 models that meet the limits"."""
    text = f"the {counted(len(considered(found)), 'model')}"
    if found["excluded"]:
        return f"{text} that meet the limits"
    out = len(found["admissible"]) > len(considered(found))
    return f"{text} that are shown to be better than the most frequent class" if out else text


def _most_accurate(found: Decision, models: Models, who: str) -> str:
    """ "Of the 5 models it is the most accurate on the 100 validation images (83.0%)"."""
    model = models[found["reason"]["best"]]
    rows = counted(found["rows"], "validation image")
    figure = per_cent(validation(model))
    return f"Of {_among(found)} {who} is the most accurate on the {rows} ({figure})"


def _too_few(found: Decision, models: Models) -> str:
    """The first by validation, where others are neither told from it nor shown to be near it."""
    tests = found["reason"]["tests"]
    unknown = [t["name"] for t in tests if not (t["behind"] or t["within"])]
    model, margin = models[found["recommended"]], margin_words(found["settings"]["within"])
    first = validation(model)
    same = [name for name in unknown if validation(models[name]) == first]
    level = f", level with {_few(same)}, by the lower log loss" if same else ""
    them = "it is" if len(unknown) == 1 else "any of them is"
    return (
        f"{_most_accurate(found, models, 'it')}{level}. But these are too few to tell "
        f"{_few(unknown)} from it, and too few to show that {them} within {margin} of it; so it "
        f"stays with the first by validation, whatever that costs: {_cost(model)}."
    )


def best(found: Decision, models: Models) -> str:
    """The most accurate one, told from all others or the cheapest of those near it."""
    start, model = _most_accurate(found, models, "it"), models[found["recommended"]]
    near = [name for name in found["level_with"] if name != model.name]
    if not near:
        others = len(considered(found)) - 1
        rest = "the other one" if others == 1 else f"each of the other {others}"
        return f"{start}, and these tell it from {rest}: {_cost(model)}."
    start = f"{start}. {_shown_near(near, found)}"
    if latency(model) is None and size(model) is None:
        return f"{start}; costs were not measured."
    if found["reason"]["decided_by"] == "ranking":
        return f"{start}, but would cost as much (within {_tolerance(found)}): {_cost(model)}."
    return f"{start}, but it is {_criterion(found)} of {_these(found)}: {_cost(model)}."


def _cheaper(found: Decision, models: Models) -> str:
    """A cheaper one that is shown to be near the most accurate."""
    model, first = models[found["recommended"]], models[found["reason"]["best"]]
    first_seeds = bool(model.over_seeds("validation", "accuracy"))
    gap = _gap_words(found["reason"]["against"], "; first seeds" if first_seeds else "")
    return (
        f"{_most_accurate(found, models, first.name)}. {model.name} "
        f"({per_cent(validation(model))}, a difference of {gap}) is shown to be less than "
        f"{margin_words(found['settings']['within'])} behind it, and is {_criterion(found)} of "
        f"{_these(found)}: {_cost(model)} instead of {_cost(first)}."
    )


def _shown_near(names: list[str], found: Decision) -> str:
    verb = "is" if len(names) == 1 else "are"
    return (
        f"{_few(names)} {verb} shown to be less than {margin_words(found['settings']['within'])} "
        "behind it"
    )


def _these(found: Decision) -> str:
    """The most accurate one and those that are shown to be near it."""
    count = len(found["level_with"])
    return "the two" if count == 2 else f"the {count} of which that is known"


def _few(names: list[str]) -> str:
    """Some names, or how many there are."""
    return listed(names) if len(names) <= _MOST_NAMED else f"{len(names)} others"


def _tolerance(found: Decision) -> str:
    return per_cent(found["tolerance"], 0)


def _gap_words(difference: Decision, more: str = "") -> str:
    """The size of a difference in points with its interval: "0.4 points (−0.1 to +0.9)"."""
    low, high = difference["interval"]
    return f"{points(difference['difference'])} points ({points(low)} to {points(high)}{more})"


def _criterion(found: Decision) -> str:
    decided = found["reason"]["decided_by"]
    first = "size" if found["settings"]["prefer"] == "size" else "latency"
    level = _LEVEL_COST.get((first, decided))
    return _BY[decided] + (f" ({level} within {per_cent(found['tolerance'], 0)})" if level else "")


def _preferred(found: Decision, models: Models) -> str:
    """The cheapest, as the study prefers, and what that costs in accuracy."""
    model, first = models[found["recommended"]], models[found["reason"]["best"]]
    prefer = found["settings"]["prefer"]
    wish = {"latency": "a short time for one image", "size": "a small model"}[prefer]
    text = (
        f"The study prefers {wish}; of {_among(found)} it is {_criterion(found)}: {_cost(model)}."
    )
    if model is first:
        return f"{text} It is also the most accurate, right on {_share(model)}."
    behind = points(validation(first) - validation(model)).lstrip("+")
    return f"{text} It is right on {_share(model)}, {behind} points fewer than {first.name}."


def _share(model: Model) -> str:
    return f"{per_cent(validation(model))} of the validation images"


def _cost(model: Model) -> str:
    """ "0.31 ms for one image and 0.37 MB"."""
    parts = []
    if (ms := latency(model)) is not None:
        parts.append(f"{milliseconds(ms)} for one image")
    if (count := size(model)) is not None:
        parts.append(file_size(count))
    return listed(parts) or "its cost was not measured"


def figures(model: Model) -> str:
    return f"{_share(model)} right, {_cost(model)}"
