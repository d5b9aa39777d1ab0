"""The recommendation in words, all of it from the key `decision` and the models' own figures."""

from collections.abc import Mapping
from typing import Any

from vestry.report.models import Model
from vestry.report.numbers import (
    counted,
    file_size,
    listed,
    milliseconds,
    per_cent,
    points,
    with_interval,
)
from vestry.report.sentences.costs import latency, size, validation
from vestry.report.sentences.limits import loosened, misses, test_miss

MOST_NAMED = 3
Decision = dict[str, Any]
Models = Mapping[str, Model]
BY = {
    "latency": "the quickest",
    "bytes": "the smallest",
    "parameters": "the one with the fewest parameters",
    "ranking": "the first by validation",
}
LEVEL_COST = {
    ("latency", "bytes"): "times are level",
    ("size", "latency"): "sizes are level",
    ("latency", "parameters"): "times and sizes are level",
    ("size", "parameters"): "sizes and times are level",
    ("latency", "ranking"): "costs are level",
    ("size", "ranking"): "costs are level",
}
"""What came before the criterion that decided, where time counts first or size."""


def headline(found: Decision) -> str:
    if found["recommended"] is None:
        return "No model meets the limits of this study"
    return f"Take {found['recommended']}"


def why(found: Decision, models: Models) -> str:
    """Why this one, among which, and at what difference in accuracy."""
    ready = len(found["admissible"])
    if ready == 1:
        only = "meets the limits" if found["excluded"] else "there is"
        return f"It is the only model that {only}: {figures(models[found['recommended']])}."
    if found["settings"]["prefer"] != "accuracy":
        return preferred(found, models)
    if found["recommended"] != found["reason"]["best"]:
        return tied(found, models)
    return best(found, models)


def among(found: Decision) -> str:
    """ "the 5 models" or "the 3 models that meet the limits"."""
    text = f"the {counted(len(found['admissible']), 'model')}"
    return f"{text} that meet the limits" if found["excluded"] else text


def best(found: Decision, models: Models) -> str:
    """The most accurate one, alone or among models that cannot be told from it."""
    model = models[found["recommended"]]
    rows = counted(found["rows"], "validation image")
    start = (
        f"Of {among(found)} it is the most accurate on the {rows} ({per_cent(validation(model))})"
    )
    level = len(found["tied"])
    if level == 1:
        others = len(found["admissible"]) - 1
        rest = "the other one" if others == 1 else f"each of the other {others}"
        return f"{start}, and these tell it from {rest}: {cost(model)}."
    if latency(model) is None and size(model) is None:
        return f"{start}. These cannot tell {level_with(found)} from it; costs were not measured."
    if found["reason"]["decided_by"] == "ranking":
        return (
            f"{start}. These cannot tell {level_with(found)} from it, but that would cost as much "
            f"(within {per_cent(found['tolerance'], 0)}): {cost(model)}."
        )
    return (
        f"{start}. These cannot tell {level_with(found)} from it, but it is {criterion(found)} of "
        f"the {'two' if level == 2 else level}: {cost(model)}."
    )


def level_with(found: Decision) -> str:
    """Who cannot be told from the most accurate one."""
    others = [name for name in found["tied"] if name != found["reason"]["best"]]
    return listed(others) if len(others) <= MOST_NAMED else f"{len(others)} others"


def tied(found: Decision, models: Models) -> str:
    """A cheaper one that validation cannot tell from the most accurate."""
    model, first = models[found["recommended"]], models[found["reason"]["best"]]
    level = len(found["tied"])
    rows = counted(found["rows"], "validation image")
    first_seeds = bool(model.over_seeds("validation", "accuracy"))
    gap = gap_words(found["reason"]["against"], "; first seeds" if first_seeds else "")
    return (
        f"Of {among(found)} {first.name} is the most accurate on the {rows} "
        f"({per_cent(validation(first))}), but these cannot tell {level_with(found)} from it. "
        f"{model.name} ({per_cent(validation(model))}, a difference of {gap}) is "
        f"{criterion(found)} of the {'two' if level == 2 else level}: {cost(model)} instead of "
        f"{cost(first)}."
    )


def gap_words(difference: Decision, more: str = "") -> str:
    """The size of a difference in points with its interval: "0.4 points (−0.1 to +0.9)"."""
    low, high = difference["interval"]
    return f"{points(difference['difference'])} points ({points(low)} to {points(high)}{more})"


def criterion(found: Decision) -> str:
    decided = found["reason"]["decided_by"]
    first = "size" if found["settings"]["prefer"] == "size" else "latency"
    level = LEVEL_COST.get((first, decided))
    return BY[decided] + (f" ({level} within {per_cent(found['tolerance'], 0)})" if level else "")


