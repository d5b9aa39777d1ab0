"""The members in the study's order: what each changed against the first."""

from dataclasses import dataclass

from vestry.evaluation.difference import sign
from vestry.report.formatting import (
    between,
    duration,
    listed,
    points,
    points_range,
    with_deviation,
    with_interval,
)
from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.points import (
    DrawnStrip,
    Strip,
    axis_ticks,
    deviation,
    draw_strip,
    interval,
    strip_axis,
)
from vestry.report.section import Section
from vestry.report.sections import differences
from vestry.schema.ablations import ComparedPair, Side, Step
from vestry.schema.results import Results
from vestry.schema.significance import Difference

# Changes against a study's first member, in words.


def _change_words(found: Difference) -> str:
    """ "+1.2 points (+0.3 to +2.1, over the same 900 test images and 3 seeds of each)"."""
    low, high = found.interval
    return (
        f"{points(between(*found.figures))} points ({points_range(low, high)}, "
        f"{differences.basis(found)})"
    )


def _step_sentences(changes: list[Step]) -> list[str]:
    """Who is better than the first, who is worse, and who shows no significant difference."""
    first = changes[0].against
    better, worse, neither = (
        [c.name for c in changes if sign(c.difference) == way] for way in (1, -1, 0)
    )
    parts = [
        f"{listed(names)} {'is' if len(names) == 1 else 'are'} {what}"
        for names, what in (
            (better, "significantly better"),
            (worse, "significantly worse"),
            (neither, "not significantly different from it"),
        )
        if names
    ]
    return [
        f"Against {first}, the first of the study, {'; '.join(parts)}.",
        "Points are differences of test accuracy with 95% intervals, each on its own; the words go "
        f"by {len(changes)} tests adjusted together (Holm), so that an interval may leave out 0 "
        "where no significant difference is shown."
        if len(changes) > 1
        else "Points are differences of test accuracy with their 95% interval.",
    ]


_FEWEST = 3


@dataclass(frozen=True)
class Steps:
    """Strips share the scale of `ticks`, (place, text)."""

    sentences: list[str]
    strips: list[DrawnStrip]
    ticks: list[tuple[float, str]]


def steps_data(results: Results) -> Steps | None:
    """None for fewer than three members: a ranking of two says the same."""
    members = [model for model in models_in_study_order(results) if not model.is_committee]
    changes = {row.name: row for row in results.steps}
    if len(members) < _FEWEST or not changes:
        return None
    strips = [_strip(member, changes.get(member.name)) for member in members]
    axis = strip_axis(strips)
    return Steps(
        sentences=_step_sentences(results.steps),
        strips=[draw_strip(each, axis) for each in strips],
        ticks=axis_ticks(axis),
    )


def _strip(member: Model, change: Step | None) -> Strip:
    spread = member.over_seeds("test", "accuracy")
    remark = _change_words(change.difference) if change else "the first of the study"
    if spread:
        return Strip(
            label=member.name,
            remark=remark,
            text=with_deviation(spread.mean, spread.deviation),
            value=spread.mean,
            spread=deviation(spread.mean, spread.deviation or 0.0),
            values=spread.values,
        )
    low, high = member.interval("test")
    return Strip(
        label=member.name,
        remark=remark,
        text=with_interval(member.accuracy("test"), low, high),
        value=member.accuracy("test"),
        spread=interval(low, high),
    )


# With and without, in words.


def sentence(pair: ComparedPair) -> str:
    """What the change does to the accuracy, or why that cannot be said."""
    if pair.without is None or pair.with_ is None or pair.difference is None:
        return f"Cannot be compared: {listed(pair.missing)} failed."
    found, with_, without = pair.difference, pair.with_.name, pair.without.name
    return (
        f"With {pair.what} {differences.two_figures(found, with_, without)}: the first is "
        f"{differences.size(found)} ({differences.interval(found)}). "
        f"{differences.verdict(found)}{differences.fitted_once(found, with_, without)}"
        f"{_cost(pair.with_.fit_seconds, pair.without.fit_seconds)}"
    )


def _cost(with_: float, without: float) -> str:
    """How fit times compare, where the slower took at least a tenth longer."""
    if not with_ or not without or max(with_, without) < 1.1 * min(with_, without):
        return ""
    return f" It took {duration(with_)} to fit with it, {duration(without)} without."


def summary(pairs: list[ComparedPair]) -> str | None:
    """Which changes helped, which hurt, and which cannot be told, where there are several."""
    signs = [(pair.what, sign(pair.difference)) for pair in pairs if pair.difference]
    if len(signs) < 2:
        return None
    words = {
        1: "More accurate with it: {}.",
        -1: "Less accurate with it: {}.",
        0: "No significant difference: {}.",
    }
    kinds = {kind: [what for what, found in signs if found == kind] for kind in words}
    return " ".join(words[kind].format(listed(names)) for kind, names in kinds.items() if names)


# The with-and-without section's data.


@dataclass(frozen=True)
class Pair:
    """sides: without and with it, in that order; empty where one of them failed."""

    what: str
    sentence: str
    sides: list[tuple[str, Side]]


@dataclass(frozen=True)
class Pairs:
    summary: str | None
    rows: list[Pair]


def pairs_data(results: Results) -> Pairs:
    return Pairs(summary(results.pairs), [_pair(entry) for entry in results.pairs])


def _pair(entry: ComparedPair) -> Pair:
    sides = [("without", entry.without), ("with", entry.with_)]
    return Pair(entry.what, sentence(entry), [(kind, side) for kind, side in sides if side])


STEPS_SECTION = Section(
    key="steps",
    data=steps_data,
)


PAIRS_SECTION = Section(
    key="pairs",
    data=pairs_data,
    is_shown=lambda page: bool(page.rows),
    template="ablations.html.j2",
    title="With and without",
    anchor="pairs",
    chapter="learning",
)
