"""The cost section's data: what each model costs, beside what it is worth."""

from dataclasses import dataclass
from typing import Any

from vestry.report.formatting import (
    counted,
    duration,
    file_size,
    listed,
    milliseconds,
    points,
    roughly,
)
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.plot.pareto import Pareto, Spent, pareto
from vestry.report.section import Section

# What accuracy costs, in words.


_NEAR = 0.02
_CHEAPER = 2.0


def _cheaper(ranked: list[Model]) -> str | None:
    """The quickest fit near the leader by validation, where it takes half the time or less."""
    if not ranked or not ranked[0].entry["fit_seconds"]:
        return None
    leader = ranked[0]
    limit = validation(leader) - _NEAR
    near = [m for m in ranked[1:] if m.entry["fit_seconds"] and validation(m) >= limit]
    if not near:
        return None
    quickest = min(near, key=lambda model: float(model.entry["fit_seconds"]))
    times = leader.entry["fit_seconds"] / quickest.entry["fit_seconds"]
    if times < _CHEAPER:
        return None
    behind = points(validation(leader) - validation(quickest)).lstrip("+")
    return (
        f"{leader.name}, ahead by validation, took {duration(leader.entry['fit_seconds'])} to fit; "
        f"{quickest.name}, {behind} points behind it there, took "
        f"{duration(quickest.entry['fit_seconds'])}."
    )


def validation(model: Model) -> float:
    spread = model.over_seeds("validation", "accuracy")
    return float(spread["mean"]) if spread else model.accuracy("validation")


def latency(model: Model) -> float | None:
    """Milliseconds of one image at the median; None where it was not measured."""
    found = (model.entry.get("cost") or {}).get("latency")
    return float(found["median_ms"]) if found else None


def size(model: Model) -> float | None:
    found: float | None = (model.entry.get("cost") or {}).get("bytes")
    return found


def _quickest_and_slowest(ranked: list[Model]) -> str | None:
    """How far apart the models are in what one image takes."""
    timed = [(ms, model.name) for model in ranked if (ms := latency(model)) is not None]
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
    if measured < 2 or not names:
        return None
    if not rest:
        return "No model is beaten by another one in accuracy and in time at once."
    stand = "stands" if len(names) == 1 else "stand"
    verb = "is" if rest == 1 else "are"
    return (
        f"{listed(names)} {stand} on the front of accuracy against time; the other "
        f"{counted(rest, 'model')} {verb} no better in the one and worse in the other than one of "
        "them."
    )


def _how(ranked: list[Model]) -> str | None:
    """How the costs were measured."""
    found = [
        cost
        for model in ranked
        if (cost := model.entry.get("cost") or {}).get("latency") is not None
    ]
    if not found:
        return None
    rounds = sorted({cost["latency"]["rounds"] for cost in found})
    over = f"{rounds[0]} to {rounds[-1]}" if len(rounds) > 1 else str(rounds[0])
    few = " (with fewer than 100 rounds it is the slowest)" if rounds[0] < 100 else ""
    return (
        f"Measured on this machine with {counted(found[0]['threads'], 'thread')} in one go, after "
        f"a warm-up: the models took turns over {over} rounds, so that noise hits all alike. One "
        f"image: the median of the rounds, and the 99th percentile{few}. Images a second: in "
        "batches, the median of three turns. Size: the files that predicting needs."
    )


def _committees() -> str:
    return (
        "A committee costs what its members cost together, and its rule: in each round the times "
        "of its members and of the rule are added up. A trunk that members share is one file."
    )


@dataclass(frozen=True)
class Cost:
    """One model's row. validation: accuracy there, the mean over seeds. cost: what was measured of
    it, or why nothing was; None in the results of an older version, which have `milliseconds` of
    the test images alone."""

    model: Model
    validation: float
    cost: dict[str, Any] | None
    milliseconds: float | None


@dataclass(frozen=True)
class Costs:
    """measured: whether the rows have a cost; timed: whether they have the older milliseconds."""

    lead: list[str]
    figures: list[Pareto]
    rows: list[Cost]
    measured: bool
    timed: bool
    remarks: list[str]


def cost_data(results: Results) -> Costs | None:
    """None for a run without any model."""
    ranked = models_by_rank(results)
    if not ranked:
        return None
    rows = [
        Cost(
            model,
            validation(model),
            model.entry.get("cost"),
            model.entry.get("milliseconds_per_image"),
        )
        for model in ranked
    ]
    measured = any(row.cost for row in rows)
    front = ((results.get("decision") or {}).get("pareto") or {}).get("latency") or []
    timed = sum(latency(model) is not None for model in ranked)
    fitting = _cheaper(ranked)
    lead = [_quickest_and_slowest(ranked), _front_words(front, timed)]
    has_committee = any(model.is_committee for model in ranked)
    remarks = [fitting, _how(ranked), _committees() if has_committee else None]
    return Costs(
        lead=[text for text in lead if text],
        figures=_figures(results, ranked),
        rows=rows,
        measured=measured,
        timed=not measured and any(row.milliseconds is not None for row in rows),
        remarks=[text for text in remarks if text],
    )


def _figures(results: Results, ranked: list[Model]) -> list[Pareto]:
    """Accuracy against time and against size; a figure needs two models to compare."""
    found = results.get("decision")
    if not found:
        return []
    settings = found["settings"]
    most_bytes = None if settings["max_mb"] is None else 1e6 * settings["max_mb"]
    drawn = []
    for name, title, axis, text_of, most in (
        ("latency", "Time", "time for one image", milliseconds, settings["max_ms"]),
        ("bytes", "Size", "size of the model’s files", file_size, most_bytes),
    ):
        spent = _spent_models(found, ranked, name)
        if len(spent) > 1:
            drawn.append(pareto(title, axis, spent, text_of, most, settings["min_accuracy"]))
    return drawn


def _spent_models(found: dict[str, Any], ranked: list[Model], name: str) -> list[Spent]:
    excluded = {row["name"] for row in found["excluded"]}
    cost = {"latency": latency, "bytes": size}[name]
    return [
        Spent(
            name=model.name,
            accuracy=validation(model),
            cost=value,
            on_front=model.name in found["pareto"][name],
            taken=model.name == found["recommended"],
            excluded=model.name in excluded,
        )
        for model in ranked
        if (value := cost(model))
    ]


SECTION = Section(
    key="costs",
    data=cost_data,
    template="costs.html.j2",
    style="costs.css.j2",
    title="What it costs",
    anchor="cost",
)