def preferred(found: Decision, models: Models) -> str:
    """The cheapest, as the study prefers, and what that costs in accuracy."""
    model, first = models[found["recommended"]], models[found["reason"]["best"]]
    prefer = found["settings"]["prefer"]
    wish = {"latency": "a short time for one image", "size": "a small model"}[prefer]
    text = f"The study prefers {wish}; of {among(found)} it is {criterion(found)}: {cost(model)}."
    if model is first:
        return f"{text} It is also the most accurate, right on {share(model)}."
    behind = points(validation(first) - validation(model)).lstrip("+")
    return f"{text} It is right on {share(model)}, {behind} points fewer than {first.name}."


def share(model: Model) -> str:
    return f"{per_cent(validation(model))} of the validation images"


def cost(model: Model) -> str:
    """ "0.31 ms for one image and 0.37 MB"."""
    parts = []
    if (ms := latency(model)) is not None:
        parts.append(f"{milliseconds(ms)} for one image")
    if (count := size(model)) is not None:
        parts.append(file_size(count))
    return listed(parts) or "its cost was not measured"


def figures(model: Model) -> str:
    return f"{share(model)} right, {cost(model)}"


def binding(found: Decision) -> str | None:
    """What keeps the one out that would be taken otherwise."""
    kept_out = found["binding"]
    if kept_out is None:
        return None
    return f"Without limits it would be {kept_out['name']}, which {misses(kept_out['limits'])}."


def runner_up(found: Decision, models: Models) -> str | None:
    name = found["runner_up"]
    return f"Runner-up by the same rule: {name}, {figures(models[name])}." if name else None


def on_test(found: Decision) -> str | None:
    """What the test images say afterwards, limits on accuracy and the one given up among it."""
    test = found["test"]
    if test is None:
        return None
    text = (
        f"On the test images, which had no say in this, it is right on "
        f"{with_interval(test['accuracy'], *test['interval'])}"
    )
    missed = [limit for limit in test["limits"] if not limit["met"]]
    if missed:
        told = listed([test_miss(limit) for limit in missed])
        return f"{text}; there it misses a limit that it meets on validation: {told}."
    kept = " and meets the limits on accuracy there as well" if test["limits"] else ""
    return f"{text}{kept}.{given_up(found)}"


def given_up(found: Decision) -> str:
    """How the most accurate one by validation does on the test images, beside the one taken."""
    less = found["test"]["best_less_taken"]
    if less is None:
        return ""
    low, high = less["interval"]
    gap = f"{points(less['value'])} points ({points(low)} to {points(high)})"
    text = f" {found['reason']['best']} less {found['recommended']} is {gap} there"
    if low > 0:
        return f"{text}: the test images do tell them apart, so the lower cost has this price."
    if high < 0:
        return f"{text}: on the test images the cheaper one is the better one."
    return f"{text}."


def changes(found: Decision, models: Models) -> list[str]:
    """What another wish would lead to."""
    return [change(each, models) for each in found["changes"]]


def change(each: Decision, models: Models) -> str:
    model = models[each["name"]]
    if each["kind"] == "outright":
        return f"Accuracy whatever it costs: {model.name} ({figures(model)})."
    if each["kind"] == "prefer":
        wish = {
            "accuracy": "Accuracy first",
            "latency": "A short time for one image first",
            "size": "A small model first",
        }
        return f"{wish[each['prefer']]}: {model.name} ({figures(model)})."
    return f"{loosened(each)}: {model.name} ({figures(model)})."


def nearest(found: Decision) -> str | None:
    """What comes nearest where nothing meets the limits."""
    near = found["nearest"]
    if near is None:
        return None
    return f"{near['name']} comes nearest: it {misses(near['limits'])}."


def excluded(found: Decision) -> list[str]:
    """Every model that a limit keeps out, and why."""
    return [f"{row['name']} {misses(row['limits'])}." for row in found["excluded"]]


def rule(found: Decision) -> str:
    """How the choice is made."""
    first = {
        "accuracy": "Of the models that meet the limits, those count as level with the most "
        "accurate that McNemar's test on the validation images cannot tell from it (level "
        f"{per_cent(found['level'], 0)}, Holm over all of them); the cheapest of these is taken.",
        "latency": "Of the models that meet the limits the quickest is taken.",
        "size": "Of the models that meet the limits the smallest is taken.",
    }
    return (
        f"{first[found['settings']['prefer']]} Costs within {per_cent(found['tolerance'], 0)} of "
        "the least count as equal, and the next one decides: time for one image, size, parameters "
        "(size first where the study prefers it). Not to be told apart is not the same as equal. "
        "Times are measured on this machine; they differ a little from run to run, and a choice "
        "that hangs on them may, too."
    )
