"""Which member a committee could do without: the committee made again without each of them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from vestry.committees.committee import Committee
from vestry.committees.rule import RULES
from vestry.evaluation.difference import Answers, by_images
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.predictions.scores import SCORES
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.models import ScoredModel

Results = dict[str, Any]
Tables = dict[str, ProbabilityTable]
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
    the committee's own. What the committee's rule came to by trying is kept (stacking's penalty),
    and where so many fits would take long, it learns from a stratified part of the rows; `whole` is
    then made in the same way, so that like is set beside like. Of a committee of two, one left out
    leaves the other alone, without any rule. Each member's `difference` is the committee without it
    less the whole one.
    """
    entry = committee.entry
    names = list(entry["members"])
    lesson = _fit_data_of(entry, names, evidence)
    if lesson is None:
        return {
            "whole": None,
            "learnt_from": None,
            "members": [],
            "reason": _too_much(entry, names),
        }
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


def _fit_data_of(entry: ScoredModel, names: list[str], evidence: Predictions) -> FitData | None:
    """What the rule is fitted on; None where that would take too long with enough rows."""
    if entry.get("fitted_on") == "out_of_fold":
        tables = {name: evidence.out_of_fold[name] for name in names}
        truth = evidence.truths["training"]
    else:
        tables = {name: evidence.tables[name]["validation"] for name in names}
        truth = evidence.truths["validation"]
    classes = len(tables[names[0]].classes)
    room = RULES[entry["rule"]].most_rows(len(names), classes, len(names) + 1)
    if room is None or room >= len(truth):
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


def _too_much(entry: ScoredModel, names: list[str]) -> str:
    return (
        f"{entry['rule']} would have to be fitted {len(names) + 1} times, and with so many members "
        "and classes that takes too long"
    )


def _made_again(
    entry: ScoredModel, names: list[str], lesson: FitData, tests: Tables
) -> ProbabilityTable:
    """The test table of the committee of `names`; one of them alone is that member."""
    if len(names) == 1:
        return tests[names[0]]
    options = dict(entry.get("options") or {})
    options |= RULES[entry["rule"]].refit_options(entry.get("learnt") or {})
    committee = Committee("leave-one-out", entry["rule"], options)
    committee.fit([lesson.tables[name] for name in names], lesson.truth)
    return committee.table([tests[name] for name in names])


def _without(
    name: str,
    entry: ScoredModel,
    names: list[str],
    lesson: FitData,
    tests: Tables,
    whole: ProbabilityTable,
    truth: Labels,
) -> Results:
    table = _made_again(entry, [other for other in names if other != name], lesson, tests)
    one, other = (Answers(made.labels == truth) for made in (table, whole))
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
    return {name: SCORES[name].of(table.probabilities, truth) for name in ("accuracy", "log_loss")}


def _learnt_from(entry: ScoredModel, lesson: FitData) -> Results | None:
    """Which rows the rule was fitted on again; None where it learns nothing."""
    fitted_on = entry.get("fitted_on")
    if fitted_on is None:
        return None
    return {"split": fitted_on, "rows": len(lesson.truth), "of": lesson.of}
