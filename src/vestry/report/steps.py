"""The members in the study's order: what each changed against the first."""

from dataclasses import dataclass
from typing import Any

from vestry.report.figures.strips import (
    DrawnStrip,
    Strip,
    axis_ticks,
    deviation,
    draw_strip,
    interval,
    strip_axis,
)
from vestry.report.models import Model, Results, models_in_study_order
from vestry.report.numbers import with_deviation, with_interval
from vestry.report.sentences import steps as sentences

FEWEST = 3


@dataclass(frozen=True)
class Steps:
    """Strips share the scale of `ticks`, (place, text)."""

    sentences: list[str]
    strips: list[DrawnStrip]
    ticks: list[tuple[float, str]]


def steps_data(results: Results) -> Steps | None:
    """None for fewer than three members: a ranking of two says the same."""
    members = [model for model in models_in_study_order(results) if not model.is_committee]
    changes = {row["name"]: row for row in results.get("steps") or []}
    if len(members) < FEWEST or not changes:
        return None
    strips = [strip(member, changes.get(member.name)) for member in members]
    axis = strip_axis(strips)
    return Steps(
        sentences=sentences.steps(list(changes.values())),
        strips=[draw_strip(each, axis) for each in strips],
        ticks=axis_ticks(axis),
    )


def strip(member: Model, change: dict[str, Any] | None) -> Strip:
    spread = member.over_seeds("test", "accuracy")
    remark = (
        sentences.change(change["difference"], bool(spread)) if change else "the first of the study"
    )
    if spread:
        return Strip(
            label=member.name,
            remark=remark,
            text=with_deviation(spread["mean"], spread["deviation"]),
            value=spread["mean"],
            spread=deviation(spread["mean"], spread["deviation"] or 0.0),
            values=spread["values"],
        )
    low, high = member.interval("test")
    return Strip(
        label=member.name,
        remark=remark,
        text=with_interval(member.accuracy("test"), low, high),
        value=member.accuracy("test"),
        spread=interval(low, high),
    )
