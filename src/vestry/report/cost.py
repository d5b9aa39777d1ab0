"""The cost section's data: what each model costs, beside what it is worth."""

from dataclasses import dataclass
from typing import Any

from vestry.report.figures.pareto import Pareto, Spent, pareto
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.numbers import file_size, milliseconds
from vestry.report.sentences import costs as sentences


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
            sentences.validation(model),
            model.entry.get("cost"),
            model.entry.get("milliseconds_per_image"),
        )
        for model in ranked
    ]
    measured = any(row.cost for row in rows)
    front = ((results.get("decision") or {}).get("pareto") or {}).get("latency") or []
    timed = sum(sentences.latency(model) is not None for model in ranked)
    fitting = sentences.cheaper(ranked)
    lead = [sentences.quickest_and_slowest(ranked), sentences.front(front, timed)]
    has_committee = any(model.is_committee for model in ranked)
    remarks = [fitting, sentences.how(ranked), sentences.committees() if has_committee else None]
    return Costs(
        lead=[text for text in lead if text],
        figures=figures(results, ranked),
        rows=rows,
        measured=measured,
        timed=not measured and any(row.milliseconds is not None for row in rows),
        remarks=[text for text in remarks if text],
    )


def figures(results: Results, ranked: list[Model]) -> list[Pareto]:
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
        spent = spent_models(found, ranked, name)
        if len(spent) > 1:
            drawn.append(pareto(title, axis, spent, text_of, most, settings["min_accuracy"]))
    return drawn


def spent_models(found: dict[str, Any], ranked: list[Model], name: str) -> list[Spent]:
    excluded = {row["name"] for row in found["excluded"]}
    cost = {"latency": sentences.latency, "bytes": sentences.size}[name]
    return [
        Spent(
            name=model.name,
            accuracy=sentences.validation(model),
            cost=value,
            on_front=model.name in found["pareto"][name],
            taken=model.name == found["recommended"],
            excluded=model.name in excluded,
        )
        for model in ranked
        if (value := cost(model))
    ]
