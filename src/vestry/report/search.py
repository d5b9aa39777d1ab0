"""The search section's data: a panel for each member that was searched for."""

from dataclasses import dataclass

from vestry.report.figures.parallel import DrawnParallel, draw_parallel, parallel
from vestry.report.figures.trials import (
    DrawnPoints,
    draw_points,
    outside,
    parameter_points,
    score_axis,
    score_over_trials,
)
from vestry.report.models import Model, Results, models_in_study_order
from vestry.report.numbers import NOTHING, counted, decimal, duration, whole
from vestry.report.sentences import search as sentences
from vestry.report.trials import Search, Trial, searches, value_text

TRIALS_LISTED = 300


@dataclass(frozen=True)
class SpaceRow:
    """One parameter: what it may be, what was best, and whether that is an end of the range."""

    name: str
    allowed: str
    best: str
    edge: str | None


@dataclass(frozen=True)
class TrialTable:
    """remark: which trials stand in it where there are too many for all."""

    heads: list[str]
    rows: list[list[str]]
    best: int | None
    remark: str | None


@dataclass(frozen=True)
class SearchPanel:
    """figures are None or empty where no trial came to a score."""

    model: Model
    sentences: list[str]
    space: list[SpaceRow]
    over_trials: DrawnPoints | None
    scatters: list[DrawnPoints]
    parallel: DrawnParallel | None
    outside: str | None
    table: TrialTable


def search_data(results: Results) -> list[SearchPanel]:
    members = [model for model in models_in_study_order(results) if not model.is_committee]
    return [panel(search, results) for search in searches(members)]


def panel(search: Search, results: Results) -> SearchPanel:
    drawn = any(trial.score is not None for trial in search.trials)
    axis = score_axis(search) if drawn else None
    lines = parallel(search, axis) if axis else None
    return SearchPanel(
        model=search.model,
        sentences=sentences.search(search, results),
        space=space(search),
        over_trials=draw_points(score_over_trials(search), axis, search, True) if axis else None,
        scatters=[draw_points(parameter_points(search, p), axis, search) for p in search.parameters]
        if axis
        else [],
        parallel=draw_parallel(lines) if lines else None,
        outside=sentences.outside(outside(search, axis), search) if axis else None,
        table=table(search),
    )


def space(search: Search) -> list[SpaceRow]:
    values = search.best.values if search.best else {}
    return [
        SpaceRow(
            p.name,
            p.allowed,
            value_text(values[p.key]) if p.key in values else NOTHING,
            sentences.edge_mark(search, p),
        )
        for p in search.parameters
    ]


def table(search: Search) -> TrialTable:
    """Every trial in its order; of very many only the best."""
    listed, remark = search.trials, None
    if len(listed) > TRIALS_LISTED:
        listed = search.complete[:TRIALS_LISTED]
        remark = (
            f"The best {counted(len(listed), 'trial')} of {whole(len(search.trials))}; "
            "all stand in results.json."
        )
    names = [parameter.name for parameter in search.parameters]
    heads = ["trial", *names, search.score_name, "loss", "epochs", "time", "what came of it"]
    rows = [trial_row(trial, search) for trial in listed]
    best = listed.index(search.best) if search.best in listed else None
    return TrialTable(heads, rows, best, remark)


def trial_row(trial: Trial, search: Search) -> list[str]:
    values = [trial.values.get(parameter.key) for parameter in search.parameters]
    reason = f": {trial.reason}" if trial.reason else ""
    return [
        str(trial.number),
        *(NOTHING if value is None else value_text(value) for value in values),
        search.shown(trial.score),
        decimal(trial.loss),
        whole(trial.epochs),
        duration(trial.seconds),
        f"best, {trial.state}" if trial is search.best else f"{trial.state}{reason}",
    ]
