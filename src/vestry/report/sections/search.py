"""A panel for each member that was searched for."""

from dataclasses import dataclass, replace

from pydantic import JsonValue

from vestry.report.formatting import counted, duration, listed, whole, with_interval
from vestry.report.models import Model, models_in_study_order
from vestry.report.plot.figure import Figure
from vestry.report.plot.parallel import parallel, parallel_figure
from vestry.report.plot.trials import (
    outside,
    score_axis,
    trials_figure,
    trials_table,
    values_figure,
)
from vestry.report.section import Section
from vestry.report.table import Table, text_column
from vestry.report.trials import (
    COMPLETE,
    FAILED,
    PRUNED,
    Parameter,
    Search,
    is_number,
    searches,
    shown_number,
    value_text,
)
from vestry.schema.results import Results

# A search in words: what was tried, on what, what came of it, and what its figures are not.


_SAMPLERS = {
    "random": "drawn at random",
    "tpe": "chosen by a tree-structured Parzen estimator from those before",
}
_HIGH = "high"
_NAMES_SAID = 6


def search_words(found: Search, results: Results) -> list[str]:
    """The sentences of one member's search, in order."""
    said = [_made(found), _seen(found, results), _stopped(found), _best(found), *edges(found)]
    return [text for text in said if text]


def _made(found: Search) -> str:
    """How many trials of what, and how their values were found."""
    names = listed([parameter.name for parameter in found.parameters])
    if len(found.parameters) > _NAMES_SAID:
        names = counted(len(found.parameters), "value")
    facts = found.facts
    how = _SAMPLERS.get(facts.sampler, f"by the sampler \u201c{facts.sampler}\u201d")
    took = duration(facts.seconds)
    if facts.batch is not None:
        how, took = f"{how}, {whole(facts.batch)} at a time", f"{took} added up over trials"
    trials = counted(len(found.trials), "trial")
    is_short = facts.trials_asked != len(found.trials)
    of_asked = f" of {whole(facts.trials_asked)} asked for" if is_short else ""
    return f"{trials}{of_asked} over {names}, {how}, in {took}."


def _seen(found: Search, results: Results) -> str:
    """What a trial learned from and what it was scored on."""
    splits, facts = results.data.splits, found.facts
    every, scored = splits["training"].rows, splits["validation"].rows
    if facts.set_aside is not None:
        scored = max(1, round(facts.set_aside * every))
        every -= scored
    on = f"all {counted(every, 'training image')}"
    if facts.rows is not None and facts.rows < every:
        on = f"{whole(facts.rows)} of the {whole(every)} training images"
    length = f" for {counted(facts.epochs, 'epoch')} at most" if facts.epochs else ""
    rest = counted(scored, "validation image" if facts.set_aside is None else "other one")
    return f"Each learned from {on}{length} and was scored by {found.score_name} on the {rest}."


def _stopped(found: Search) -> str | None:
    """Pruned and failed trials, counted."""
    pruned, failed = found.count(PRUNED), found.count(FAILED)
    if not pruned + failed:
        return None
    parts = []
    if pruned:
        verb = "was" if pruned == 1 else "were"
        parts.append(f"{whole(pruned)} {verb} pruned (stopped early for a poor validation loss)")
    if failed:
        parts.append(f"{whole(failed)} failed")
    ended = found.count(COMPLETE)
    parts.append(f"{whole(ended) if ended else 'none'} ran to the end")
    return f"{listed(parts)}."


def _best(found: Search) -> str:
    """The best trial's validation score, and that it is not the model's test figure."""
    model = found.model
    test = with_interval(model.accuracy("test"), *model.interval("test"))
    spread = model.over_seeds("test", "accuracy")
    seeds = (
        f", the mean of {counted(len(spread.values), 'seed')} (\u00b1 "
        f"{100 * (spread.deviation or 0.0):.1f})"
        if spread
        else ""
    )
    most = "lowest" if found.lower_is_better else "highest"
    several = len(found.complete) > 1
    flatters = f"; as the {most} of several it flatters a little" if several else ""
    return (
        f"Trial {shown_number(found.best)} was best with {found.shown(found.best.score)}. All "
        f"scores of trials are validation scores{flatters}. Only the best trial\u2019s settings "
        "were fitted again, on all training images, and only that model was tested: "
        f"{test}{seeds}."
    )


def edges(found: Search) -> list[str]:
    """Which best values lie at an end of what was tried."""
    by_key = {parameter.key: parameter for parameter in found.parameters}
    rows = [(by_key[row.parameter], row.value, row.side) for row in found.facts.edges]
    wider = [row for row in rows if _can_be_wider(*row)]
    if len(wider) < 2:
        said = [_edge(*row) for row in rows]
    else:
        parts = listed([f"{p.name} ({value_text(v)}, {_mark(side)})" for p, v, side in wider])
        said = [
            f"The best values of {parts} lie at an end of their ranges: wider ones may do better.",
            *(_edge(*row) for row in rows if row not in wider),
        ]
    if said or not any(map(_edge_can_be, found.parameters)):
        return said
    return ["No best value lies at an end of its range."]


