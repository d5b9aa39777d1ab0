"""The cost section's data: what each model costs, beside how accurate it is."""

from dataclasses import dataclass

from vestry.evaluation.decision_settings import DecisionSettings
from vestry.report.formatting import (
    between,
    counted,
    duration,
    file_size,
    listed,
    milliseconds,
    points,
    roughly,
)
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.pareto import Pareto, Spent, pareto
from vestry.report.section import Section
from vestry.schema.cost import Cost as Measured
from vestry.schema.decision import Decision
from vestry.schema.results import Results

# What accuracy costs, in words.


_NEAR = 0.02
_CHEAPER = 2.0


def _cheaper(ranked: list[Model]) -> str | None:
    """The quickest fit near the leader by validation, where it takes half the time or less."""
    if not ranked:
        return None
    leader, longest = ranked[0], ranked[0].entry.fit_seconds
    best = leader.central_accuracy("validation")
    near = [
        (seconds, place, model)
        for place, model in enumerate(ranked[1:])
        if (seconds := model.entry.fit_seconds)
        and model.central_accuracy("validation") >= best - _NEAR
    ]
    if not longest or not near:
        return None
    least, _, quickest = min(near)
    if longest / least < _CHEAPER:
        return None
    behind = points(between(best, quickest.central_accuracy("validation"))).lstrip("+")
    return (
        f"{leader.name}, ahead by validation, took {duration(longest)} to fit; "
        f"{quickest.name}, {behind} points behind it there, took {duration(least)}."
    )


def _quickest_and_slowest(ranked: list[Model]) -> str | None:
    """How far apart the models are in what one image takes."""
    timed = [(model.latency, model.name) for model in ranked if model.latency is not None]
    if len(timed) < 2:
        return None
    (least, quick), (most, slow) = min(timed), max(timed)
    if most < _CHEAPER * least:
        return f"One image takes {milliseconds(least)} to {milliseconds(most)}."
    return (
        f"One image takes {quick} {milliseconds(least)} and {slow} {milliseconds(most)}, "
        f"{times_as_long(most / least)}."
    )


def times_as_long(times: float) -> str:
    return f"{roughly(times)} times as long" if times >= 10 else f"{times:.1f} times as long"


def _front_words(names: list[str], measured: int) -> str | None:
    """Which models no other one beats in accuracy and latency alike."""
    rest = measured - len(names)
    others = "the other model" if rest == 1 else f"the other {rest} models"
    if measured < 2 or not names:
        return None
    if not rest:
        return "No model is beaten by another one in accuracy and in time at once."
    stand = "stands" if len(names) == 1 else "stand"
    verb = "is" if rest == 1 else "are"
    return (
        f"{listed(names)} {stand} on the front of accuracy against time; {others} {verb} no "
        "better in the one and worse in the other than one of them."
    )


def _how(ranked: list[Model]) -> str | None:
    """How the costs were measured."""
    found = [model.cost for model in ranked if model.cost and model.cost.latency]
    if not found:
        return None
    rounds = sorted({cost.latency.rounds for cost in found if cost.latency and cost.latency.rounds})
    if not rounds:
        return "Times and sizes are as they were given; none was measured here."
    over = f"{rounds[0]} to {rounds[-1]}" if len(rounds) > 1 else str(rounds[0])
    few = " (with fewer than 100 rounds it is the slowest)" if rounds[0] < 100 else ""
    return (
        f"Measured on this machine with {counted(found[0].threads or 0, 'thread')} in one go, "
        f"after a warm-up: the models took turns over {over} rounds, so that noise hits all alike. "
        f"One image: the median of the rounds, and the 99th percentile{few}. Images a second: in "
        "batches, the median of three turns. Size: the files that predicting needs."
    )


def _committees() -> str:
    return (
        "A committee costs what its members cost together, and its rule: in each round the times "
        "of its members and of the rule are added up. A backbone that members share is one file."
    )


@dataclass(frozen=True)
class Cost:
    """One model's row. validation: accuracy there, the mean over seeds. cost: what was measured of
    it, or why nothing was."""

    model: Model
    validation: float
    cost: Measured | None


@dataclass(frozen=True)
class Costs:
    """measured: whether the rows have a cost."""

    lead: list[str]
    figures: list[Pareto]
    rows: list[Cost]
    measured: bool
    remarks: list[str]


def cost_data(results: Results) -> Costs | None:
    """None for a run without any model."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    rows = [Cost(model, model.central_accuracy("validation"), model.cost) for model in ranked]
    front = results.decision.pareto["latency"] if results.decision else []
    timed = sum(model.latency is not None for model in ranked)
    fitting = _cheaper(ranked)
    lead = [_quickest_and_slowest(ranked), _front_words(front, timed)]
    has_committee = any(model.is_committee for model in ranked)
    timed_here = _how(ranked)
    told = _committees() if has_committee and timed_here else None
    remarks = [fitting, timed_here, told]
    return Costs(
        lead=[text for text in lead if text],
        figures=_figures(results, ranked),
        rows=rows,
        measured=any(row.cost for row in rows),
        remarks=[text for text in remarks if text],
    )


def _figures(results: Results, ranked: list[Model]) -> list[Pareto]:
    """Accuracy against time and against size; a figure needs two models to compare."""
    found = results.decision
    if not found:
        return []
    settings = DecisionSettings.model_validate(found.settings)
    most_bytes = None if settings.max_mb is None else 1e6 * settings.max_mb
    drawn = []
    for name, title, axis, text_of, most in (
        ("latency", "Time", "time for one image", milliseconds, settings.max_ms),
        ("bytes", "Size", "size of the model’s files", file_size, most_bytes),
    ):
        spent = _spent_models(found, ranked, name)
        if len(spent) > 1:
            drawn.append(pareto(title, axis, spent, text_of, most, settings.min_accuracy))
    return drawn


def _spent_models(found: Decision, ranked: list[Model], name: str) -> list[Spent]:
    excluded = {row.name for row in found.excluded}
    return [
        Spent(
            name=model.name,
            accuracy=model.central_accuracy("validation"),
            cost=value,
            on_front=model.name in found.pareto[name],
            taken=model.name == found.recommended,
            excluded=model.name in excluded,
        )
        for model in ranked
        if (value := model.latency if name == "latency" else model.size)
    ]


SECTION = Section(
    key="costs",
    data=cost_data,
    template="costs.html.j2",
    style="costs.css.j2",
    title="What it costs",
    anchor="cost",
    chapter="compare",
)
