"""The recommendation's data: which model to take, why, and what would change that.

All of its words follow from the key `decision` and the models' own figures.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from vestry.evaluation.decision_settings import DecisionSettings
from vestry.report.formatting import (
    listed,
    per_cent,
    whole,
    with_interval,
)
from vestry.report.models import (
    ChosenOn,
    Model,
    chosen_on,
    models_by_rank,
    tables_alone,
)
from vestry.report.section import Section
from vestry.report.sections import limits
from vestry.report.sections import score_figures as score
from vestry.report.sections.by_score import by_guessing, is_accuracy, orders_by
from vestry.report.sections.choice import MOST_NAMED, choice, considered, figures, why
from vestry.report.sections.ensemble_gain_words import another_name
from vestry.report.sections.leaks import leaked_rows
from vestry.report.sections.limits import loosened, misses, test_miss
from vestry.schema.decision import Change, OnTest
from vestry.schema.decision import Decision as Found
from vestry.schema.models import Committee
from vestry.schema.results import Results


def headline_of(results: Results) -> str | None:
    """The headline of a run; None where it has no decision."""
    return f"{results.decision.headline}." if results.decision else None


def _held(found: Found) -> str | None:
    """How surely the one that was taken meets the limits."""
    own = next((each for each in found.held if each.name == found.recommended), None)
    return limits.met(own.limits) if own else None


def _binding(found: Found) -> str | None:
    """What keeps the one out that would be taken otherwise."""
    kept_out = found.binding
    if kept_out is None:
        return None
    return f"Without limits it would be {kept_out.name}, which {misses(kept_out.limits)}."


def _runner_up(found: Found, models: Mapping[str, Model], on: ChosenOn) -> str | None:
    name = found.runner_up
    return f"Runner-up by the same rule: {name}, {figures(models[name], on)}." if name else None


def _on_test(found: Found, models: Mapping[str, Model], results: Results) -> str | None:
    """What the test images say afterwards, limits on accuracy and the one given up among it."""
    test, leak = found.test, leaked_rows(results)
    if test is None or found.recommended is None:
        return None
    taken = models[found.recommended]
    if results.nested:
        return _in_nested_folds(test, taken, results)
    figure = score.it_is(taken)
    if taken.ordered_by is None:
        figure = f"it is right on {with_interval(test.accuracy, *test.interval)}"
    text = f"On the test images{leak}, which had no say in this, {figure}"
    missed = [limit for limit in test.limits if not limit.met]
    meets = "and" if taken.ordered_by is None else "and it"
    kept = f" {meets} meets the limits on accuracy there as well" if test.limits else ""
    if missed:
        told = listed([test_miss(limit) for limit in missed])
        kept = f"; there it misses a limit that it meets on validation: {told}"
    return f"{text}{kept}.{_given_up(found, test, taken)}{_ahead(found, test)}"


def _in_nested_folds(test: OnTest, taken: Model, results: Results) -> str:
    """The same where folds test the images that models were chosen by: they confirm nothing."""
    nested = results.what_choosing_gives
    same = nested.same_images if nested else "these are the same images that limits were held to"
    missed = [test_miss(limit) for limit in test.limits if not limit.met]
    misses_one = f" So counted, it misses a limit that it meets on validation: {listed(missed)}."
    return (
        f"Each image answered by a model that had not seen it, {score.it_is(taken)}: {same}."
        f"{misses_one if missed else ''}"
    )


def _ahead(found: Found, test: OnTest) -> str:
    """Where the test images disagree: who is ahead of the one that was taken."""
    given_up = found.reason.best if found.reason else None
    names = [name for name in test.ahead if name != given_up]
    if not names:
        return ""
    are = "is" if len(names) == 1 else "are"
    return (
        f" There {listed(names)} {are} significantly ahead of it; the recommendation stays, since "
        "figures of a model that was picked by them are too good (selection bias)."
    )


def _given_up(found: Found, test: OnTest, taken: Model) -> str:
    """How the first by validation does on the test images, beside the one taken."""
    less = test.best_less_taken or test.best_less_taken_by_score
    if less is None or found.reason is None:
        return ""
    gap = f"{score.amount(taken, less.value)} ({score.amount_range(taken, less.interval)})"
    low, high = less.interval
    if taken.ordered_by and taken.ordered_by.better == "lower":
        low, high = -high, -low
    text = f" {found.reason.best} less {found.recommended} is {gap} there"
    if low > 0:
        return f"{text}: the interval does not hold 0, so the lower cost has this price."
    if high < 0:
        return f"{text}: on the test images the cheaper one is the better one."
    return f"{text}."


def _change(each: Change, models: Mapping[str, Model], on: ChosenOn) -> str:
    """What another wish would lead to."""
    label = models[each.name].ordered_by
    first = label.label if label else "Accuracy"
    wishes = {
        "accuracy": f"{first} first",
        "latency": "A short time for one image first",
        "size": "A small model first",
    }
    wish = f"{first} whatever it costs"
    if each.prefer is not None:
        wish = wishes[each.prefer]
    elif each.limit is not None and each.asked is not None and each.found is not None:
        wish = loosened(each.limit, each.asked, each.found)
    return f"{wish}: {each.name} ({figures(models[each.name], on)})."


def cannot_be_exported(taken: Model, results: Results) -> str | None:
    """That its model, or a member's, is not at hand; None where it is, and of tables alone."""
    names = taken.entry.asked if isinstance(taken.entry, Committee) else [taken.name]
    lacking = [
        name for name in names if name in results.members if not results.members[name].stored
    ]
    if tables_alone(results) or not lacking:
        return None
    models = "the model" if len(lacking) == 1 else "the models"
    are = "is" if len(lacking) == 1 else "are"
    return f"It cannot be exported: {models} of {listed(lacking)} {are} not stored."


