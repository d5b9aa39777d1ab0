"""The section on committees: gain against cost, members left out, and how differently they err."""

from collections.abc import Callable
from dataclasses import dataclass

from vestry.report.formatting import NOTHING
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.bars import ChangeScale, DrawnChange, change_scale, draw_change
from vestry.report.plot.heat_map import PairMatrix, pair_matrix
from vestry.report.section import Section
from vestry.report.sections import ensemble_gain_words as words
from vestry.report.sections import leave_one_out_words
from vestry.report.sections.repairs import CommitteeRepairs, committee_repairs
from vestry.schema import ensemble_gain as schema
from vestry.schema.models import Committee
from vestry.schema.results import Results


@dataclass(frozen=True)
class ForestRow:
    """The committee beside one member. costs: what it takes beyond that member, in words."""

    found: schema.GainOverMember
    drawn: DrawnChange
    costs: list[str]


@dataclass(frozen=True)
class Forest:
    """costs: heads of the columns of costs that are known."""

    rows: list[ForestRow]
    scale: ChangeScale
    costs: list[str]
    remark: str


@dataclass(frozen=True)
class LeaveOneOut:
    """rows: each member left out, and how the change is drawn. scale is None where members were not
    left out; `sentences` then say why."""

    sentences: list[str]
    remarks: list[str]
    rows: list[tuple[schema.WithoutMember, DrawnChange]]
    scale: ChangeScale | None


@dataclass(frozen=True)
class Diversity:
    sentences: list[str]
    matrix: PairMatrix
    pairs: list[schema.DiversityPair]
    mean: dict[str, float | None]


@dataclass(frozen=True)
class CommitteeGain:
    """best: the best member by validation."""

    model: Model
    best: str
    sentences: list[str]
    forest: Forest
    repairs: CommitteeRepairs
    leave_one_out: LeaveOneOut
    diversity: Diversity


@dataclass(frozen=True)
class Gains:
    """Committees best first."""

    summary: str | None
    committees: list[CommitteeGain]


def gains_data(results: Results) -> Gains | None:
    """None for a run without committees."""
    found = [
        (model, model.entry)
        for model in models_by_rank(results)
        if isinstance(model.entry, Committee)
    ]
    if not found:
        return None
    return Gains(
        words.summary({model.name: entry.worth for model, entry in found}),
        [_committee_gain(model, entry, results) for model, entry in found],
    )


def _committee_gain(model: Model, entry: Committee, results: Results) -> CommitteeGain:
    found = entry.worth
    said = [
        f"{words.result(model.name, found)} {words.loss(found)}",
        words.among_all_pairs(model.name, found, results.comparisons),
    ]
    return CommitteeGain(
        model=model,
        best=found.best_member,
        sentences=[text for text in said if text],
        forest=_forest(found),
        repairs=committee_repairs(model.name, entry.repairs, results.data.classes),
        leave_one_out=_leave_one_out(model.name, entry),
        diversity=_diversity(model, entry),
    )


_COSTS: dict[str, Callable[[schema.EnsembleCosts], str | None]] = {
    "Time": words.time,
    "Size": words.size,
    "Fit": words.fitting,
}


def _forest(found: schema.EnsembleGain) -> Forest:
    scale = change_scale([each.difference.interval for each in found.against])
    known = {
        head: said
        for head, said in _COSTS.items()
        if any(said(each.costs) for each in found.against)
    }
    return Forest(
        rows=[
            ForestRow(
                each,
                draw_change(each.difference.value, each.difference.interval, scale),
                [said(each.costs) or NOTHING for said in known.values()],
            )
            for each in found.against
        ],
        scale=scale,
        costs=list(known),
        remark=words.how_judged(found),
    )


def _leave_one_out(name: str, entry: Committee) -> LeaveOneOut:
    found = entry.leave_one_out
    if not found.members:
        return LeaveOneOut([leave_one_out_words.not_left_out(found)], [], [], None)
    scale = change_scale([row.difference.interval for row in found.members])
    return LeaveOneOut(
        sentences=leave_one_out_words.left_out(name, found),
        remarks=leave_one_out_words.how_left_out(entry),
        rows=[
            (row, draw_change(row.difference.value, row.difference.interval, scale))
            for row in found.members
        ],
        scale=scale,
    )


def _diversity(model: Model, entry: Committee) -> Diversity:
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
        pairs=found.pairs,
        mean=found.mean,
    )


SECTION = Section(
    key="worth",
    data=gains_data,
    template="ensemble_gain.html.j2",
    style="ensemble_gain.css.j2",
    title="Committee",
    anchor="worth",
    chapter="committee",
)
