"""Which member a committee could do without: the committee made again without each of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from vestry.committees.committee import Committee
from vestry.committees.stacking import ROUGH
from vestry.evaluation.difference import by_images
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.predictions.scores import Labels, log_loss
from vestry.predictions.table import ProbabilityTable

Results = dict[str, Any]
Tables = dict[str, ProbabilityTable]
WORK = 45_000_000
"""Rows x members x classes squared x fits that stacking may take: some 5 s on one core."""
_ROWS_A_CLASS = 10
_LEVEL = 0.05


@dataclass(frozen=True)
class FitData:
    """Rows that a rule learns from: members' tables, labels, and how many rows there were."""

    tables: Tables
    truth: Labels
    of: int


def leave_one_out(committee: EvaluatedModel, evidence: Predictions) -> Results:
    """The committee without each of its members in turn, on the test images.

    The rule and its options stay; a rule that learns is fitted again, from the same kind of rows as
    the committee's own. Stacking keeps the penalty that the committee chose and, where many members
    or classes would take long, learns from a stratified part of the rows; `whole` is then made in
    the same way, so that like is set beside like. Of a committee of two, one left out leaves the
    other alone, without any rule. Each member's `difference` is the committee without it less the
    whole one.
    """
    entry = committee.entry
    names = list(entry["members"])
    lesson = _fit_data_of(entry, names, evidence)
    if lesson is None:
        return {"whole": None, "learnt_from": None, "members": [], "reason": _too_much(names)}
    tests: Tables = {name: evidence.tables[name]["test"] for name in names}
    whole = _made_again(entry, names, lesson, tests)
    rows = [_without(name, entry, names, lesson, tests, whole, committee.truth) for name in names]
    for row, adjusted in zip(rows, holm([row["p"] for row in rows]), strict=True):
        row |= {"p_holm": adjusted, "verdict": verdict(row["difference"], adjusted)}
    return {
        "whole": _scores(whole, committee.truth),
        "learnt_from": _learnt_from(entry, lesson),
        "members": rows,
        "reason": None,
    }


def _fit_data_of(entry: Results, names: list[str], evidence: Predictions) -> FitData | None:
    """What the rule is fitted on; None where stacking would take too long with enough rows."""
    if entry.get("fitted_on") == "out_of_fold":
        tables = {name: evidence.out_of_fold[name] for name in names}
        truth = evidence.truths["training"]
    else:
        tables = {name: evidence.tables[name]["validation"] for name in names}
        truth = evidence.truths["validation"]
    if entry["rule"] != "stacking":
        return FitData(tables, truth, len(truth))
    classes = len(tables[names[0]].classes)
    room = WORK // (len(names) * classes**2 * (len(names) + 1))
    if room >= len(truth):
        return FitData(tables, truth, len(truth))
    if room < _ROWS_A_CLASS * classes:
        return None
    order = np.argsort(truth, kind="stable")
    kept = np.sort(order[np.linspace(0, len(truth) - 1, room).astype(np.int64)])
    return FitData({n: _rows_of(t, kept) for n, t in tables.items()}, truth[kept], len(truth))


def _rows_of(table: ProbabilityTable, rows: Labels) -> ProbabilityTable:
    return ProbabilityTable(
        table.ids[rows], table.classes, table.probabilities[rows], table.maker, table.split
    )


def _too_much(names: list[str]) -> str:
    return (
        f"stacking would have to be fitted {len(names) + 1} times, and with so many members and "
        "classes that takes too long"
    )


def _made_again(
    entry: Results, names: list[str], lesson: FitData, tests: Tables
) -> ProbabilityTable:
    """The test table of the committee of `names`; one of them alone is that member."""
    if len(names) == 1:
        return tests[names[0]]
    committee = Committee("leave-one-out", entry["rule"], options(entry))
    committee.fit([lesson.tables[name] for name in names], lesson.truth)
    return committee.table([tests[name] for name in names])


def options(entry: Results) -> Results:
    """The rule's own; stacking's penalty is not chosen again, which takes 25 fits a time."""
    given = dict(entry.get("options") or {})
    if entry["rule"] == "stacking":
        given |= {"strength": entry["learnt"]["c"], "tolerance": ROUGH}
    return given


def _without(
    name: str,
    entry: Results,
    names: list[str],
    lesson: FitData,
    tests: Tables,
    whole: ProbabilityTable,
    truth: Labels,
) -> Results:
    table = _made_again(entry, [other for other in names if other != name], lesson, tests)
    one, other = (EvaluatedModel(name, {}, made.labels, truth) for made in (table, whole))
    found = by_images(one, other)
    test = mcnemar(found["only_one"], found["only_other"])
    own = _scores(table, truth)
    return {
        "name": name,
        **own,
        "log_loss_change": own["log_loss"] - _scores(whole, truth)["log_loss"],
        "difference": found,
        "p": test.p,
        "method": test.method,
    }


def verdict(found: Results, adjusted: float) -> str:
    """Which way the doubt falls: "worse" without it by this interval alone, so that no member is
    let go lightly; "better" only where Holm's p over all members says so, too."""
    if found["interval"][1] < 0:
        return "worse"
    is_better = found["interval"][0] > 0 and adjusted < _LEVEL
    return "better" if is_better else "no loss shown"


def _scores(table: ProbabilityTable, truth: Labels) -> Results:
    return {
        "accuracy": float((table.labels == truth).mean()),
        "log_loss": log_loss(table.probabilities.astype(np.float64), truth),
    }


def _learnt_from(entry: Results, lesson: FitData) -> Results | None:
    """Which rows the rule was fitted on again; None where it learns nothing."""
    fitted_on = entry.get("fitted_on")
    if fitted_on is None:
        return None
    return {"split": fitted_on, "rows": len(lesson.truth), "of": lesson.of}
