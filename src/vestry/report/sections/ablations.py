"""The members in the study's order: what each changed against the first."""

from dataclasses import dataclass

from vestry.evaluation.difference import sign
from vestry.report.formatting import (
    between,
    decimal,
    duration,
    listed,
    per_cent,
    points,
    points_range,
    probability,
    whole,
    with_deviation,
    with_interval,
)
from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.figure import Figure
from vestry.report.plot.strips import Strip, deviation, interval, strip_axis, strip_figure
from vestry.report.section import Section
from vestry.report.sections import differences
from vestry.report.sections.difference_columns import difference_columns, difference_values
from vestry.report.table import Column, Table, Value, text_column
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
    """A strip a member, in the study's order."""

    sentences: list[str]
    strips: list[Strip]
    figure: Figure
    table: Table


def steps_data(results: Results) -> Steps | None:
    """None for fewer than three members: a ranking of two says the same."""
    members = [model for model in models_in_study_order(results) if not model.is_committee]
    changes = {row.name: row for row in results.steps}
    if len(members) < _FEWEST or not changes:
        return None
    strips = [_strip(member, changes.get(member.name)) for member in members]
    title = "Test accuracy in the study\u2019s order"
    return Steps(
        sentences=_step_sentences(results.steps),
        strips=strips,
        figure=strip_figure("steps", title, strips, strip_axis(strips)),
        table=_steps_table(results.steps),
    )


def _steps_table(changes: list[Step]) -> Table:
    columns = (
        text_column("model", "Model"),
        text_column("against", "Against"),
        *difference_columns("model", "first"),
        Column("p_holm", "Adjusted p", probability),
        Column("images", "Test images", whole),
    )
    rows = [
        (
            c.name,
            c.against,
            *difference_values(c.difference),
            c.difference.p_holm,
            c.difference.count,
        )
        for c in changes
    ]
    return Table(
        "step-changes", "Change against the study\u2019s first model", columns, tuple(rows)
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
    """table: None where no pair has both its sides."""

    summary: str | None
    rows: list[Pair]
    table: Table | None


def pairs_data(results: Results) -> Pairs:
    rows = [_pair(entry) for entry in results.pairs]
    table = _pairs_table(results.pairs) if any(row.sides for row in rows) else None
    return Pairs(summary(results.pairs), rows, table)


def _pair(entry: ComparedPair) -> Pair:
    sides = [("without", entry.without), ("with", entry.with_)]
    return Pair(entry.what, sentence(entry), [(kind, side) for kind, side in sides if side])


def _pairs_table(pairs: list[ComparedPair]) -> Table:
    columns = (
        text_column("what", "What"),
        text_column("side", "Side"),
        text_column("model", "Model"),
        Column("accuracy", "Test accuracy", per_cent),
        Column("deviation", "\u00b1 over seeds", per_cent),
        Column("seeds", "Seeds", whole, shown=False),
        Column("f1_macro", "Macro F1", per_cent),
        Column("log_loss", "Log loss", decimal, sorts="up"),
        Column("epochs_run", "Epochs run", whole),
        Column("fit_seconds", "Fit time", duration, sorts="up"),
        Column("parameters", "Parameters", whole, sorts="up"),
    )
    rows = [
        (entry.what, kind, *_side_row(side))
        for entry in pairs
        for kind, side in (("without", entry.without), ("with", entry.with_))
        if side
    ]
    return Table("with-and-without", "With and without", columns, tuple(rows))


def _side_row(side: Side) -> tuple[Value, ...]:
    accuracy, losses = side.scores["accuracy"], side.scores.get("log_loss")
    return (
        side.name,
        accuracy.mean,
        accuracy.deviation,
        len(accuracy.values),
        side.scores["f1_macro"].mean,
        losses.mean if losses else None,
        side.epochs_run,
        side.fit_seconds,
        side.parameters,
    )


STEPS_SECTION = Section(
    key="steps",
    data=steps_data,
    tables=lambda steps: [steps.table],
    figures=lambda steps: [steps.figure],
)


PAIRS_SECTION = Section(
    key="pairs",
    data=pairs_data,
    is_shown=lambda page: bool(page.rows),
    template="ablations.html.j2",
    title="With and without",
    anchor="pairs",
    chapter="learning",
    tables=lambda page: [page.table] if page.table else [],
)