def _nearest(found: Found) -> str | None:
    """What comes nearest where nothing meets the limits."""
    near = found.nearest
    return f"{near.name} comes nearest: it {misses(near.limits)}." if near else None


def _majority(found: Found, results: Results) -> str | None:
    """Who stays out because it is not shown to be better than the most frequent class."""
    usual, ready = found.majority, considered(found)
    out = [name for name in found.admissible if name not in ready]
    if not out:
        return None
    by = "right more often" if is_accuracy(results) else f"better by {orders_by(results)}"
    start = (
        f"Always answering \u201c{usual.class_}\u201d, the most frequent class"
        f"{'' if tables_alone(results) else ' of the training images'}, "
        f"{by_guessing(results, usual.accuracy)} the {chosen_on(results).counted(found.rows)}."
    )
    if not ready:
        kept = "that meets the limits " if found.excluded else ""
        return f"{start} On these no model {kept}is shown to be {by}."
    who = listed(out) if len(out) <= MOST_NAMED else f"{len(out)} models"
    verb = "is" if len(out) == 1 else "are"
    return f"{start} {who} {verb} not shown to be {by} and cannot be recommended."


def _renamed(results: Results) -> list[str]:
    """Committees that are a model under another name, which nobody is asked to choose."""
    one = {name: entry.only_member for name, entry in results.committees.items()}
    return [another_name(name, only) for name, only in one.items() if only]


def _rule(found: Found, settings: DecisionSettings, results: Results, one: Model) -> str:
    """How the choice is made. one: any model, ordered as all are."""
    tested = f"level {per_cent(found.level, 0)}, Holm over all of them"
    exact, of_score = ("exact ", "") if one.ordered_by is None else ("", f"{_OF_SCORE}, ")
    first = {
        "accuracy": "the cheapest is taken of those that are shown to be less than "
        f"{score.margin_words(settings.within, one)} behind {score.highest(one)}: by a one-sided "
        f"{exact}test on the same {chosen_on(results).images} ({of_score}{tested}). Where none is, "
        f"{score.highest(one)} itself is taken.",
        "latency": "the quickest is taken.",
        "size": "the smallest is taken.",
    }
    return (
        "Of the models that meet the limits and are shown to be better than always answering the "
        f"most frequent class ({exact}test, one-sided, {of_score}{tested}), "
        f"{first[settings.prefer]} A model "
        f"is cheaper than another only where that costs at least {found.cheaper_times:g} times as "
        f"much, and {_floors(found)} more; else the next cost decides (time for one image, size, "
        "parameters; size first where the study prefers it), and in the end the order by "
        "validation. No significant difference is not the same as equal. "
        f"{_GIVEN if tables_alone(results) else _TIMED} A limit is met surely where the whole 95% "
        "interval meets it (of a time, the slowest hundredth), and probably where the figure alone "
        "does, which is enough."
    )


_OF_SCORE = "Student\u2019s t with the variance of redrawn images and of seeds"
_TIMED = (
    "Times are measured on this machine; they differ a little from run to run, and a choice that "
    "hangs on them may, too."
)
_GIVEN = "Costs are taken as they are given; where none is given, none decides."


def _floors(found: Found) -> str:
    """ "1 ms, 1 MB or 250,000 parameters"."""
    floor = found.cost_floor
    ms, mb = f"{floor['latency']:g} ms", f"{floor['bytes'] / 1e6:g} MB"
    return f"{ms}, {mb} or {whole(floor['parameters'])} parameters"


@dataclass(frozen=True)
class Decision:
    """why: what stands below the headline. more: what a click shows. changes, excluded: one
    sentence a wish, one a model. not_stored: why it cannot be exported."""

    headline: str
    why: list[str]
    runner_up: str | None
    changes: list[str]
    excluded: list[str]
    more: list[str]
    taken: str | None
    not_stored: str | None
    can_be_used: bool


def decision_data(results: Results) -> Decision | None:
    """None for results without measured costs."""
    found = results.decision
    models = {model.name: model for model in models_by_rank(results)}
    if not found or not models:
        return None
    settings = DecisionSettings.model_validate(found.settings)
    on = chosen_on(results)
    asked, rule = (
        limits.asked(settings),
        _rule(found, settings, results, next(iter(models.values()))),
    )
    made, tested = choice(found, models, on), _on_test(found, models, results)
    below = (
        [
            why(made),
            _majority(found, results),
            *_renamed(results),
            _held(found),
            _binding(found),
            tested,
        ]
        if made
        else []
    )
    not_stored = cannot_be_exported(made.taken, results) if made else None
    nothing = [] if made else [_majority(found, results), asked, _nearest(found)]
    return Decision(
        headline=found.headline,
        why=[text for text in (*below, *nothing) if text],
        runner_up=_runner_up(found, models, on),
        changes=[_change(each, models, on) for each in found.changes],
        excluded=[f"{row.name} {misses(row.limits)}." for row in found.excluded],
        more=[text for text in (asked if made else None, rule) if text],
        taken=found.recommended,
        not_stored=not_stored,
        can_be_used=made is not None and not not_stored and not tables_alone(results),
    )


SECTION = Section(
    key="decision",
    data=decision_data,
)
