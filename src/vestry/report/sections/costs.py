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
    whole,
)
from vestry.report.models import Model, models_by_rank
from vestry.report.plot.figure import Figure
from vestry.report.plot.pareto import Scale, Spent, pareto
from vestry.report.section import Section
from vestry.report.sections import score_figures as score
from vestry.report.table import Column, Table, text_column
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


def _front_words(names: list[str], measured: int, first: Model) -> str | None:
    """Which models no other one beats in the score and latency alike."""
    of = score.name_of(first)
    rest = measured - len(names)
    others = "the other model" if rest == 1 else f"the other {rest} models"
    if measured < 2 or not names:
        return None
    if not rest:
        return f"No model is beaten by another one in {of} and in time at once."
    stand = "stands" if len(names) == 1 else "stand"
    verb = "is" if rest == 1 else "are"
    return (
        f"{listed(names)} {stand} on the Pareto front of {of} against time; {others} {verb} no "
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
class Costs:
    """missing: whose cost was not measured, and why. table: None where none was."""

    lead: list[str]
    figures: list[Figure]
    table: Table | None
    missing: list[str]
    remarks: list[str]


def cost_data(results: Results) -> Costs | None:
    """None for a run without any model."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    front = results.decision.pareto["latency"] if results.decision else []
    timed = sum(model.latency is not None for model in ranked)
    lead = [_quickest_and_slowest(ranked), _front_words(front, timed, ranked[0])]
    has_committee, timed_here = any(model.is_committee for model in ranked), _how(ranked)
    told = _committees() if has_committee and timed_here else None
    return Costs(
        lead=[text for text in lead if text],
        figures=_figures(results, ranked),
        table=_table(ranked) if any(model.cost for model in ranked) else None,
        missing=[
            f"{model.name} has no measured cost: {model.cost.reason}."
            for model in ranked
            if model.cost and model.cost.reason
        ],
        remarks=[text for text in (_cheaper(ranked), timed_here, told) if text],
    )


def _table(ranked: list[Model]) -> Table:
    return Table(
        "costs",
        "What each model costs",
        (
            text_column("model", "Model"),
            Column("latency_ms", "One image", milliseconds, sorts="up"),
            Column("latency_p99_ms", "99th percentile", milliseconds, sorts="up"),
            Column("images_per_second", "Images a second", whole),
            Column("bytes", "Size", file_size, sorts="up"),
            Column("parameters", "Parameters", whole, sorts="up"),
            Column("fit_seconds", "Fit time", duration, sorts="up"),
        ),
        tuple(
            (
                model.name,
                model.latency,
                model.cost.latency.p99_ms if model.cost and model.cost.latency else None,
                model.cost.images_per_second if model.cost else None,
                model.size,
                model.entry.parameters,
                model.entry.fit_seconds,
            )
            for model in ranked
        ),
    )


def _figures(results: Results, ranked: list[Model]) -> list[Figure]:
    """The score that orders the models over time and over size; a figure needs two models to
    compare."""
    found = results.decision
    if not found:
        return []
    settings = DecisionSettings.model_validate(found.settings)
    name = score.name_of(ranked[0])
    drawn: list[Figure] = []
    for key, cost, scale in (
        ("time", "latency", _scale(ranked[0], settings, "ms for one image", settings.max_ms)),
        ("size", "bytes", _scale(ranked[0], settings, "MB of files", settings.max_mb)),
    ):
        spent = _spent_models(found, ranked, cost)
        if len(spent) > 1:
            title = f"{name[0].upper()}{name[1:]} over {key}, validation images"
            remark = "" if drawn else _remark(spent, scale)
            drawn.append(pareto(f"pareto-{key}", title, spent, scale, remark))
    return drawn


def _remark(spent: list[Spent], scale: Scale) -> str:
    """What the marks mean; said once for both figures."""
    said = ["line: Pareto front"]
    if any(model.taken for model in spent):
        said.append("ring: recommended")
    if scale.most is not None or scale.least is not None:
        said.append("dashed: limits")
    if any(model.excluded for model in spent):
        said.append("pale: kept out by a limit")
    return "; ".join(said)


def _scale(first: Model, settings: DecisionSettings, cost: str, most: float | None) -> Scale:
    lower = first.ordered_by is not None and first.ordered_by.better == "lower"
    name = first.ordered_by.name if first.ordered_by else "accuracy"
    least = settings.min_accuracy if first.ordered_by is None else settings.min_score
    return Scale(
        cost=cost,
        cost_key="latency_ms" if cost.startswith("ms") else "size_mb",
        score=f"{score.name_of(first)}{', lower is better' if lower else ''}",
        score_key=f"validation_{name}",
        is_share=score.is_share(first),
        lower_is_better=lower,
        most=most,
        least=least,
    )


def _spent_models(found: Decision, ranked: list[Model], cost: str) -> list[Spent]:
    excluded = {row.name for row in found.excluded}
    return [
        Spent(
            name=model.name,
            series=model.series,
            figure=score.value(model, "validation"),
            cost=value if cost == "latency" else value / 1e6,
            on_front=model.name in found.pareto[cost],
            taken=model.name == found.recommended,
            excluded=model.name in excluded,
        )
        for model in ranked
        if (value := model.latency if cost == "latency" else model.size)
    ]


SECTION = Section(
    key="costs",
    data=cost_data,
    is_shown=lambda costs: costs is not None and bool(costs.table),
    template="costs.html.j2",
    title="What each model costs",
    anchor="cost",
    chapter="compare",
    tables=lambda costs: [costs.table],
    figures=lambda costs: costs.figures,
)
