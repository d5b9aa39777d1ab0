"""What committees gain, fix, break and could do without: the numbers behind the figures."""

from collections.abc import Sequence

from vestry.report.formatting import (
    NOTHING,
    decimal,
    per_cent,
    probability,
    signed,
    two_digits,
    whole,
)
from vestry.report.sections.difference_columns import difference_columns, difference_values
from vestry.report.table import Column, Table, Value, text_column
from vestry.schema.base import Number
from vestry.schema.cost import CostBeside
from vestry.schema.ensemble_gain import (
    Diversity,
    EnsembleGain,
    GainOverMember,
    LeaveOneOut,
    Repairs,
)
from vestry.schema.models import Committee

_VERDICTS = {
    "better": "better",
    "worse": "worse",
    "no gain": "no better",
    "not shown": "not shown to be either",
}


def factor(found: CostBeside | None) -> float | None:
    return found.times if found else None


def times(value: float | None) -> str:
    """ "2.7×"."""
    return NOTHING if value is None else f"{two_digits(value)}\u00d7"


def _images(count: Number) -> str:
    """Whole images, or their mean over seeds."""
    return whole(count) if isinstance(count, int) else f"{count:.1f}"


def gain_table(key: str, name: str, found: EnsembleGain) -> Table:
    """The committee beside each of its members."""
    return Table(
        key,
        f"{name} less each of its members, test accuracy",
        (
            text_column("member", "Member"),
            *difference_columns("committee", "member"),
            text_column("verdict", "The committee is"),
            Column("p_holm", "p, adjusted", probability, sorts="up"),
            Column("only_committee_right", "Only committee right", _images),
            Column("only_member_right", "Only member right", _images),
            Column("time_factor", "Time", times),
            Column("size_factor", "Size", times),
            Column("fit_time_factor", "Fit time", times),
        ),
        tuple(_gain_row(each) for each in found.against),
    )


def _gain_row(each: GainOverMember) -> tuple[Value, ...]:
    found, costs = each.difference, each.costs
    return (
        each.name,
        *difference_values(found),
        _VERDICTS[each.verdict],
        found.p_holm,
        found.only_one,
        found.only_other,
        factor(costs.latency_ms or costs.milliseconds_per_image),
        factor(costs.bytes or costs.parameters),
        factor(costs.fit_seconds),
    )


def class_table(key: str, name: str, found: Repairs, classes: Sequence[str]) -> Table:
    return Table(
        key,
        f"Test images of each class that {name} fixes and breaks, beside {found.best_member}",
        (
            text_column("class", "Class"),
            Column("images", "Images", whole),
            Column("fixed", "Fixed", whole),
            Column("broken", "Broken", whole),
            Column("net", "Net", lambda value: signed(value, 0)),
            Column("members_divided", "Members divided", whole),
            Column("all_wrong_alike", "All members wrong alike", whole),
        ),
        tuple(
            (
                classes[row.class_],
                row.support,
                row.repaired,
                row.spoiled,
                row.net,
                row.divided,
                row.alike_wrong,
            )
            for row in found.per_class
        ),
    )


def left_out_table(key: str, name: str, found: LeaveOneOut) -> Table:
    return Table(
        key,
        f"{name} made without each of its members, test images",
        (
            text_column("without", "Without"),
            *difference_columns("without", "whole"),
            text_column("verdict", "It is"),
            Column("only_without_right", "Only without it right", _images),
            Column("only_with_right", "Only with it right", _images),
            Column("p", "p", probability, sorts="up"),
            Column("p_holm", "p, adjusted", probability, sorts="up"),
            Column("log_loss", "Log loss", decimal, sorts="up"),
            Column("log_loss_change", "Change of log loss", lambda value: signed(value, 3)),
        ),
        tuple(
            (
                row.name,
                *difference_values(row.difference),
                row.verdict,
                row.difference.only_one,
                row.difference.only_other,
                row.p,
                row.p_holm,
                row.log_loss,
                row.log_loss_change,
            )
            for row in found.members
        ),
    )


def diversity_table(key: str, name: str, found: Diversity) -> Table:
    """Every two members, then their mean where there are several."""

    def two(value: float | None) -> str:
        return decimal(value, 2)

    rows: list[tuple[Value, ...]] = [
        (*pair.members, pair.disagreement, pair.double_fault, pair.correlation, pair.q)
        for pair in found.pairs
    ]
    mean = [found.mean[name] for name in ("disagreement", "double_fault", "correlation", "q")]
    if len(rows) > 1:
        rows.append(("mean over pairs", "", *mean))
    return Table(
        key,
        f"How differently every two members of {name} err",
        (
            text_column("one", "One"),
            text_column("other", "Other"),
            Column("exactly_one_right", "Exactly one right", per_cent),
            Column("both_wrong", "Both wrong", per_cent),
            Column("correlation_of_errors", "Correlation of errors", two),
            Column("yules_q", "Yule\u2019s Q", two),
        ),
        tuple(rows),
    )


def committees_table(found: Sequence[tuple[str, Committee]]) -> Table:
    """Several committees, a row each: the member that its verdict rests on."""
    return Table(
        "committees",
        "Is each committee better than every one of its members?",
        (
            text_column("committee", "Committee"),
            text_column("verdict", "Better than each"),
            text_column("member", "Hardest member"),
            *difference_columns("committee", "member"),
            Column("p_holm", "p, adjusted", probability, sorts="up"),
            Column("time_factor", "Time", times),
        ),
        tuple(_committee_row(name, entry.worth) for name, entry in found),
    )


def _committee_row(name: str, found: EnsembleGain) -> tuple[Value, ...]:
    hard = found.over(found.decisive)
    costs = hard.costs
    return (
        name,
        found.verdict,
        hard.name,
        *difference_values(hard.difference),
        hard.difference.p_holm,
        factor(costs.latency_ms or costs.milliseconds_per_image),
    )