def _can_be_wider(parameter: Parameter, value: JsonValue, side: str) -> bool:
    """Rates, counts and sizes do not go below nothing."""
    least = parameter.low if parameter.choices is None else value
    return side == _HIGH or least != 0


def _mark(side: str) -> str:
    return "the largest tried" if side == _HIGH else "the smallest tried"


def _edge_can_be(parameter: Parameter) -> bool:
    return parameter.choices is None or all(map(is_number, parameter.choices))


def _edge(parameter: Parameter, value: JsonValue, side: str) -> str:
    """One best value at an end of its range."""
    shown = f"The best value of {parameter.name}, {value_text(value)},"
    most = "largest" if side == _HIGH else "smallest"
    if parameter.choices is not None:
        where = f"is the {most} that was tried"
    else:
        where = f"lies at the {'upper' if side == _HIGH else 'lower'} end of its range"
    advice = ": a wider range may do better" if _can_be_wider(parameter, value, side) else ""
    return f"{shown} {where}{advice}."


def _edge_mark(found: Search, parameter: Parameter) -> str | None:
    """The same in a table's cell."""
    for row in found.facts.edges:
        if row.parameter == parameter.key:
            return _mark(row.side).removeprefix("the ")
    return None


def _outside_words(count: int, found: Search) -> str | None:
    """Trials that the figures' scale does not reach."""
    if not count:
        return None
    worse = "above" if found.lower_is_better else "below"
    verb, edge_name = ("is", "head") if found.lower_is_better else ("is", "foot")
    if count > 1:
        verb = "are"
    return (
        f"{counted(count, 'trial')} with a score {worse} the scale {verb} drawn at its {edge_name}."
    )


TRIALS_LISTED = 300


@dataclass(frozen=True)
class SearchPanel:
    """One searched member. by_trial, by_value and lines are figures; lines is None where it would
    show nothing. table: every trial, or `remark` says which."""

    model: Model
    sentences: list[str]
    space: Table
    by_trial: Figure
    by_value: Figure
    lines: Figure | None
    outside: str | None
    table: Table
    remark: str | None


def search_data(results: Results) -> list[SearchPanel]:
    members = [model for model in models_in_study_order(results) if not model.is_committee]
    return [_panel(search, results) for search in searches(members)]


def _panel(search: Search, results: Results) -> SearchPanel:
    axis = score_axis(search)
    lines = parallel(search, axis)
    table, remark = _table(search)
    return SearchPanel(
        model=search.model,
        sentences=search_words(search, results),
        space=_space(search),
        by_trial=trials_figure(search, axis),
        by_value=values_figure(search, axis),
        lines=parallel_figure(search, lines) if lines else None,
        outside=_outside_words(outside(search, axis), search),
        table=table,
        remark=remark,
    )


def _space(search: Search) -> Table:
    values = search.best.values
    columns = (
        text_column("value", "Value"),
        text_column("allowed", "What it may be"),
        text_column("best", "Best"),
        text_column("edge", "At an end"),
    )
    rows = [
        (
            p.name,
            p.allowed,
            value_text(values[p.key]) if p.key in values else None,
            _edge_mark(search, p) or "",
        )
        for p in search.parameters
    ]
    name = f"What was searched for, {search.model.name}"
    return Table(f"search-space-{search.model.anchor}", name, columns, tuple(rows))


def _table(search: Search) -> tuple[Table, str | None]:
    """Every trial in its order; of very many the best are shown, and the copy has all."""
    table = trials_table(search)
    if len(search.trials) <= TRIALS_LISTED:
        return table, None
    kept = [search.trials.index(trial) for trial in search.complete[:TRIALS_LISTED]]
    remark = (
        f"The best {counted(len(kept), 'trial')} of {whole(len(search.trials))}; the CSV of the "
        "figures above has all."
    )
    rows = tuple(table.rows[place] for place in kept)
    return replace(table, key=f"best-{table.key}", rows=rows), remark


def _tables(panels: list[SearchPanel]) -> list[Table]:
    return [table for panel in panels for table in (panel.space, panel.table)]


def _figures(panels: list[SearchPanel]) -> list[Figure]:
    every = [each for panel in panels for each in (panel.by_trial, panel.by_value, panel.lines)]
    return [figure for figure in every if figure]


SECTION = Section(
    key="search",
    data=search_data,
    template="search.html.j2",
    title="Search for settings",
    anchor="search",
    chapter="learning",
    tables=_tables,
    figures=_figures,
)
