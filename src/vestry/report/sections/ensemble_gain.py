"""The section on committees: gain against cost, members left out, and how differently they err."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import decimal, duration, whole
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.plot.bars import ChangeScale, DrawnChange, change_scale, draw_change
from vestry.report.plot.heat_map import PairMatrix, pair_matrix
from vestry.report.section import Section
from vestry.report.sections import ensemble_gain_words as diversity_sentences
from vestry.report.sections import ensemble_gain_words as left_out_sentences
from vestry.report.sections import ensemble_gain_words as sentences
from vestry.report.sections.repairs import CommitteeRepairs, committee_repairs


@dataclass(frozen=True)
class CostRow:
    """What the committee and its best member take, in words."""

    what: str
    committee: str
    member: str
    times: float | None


@dataclass(frozen=True)
class LeftOut:
    """The committee without one member. facts: its entry in the results."""

    name: str
    facts: dict[str, Any]
    drawn: DrawnChange


@dataclass(frozen=True)
class LeaveOneOut:
    """scale is None where members were not left out; `sentences` then say why."""

    sentences: list[str]
    remarks: list[str]
    rows: list[LeftOut]
    scale: ChangeScale | None


@dataclass(frozen=True)
class Diversity:
    sentences: list[str]
    matrix: PairMatrix
    pairs: list[dict[str, Any]]
    mean: dict[str, float | None]


@dataclass(frozen=True)
class CommitteeWorth:
    """best: the best member by validation. Parts that the results do not hold are None."""

    model: Model
    best: str
    sentences: list[str]
    costs: list[CostRow]
    repairs: CommitteeRepairs | None
    leave_one_out: LeaveOneOut | None
    diversity: Diversity | None


@dataclass(frozen=True)
class Worth:
    """Committees best first."""

    title: str
    summary: str | None
    committees: list[CommitteeWorth]


def worth_data(results: Results) -> Worth | None:
    """None for a run without committees; those of an older version have their repairs alone."""
    models = [
        model
        for model in models_by_rank(results)
        if model.entry.get("worth") or model.entry.get("repairs")
    ]
    if not models:
        return None
    judged = {model.name: model.entry["worth"] for model in models if model.entry.get("worth")}
    several = len(models) > 1
    return Worth(
        "Are the committees worth it?" if several else "Is the committee worth it?",
        sentences.summary(judged),
        [_committee_worth(model, results) for model in models],
    )


def _committee_worth(model: Model, results: Results) -> CommitteeWorth:
    entry, found = model.entry, model.entry.get("worth")
    said = []
    if found:
        said = [
            f"{sentences.result(model.name, found)} {sentences.loss(found)}",
            sentences.among_all_pairs(model.name, found, results.get("comparisons")),
        ]
    is_repairing = bool(entry.get("repairs"))
    names = results["data"]["classes"]
    return CommitteeWorth(
        model=model,
        best=found["best_member"] if found else entry["repairs"]["best_member"],
        sentences=[text for text in said if text],
        costs=_cost_rows(found) if found else [],
        repairs=committee_repairs(model, names) if is_repairing else None,
        leave_one_out=leave_one_out(model) if entry.get("leave_one_out") else None,
        diversity=diversity(model) if entry.get("diversity") else None,
    )


def _cost_rows(found: dict[str, Any]) -> list[CostRow]:
    """One row a kind of cost that is known of both."""
    words: dict[str, tuple[str, Callable[[float], str]]] = {
        "latency_ms": ("Milliseconds for one image, median", decimal),
        "milliseconds_per_image": ("Milliseconds an image, all test images", decimal),
        "bytes": ("On disk", sentences.amount_of_bytes),
        "fit_seconds": ("Time to fit", duration),
        "parameters": ("Parameters", whole),
    }
    return [
        CostRow(what, shown(cost["committee"]), shown(cost["member"]), cost["times"])
        for key, (what, shown) in words.items()
        if (cost := found["costs"].get(key))
    ]


def leave_one_out(model: Model) -> LeaveOneOut:
    found = model.entry["leave_one_out"]
    if not found["members"]:
        return LeaveOneOut([left_out_sentences.not_left_out(found)], [], [], None)
    ranges = [(low, high) for low, high in (r["difference"]["interval"] for r in found["members"])]
    scale = change_scale(ranges)
    return LeaveOneOut(
        sentences=left_out_sentences.left_out(model.name, found),
        remarks=left_out_sentences.how_left_out(model.entry),
        rows=[
            LeftOut(row["name"], row, draw_change(row["difference"]["value"], ends, scale))
            for row, ends in zip(found["members"], ranges, strict=True)
        ],
        scale=scale,
    )


def diversity(model: Model) -> Diversity:
    found = model.entry["diversity"]
    values = {frozenset(pair["members"]): pair["disagreement"] for pair in found["pairs"]}
    said = [
        diversity_sentences.oracle(model.name, model.accuracy("test"), found),
        diversity_sentences.variety(found),
        diversity_sentences.extremes(found),
        diversity_sentences.undefined(found),
    ]
    return Diversity(
        sentences=[text for text in said if text],
        matrix=pair_matrix(list(model.entry["members"]), values),
        pairs=found["pairs"],
        mean=found["mean"],
    )


SECTION = Section(
    key="worth",
    data=worth_data,
    template="ensemble_gain.html.j2",
    style="ensemble_gain.css.j2",
    title="Committee",
    anchor="worth",
)
