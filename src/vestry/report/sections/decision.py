"""The recommendation's data: which model to take, why, and what would change that."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import counted, listed, per_cent, points, with_interval
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.section import Section
from vestry.report.sections import choice, limits
from vestry.report.sections.choice import considered, figures
from vestry.report.sections.limits import loosened, misses, test_miss
from vestry.report.sections.standing import margin_words

# The recommendation in words, all of it from the key `decision` and the models' own figures.


_MOST_NAMED = 3
Facts = dict[str, Any]
Models = Mapping[str, Model]


def headline_of(results: Any) -> str | None:
    """The headline of a run; None where it has no decision."""
    found = results.get("decision")
    return f"{_headline(found)}." if found and "majority" in found else None


def _headline(found: Facts) -> str:
    name = found["recommended"]
    if name is None and found["admissible"]:
        usual = found["majority"]["class"]
        return f"No model is shown to be better than always answering \u201c{usual}\u201d"
    if name is None:
        return "No model meets the limits of this study"
    if found["evidence"] == "too_few":
        return f"Too few images to choose; ahead so far: {name}"
    return f"Take {name}"


def binding(found: Facts) -> str | None:
    """What keeps the one out that would be taken otherwise."""
    kept_out = found["binding"]
    if kept_out is None:
        return None
    return f"Without limits it would be {kept_out['name']}, which {misses(kept_out['limits'])}."


def runner_up(found: Facts, models: Models) -> str | None:
    name = found["runner_up"]
    return f"Runner-up by the same rule: {name}, {figures(models[name])}." if name else None


def _on_test(found: Facts) -> str | None:
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
    return f"{text}{kept}.{_given_up(found)}"


def _given_up(found: Facts) -> str:
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


def _changes(found: Facts, models: Models) -> list[str]:
    """What another wish would lead to."""
    return [_change(each, models) for each in found["changes"]]


def _change(each: Facts, models: Models) -> str:
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


def nearest(found: Facts) -> str | None:
    """What comes nearest where nothing meets the limits."""
    near = found["nearest"]
    if near is None:
        return None
    return f"{near['name']} comes nearest: it {misses(near['limits'])}."


def excluded(found: Facts) -> list[str]:
    """Every model that a limit keeps out, and why."""
    return [f"{row['name']} {misses(row['limits'])}." for row in found["excluded"]]


def majority(found: Facts) -> str | None:
    """Who stays out because it is not shown to be better than the most frequent class."""
    usual, ready = found["majority"], considered(found)
    out = [name for name in found["admissible"] if name not in ready]
    if not out:
        return None
    which = f"always answering \u201c{usual['class']}\u201d"
    start = (
        f"{which[0].upper()}{which[1:]}, the most frequent class of the training images, is right "
        f"on {per_cent(usual['accuracy'])} of the {counted(found['rows'], 'validation image')}."
    )
    if not ready:
        limits = "that meets the limits " if found["excluded"] else ""
        return f"{start} On these no model {limits}is shown to be right more often."
    who = listed(out) if len(out) <= _MOST_NAMED else f"{len(out)} models"
    verb = "is" if len(out) == 1 else "are"
    return f"{start} {who} {verb} not shown to be right more often and cannot be recommended."


def _rule(found: Facts) -> str:
    """How the choice is made."""
    level, margin = per_cent(found["level"], 0), margin_words(found["settings"]["within"])
    tested = f"level {level}, Holm over all of them"
    first = {
        "accuracy": f"the cheapest is taken of those that are shown to be less than {margin} "
        "behind the most accurate: by a one-sided exact test on the same validation images "
        f"({tested}). Where none is, the most accurate itself is taken.",
        "latency": "the quickest is taken.",
        "size": "the smallest is taken.",
    }
    return (
        "Of the models that meet the limits and are shown to be better than always answering the "
        f"most frequent class (exact test, one-sided, {tested}), "
        f"{first[found['settings']['prefer']]} Costs within {per_cent(found['tolerance'], 0)} of "
        "the least count as equal, and the next one decides: time for one image, size, parameters "
        "(size first where the study prefers it). Not to be told apart is not the same as equal. "
        "Times are measured on this machine; they differ a little from run to run, and a choice "
        "that hangs on them may, too."
    )


@dataclass(frozen=True)
class Decision:
    """why: what stands below the headline. more: what a click shows. changes, excluded: one
    sentence a wish, one a model."""

    headline: str
    why: list[str]
    runner_up: str | None
    changes: list[str]
    excluded: list[str]
    more: list[str]
    taken: str | None


def decision_data(results: Results) -> Decision | None:
    """None for results without measured costs, and of an older version, which chose otherwise."""
    found = results.get("decision")
    models = {model.name: model for model in models_by_rank(results)}
    if not found or "majority" not in found or not models:
        return None
    if found["recommended"] is None:
        asked, usual = limits.asked(found["settings"]), majority(found)
        why = [usual, asked, nearest(found)]
        more: list[str | None] = [_rule(found)]
    else:
        reason = choice.why(found, models)
        why = [
            reason,
            majority(found),
            binding(found),
            _on_test(found),
        ]
        more = [limits.asked(found["settings"]), _rule(found)]
    return Decision(
        headline=_headline(found),
        why=[text for text in why if text],
        runner_up=runner_up(found, models),
        changes=_changes(found, models),
        excluded=excluded(found),
        more=[text for text in more if text],
        taken=found["recommended"],
    )


SECTION = Section(
    key="decision",
    data=decision_data,
)
