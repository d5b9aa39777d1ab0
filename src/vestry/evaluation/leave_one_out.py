"""Which member a committee could do without: the committee made again without each of them."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from vestry.committees.committee import Committee
from vestry.committees.rule import RULES
from vestry.evaluation.difference import Answers, difference
from vestry.evaluation.paired_tests import LEVEL, holm
from vestry.evaluation.predictions import EvaluatedModel, Predictions
from vestry.predictions.scores import SCORES
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema.base import Interval
from vestry.schema.ensemble_gain import LearntFrom, LeaveOneOut, Whole, WithoutMember
from vestry.schema.models import ScoredCommittee

_Tables = dict[str, ProbabilityTable]
_ROWS_A_CLASS = 10


@dataclass(frozen=True)
class _FitData:
    """Rows that a rule learns from: members' tables, labels, and how many rows there were."""

    tables: _Tables
    truth: Labels
    of: int


def leave_one_out(committee: EvaluatedModel, evidence: Predictions) -> LeaveOneOut:
    """The committee without each of its members in turn, on the test images.

    The rule and its options stay; a rule that learns is fitted again, from the same kind of rows as
    the committee's own. What the committee's rule came to by trying is kept (stacking's penalty),
    and where so many fits would take long, it learns from a stratified part of the rows; `whole` is
    then made in the same way, so that like is set beside like. Of a committee of two, one left out
    leaves the other alone, without any rule. First seeds. p is not adjusted yet, and no verdict
    given: see `judged_together`. Raises TypeError for a member.
    """
    entry, truth = committee.entry, committee.truth
    if not isinstance(entry, ScoredCommittee):
        raise TypeError(f"{committee.name} is no committee")
    data = _fit_data_of(entry, evidence)
    if data is None:
        return LeaveOneOut(whole=None, learnt_from=None, members=[], reason=_too_much(entry))
    tests: _Tables = {name: evidence.tables[name]["test"] for name in entry.members}
    whole = _made_again(entry, entry.members, data, tests)
    without = {
        name: _made_again(entry, [other for other in entry.members if other != name], data, tests)
        for name in entry.members
    }
    return LeaveOneOut(
        whole=_scores(whole, truth),
        learnt_from=_learnt_from(entry, data),
        members=[_without(name, table, whole, truth) for name, table in without.items()],
        reason=None,
    )


def _fit_data_of(entry: ScoredCommittee, evidence: Predictions) -> _FitData | None:
    """What the rule is fitted on; None where that would take too long with enough rows."""
    names = entry.members
    if entry.fitted_on == "out_of_fold":
        tables = {name: evidence.out_of_fold[name] for name in names}
        truth = evidence.truths["training"]
    else:
        tables = {name: evidence.tables[name]["validation"] for name in names}
        truth = evidence.truths["validation"]
    classes = len(tables[names[0]].classes)
    room = RULES[entry.rule].most_rows(len(names), classes, len(names) + 1)
    if room is None or room >= len(truth):
        return _FitData(tables, truth, len(truth))
    if room < _ROWS_A_CLASS * classes:
        return None
    order = np.argsort(truth, kind="stable")
    kept = np.sort(order[np.linspace(0, len(truth) - 1, room).astype(np.int64)])
    return _FitData({n: _rows_of(t, kept) for n, t in tables.items()}, truth[kept], len(truth))


def _rows_of(table: ProbabilityTable, rows: Labels) -> ProbabilityTable:
    return ProbabilityTable(
        table.ids[rows], table.classes, table.probabilities[rows], table.maker, table.split
    )


def _too_much(entry: ScoredCommittee) -> str:
    return (
        f"{entry.rule} would have to be fitted {len(entry.members) + 1} times, and with so many "
        "members and classes that takes too long"
    )


def _made_again(
    entry: ScoredCommittee, names: list[str], data: _FitData, tests: _Tables
) -> ProbabilityTable:
    """The test table of the committee of `names`; one of them alone is that member."""
    if len(names) == 1:
        return tests[names[0]]
    options = entry.options | RULES[entry.rule].refit_options(entry.learnt)
    committee = Committee("leave-one-out", entry.rule, options)
    committee.fit([data.tables[name] for name in names], data.truth)
    return committee.table([tests[name] for name in names])


def _without(
    name: str, table: ProbabilityTable, whole: ProbabilityTable, truth: Labels
) -> WithoutMember:
    """The verdict waits for the others' p."""
    found = difference(_answers(table, truth), _answers(whole, truth))
    own = _scores(table, truth)
    return WithoutMember(
        name=name,
        accuracy=own.accuracy,
        log_loss=own.log_loss,
        log_loss_change=own.log_loss - _scores(whole, truth).log_loss,
        difference=found,
        p=found.p,
        method=found.method,
        p_holm=found.p,
        verdict="no loss shown",
    )


def judged_together(found: Mapping[str, LeaveOneOut]) -> dict[str, LeaveOneOut]:
    """By committee, with Holm's p over all members of all of them, and what it allows to say."""
    adjusted = iter(holm([row.p for entry in found.values() for row in entry.members]))
    return {
        name: entry.model_copy(
            update={"members": [_judged(row, next(adjusted)) for row in entry.members]}
        )
        for name, entry in found.items()
    }


def _judged(row: WithoutMember, adjusted: float) -> WithoutMember:
    said = verdict(row.difference.interval, adjusted)
    return row.model_copy(update={"p_holm": adjusted, "verdict": said})


def verdict(interval: Interval, adjusted: float) -> str:
    """What may be said without the member, by its interval and the adjusted p."""
    low, high = interval
    if adjusted >= LEVEL or low <= 0 <= high:
        return "no loss shown"
    return "worse" if high < 0 else "better"


def _answers(table: ProbabilityTable, truth: Labels) -> Answers:
    return Answers(np.asarray(table.labels == truth)[None])


def _scores(table: ProbabilityTable, truth: Labels) -> Whole:
    accuracy, loss = (
        SCORES[score].of(table.probabilities, truth) for score in ("accuracy", "log_loss")
    )
    return Whole(accuracy=accuracy, log_loss=loss)


def _learnt_from(entry: ScoredCommittee, data: _FitData) -> LearntFrom | None:
    """Which rows the rule was fitted on again; None where it learns nothing."""
    if entry.fitted_on is None:
        return None
    return LearntFrom(split=entry.fitted_on, rows=len(data.truth), of=data.of)
