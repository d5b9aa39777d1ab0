"""Committees: gain against cost, what each fixes and breaks, members left out, and how differently
they err."""

from collections.abc import Mapping
from dataclasses import dataclass

from vestry.report.formatting import between, points
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.figure import Figure
from vestry.report.plot.forest import ForestAxis, ForestRow, forest
from vestry.report.plot.heat_map import PairMatrix, pair_matrix
from vestry.report.section import Section
from vestry.report.sections import committees, leave_one_out_words
from vestry.report.sections import ensemble_gain_words as words
from vestry.report.sections.committee_tables import (
    committees_table,
    diversity_table,
    factor,
    gain_table,
    left_out_table,
    times,
)
from vestry.report.sections.repairs import CommitteeRepairs, committee_repairs
from vestry.report.sections.reported import members_of
from vestry.report.table import Table
from vestry.schema import ensemble_gain as schema
from vestry.schema.models import Committee
from vestry.schema.results import Results
from vestry.schema.significance import Difference


@dataclass(frozen=True)
class LeaveOneOut:
    """figure, table: None where members were not left out; `sentences` then say why."""

    sentences: list[str]
    remarks: list[str]
    figure: Figure | None
    table: Table | None


@dataclass(frozen=True)
class Diversity:
    sentences: list[str]
    matrix: PairMatrix
    table: Table


@dataclass(frozen=True)
class CommitteeGain:
    """made_of: its members, its rule and what that learnt. mean_remark: what its reported figure
    is. mean: of its members' accuracies; None where another score orders the models."""

    model: Model
    found: schema.EnsembleGain
    made_of: str
    mean: float | None
    mean_remark: str | None
    result: str
    sentences: list[str]
    figure: Figure
    how_judged: str
    repairs: CommitteeRepairs
    leave_one_out: LeaveOneOut
    diversity: Diversity

    @property
    def figures(self) -> list[Figure]:
        drawn = (self.figure, self.repairs.figure, self.leave_one_out.figure)
        return [figure for figure in drawn if figure]

    @property
    def tables(self) -> list[Table]:
        kept = (self.repairs.table, self.leave_one_out.table, self.diversity.table)
        return [table for table in kept if table]


@dataclass(frozen=True)
class Gains:
    """Committees best first; `table` where there are several."""

    summary: str | None
    committees: list[CommitteeGain]
    table: Table | None


def gains_data(results: Results) -> Gains | None:
    """None for a run without committees."""
    found = [
        (model, model.entry)
        for model in models_by_rank(results)
        if isinstance(model.entry, Committee)
    ]
    if not found:
        return None
    several = [(model.name, entry) for model, entry in found] if len(found) > 1 else []
    return Gains(
        words.summary({model.name: entry.worth for model, entry in found}),
        [
            _committee_gain(model, entry, results, f"-{place}" if place > 1 else "")
            for place, (model, entry) in enumerate(found, 1)
        ],
        committees_table(several) if several else None,
    )


def _committee_gain(model: Model, entry: Committee, results: Results, suffix: str) -> CommitteeGain:
    """suffix: behind the keys of its figures and tables, which the best committee needs none of."""
    found, mean = entry.worth, committees.mean_of_members(entry)
    said = [
        committees.against_best(model, members_of(model, results)),
        words.loss(found),
        words.among_all_pairs(model.name, found, results.comparisons),
    ]
    series = {member.name: member.series for member in members_of(model, results)}
    return CommitteeGain(
        model=model,
        found=found,
        made_of=committees.made_of(entry),
        mean=mean if model.ordered_by is None else None,
        mean_remark=committees.means_remark(model, members_of(model, results), mean),
        result=words.result(model.name, found),
        sentences=[text for text in said if text],
        figure=_forest(f"committee-gain{suffix}", model.name, found, series),
        how_judged=words.how_judged(found),
        repairs=committee_repairs(model.name, entry.repairs, results.data.classes, suffix),
        leave_one_out=_leave_one_out(model.name, entry, series, suffix),
        diversity=_diversity(model, entry, suffix),
    )


def _forest(key: str, name: str, found: schema.EnsembleGain, series: Mapping[str, int]) -> Figure:
    """With the factor of time, and of size, that are known of any member."""
    costs = [(each, each.costs) for each in found.against]
    time = {each.name: factor(c.latency_ms or c.milliseconds_per_image) for each, c in costs}
    size = {each.name: factor(c.bytes or c.parameters) for each, c in costs}
    known = {head: of for head, of in (("time", time), ("size", size)) if any(of.values())}
    rows = [
        _row(each.name, series, each.difference, [times(of[each.name]) for of in known.values()])
        for each in found.against
    ]
    axis = ForestAxis(
        "points, 95% interval",
        "\u2190 member better",
        "committee better \u2192",
        ["points", *known],
    )
    return forest(key, f"{name} less each member", rows, axis, gain_table(key, name, found))


def _row(name: str, series: Mapping[str, int], found: Difference, beside: list[str]) -> ForestRow:
    low, high = found.interval
    printed = points(between(*found.figures))
    return ForestRow(name, series[name], found.value, low, high, [printed, *beside])


def _leave_one_out(
    name: str, entry: Committee, series: Mapping[str, int], suffix: str
) -> LeaveOneOut:
    found = entry.leave_one_out
    if not found.members:
        return LeaveOneOut([leave_one_out_words.not_left_out(found)], [], None, None)
    key = f"left-out{suffix}"
    rows = [_row(row.name, series, row.difference, []) for row in found.members]
    axis = ForestAxis(
        "points, 95% interval",
        "\u2190 worse without",
        "better without \u2192",
        ["points"],
    )
    data = left_out_table(key, name, found)
    return LeaveOneOut(
        sentences=leave_one_out_words.left_out(name, found),
        remarks=leave_one_out_words.how_left_out(entry),
        figure=forest(key, f"{name} without each member less all of it", rows, axis, data),
        table=data,
    )


def _diversity(model: Model, entry: Committee, suffix: str) -> Diversity:
    found = entry.diversity
    values = {frozenset(pair.members): pair.disagreement for pair in found.pairs}
    said = [
        words.oracle(model.name, model.accuracy("test"), found),
        words.variety(found),
        words.extremes(found),
        words.undefined(found),
    ]
    return Diversity(
        sentences=[text for text in said if text],
        matrix=pair_matrix(entry.members, values),
        table=diversity_table(f"diversity{suffix}", model.name, found),
    )


SECTION = Section(
    key="worth",
    data=gains_data,
    template="ensemble_gain.html.j2",
    style="ensemble_gain.css.j2",
    title="What it is made of, and how its members differ",
    anchor="worth",
    chapter="committee",
    tables=lambda gains: [
        *([gains.table] if gains.table else []),
        *(table for one in gains.committees for table in one.tables),
    ],
    figures=lambda gains: [figure for one in gains.committees for figure in one.figures],
)
