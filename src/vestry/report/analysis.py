"""The analysis section's data: strengths, weaknesses and overfitting of every model."""

from dataclasses import dataclass
from typing import Any

from vestry.report.figures.bars import Group, bar_groups
from vestry.report.models import Model, Results, models_by_rank, models_in_study_order
from vestry.report.sentences import overfitting, strengths


@dataclass(frozen=True)
class Strength:
    """One model's row: classes of high and of low F1 in words, confused pairs with both ways."""

    model: Model
    high: str
    low: str
    confused: list[tuple[str, str]]
    more_pairs: int
    sentence: str


@dataclass(frozen=True)
class HardClass:
    """What all members together make of one class."""

    name: str
    facts: dict[str, Any]
    taken_for: str


@dataclass(frozen=True)
class Overfitting:
    name: str
    facts: dict[str, Any]
    sentence: str


@dataclass(frozen=True)
class Analysis:
    lead: list[str]
    groups: list[Group]
    strengths: list[Strength]
    hard_classes: list[HardClass]
    members: int
    overfitting: list[Overfitting]


def analysis_data(results: Results) -> Analysis | None:
    """None for the results of an older version, which have no analysis, and for a run without any
    model."""
    ranked = [model for model in models_by_rank(results) if model.entry.get("analysis")]
    if not ranked:
        return None
    names = results["data"]["classes"]
    found = results.get("misclassified") or {"members": 0, "classes": []}
    networks = overfit_networks(results)
    said = [
        strengths.hardest_class(found, names),
        strengths.wrong_for_all(found) if found["members"] else None,
        overfitting.summary(networks),
    ]
    return Analysis(
        lead=[text for text in said if text],
        groups=bar_groups(ranked),
        strengths=[strength(model, names) for model in ranked],
        hard_classes=hard_classes(found, names),
        members=found["members"],
        overfitting=[
            Overfitting(name, facts, overfitting.network(name, facts)) for name, facts in networks
        ],
    )


def overfit_networks(results: Results) -> list[tuple[str, dict[str, Any]]]:
    """Networks with both losses, by name, in study order."""
    found = [
        (model.name, (model.entry.get("analysis") or {}).get("overfitting"))
        for model in models_in_study_order(results)
    ]
    return [(name, facts) for name, facts in found if facts]


def strength(model: Model, names: list[str]) -> Strength:
    analysis = model.entry["analysis"]
    confused = analysis["confused"]
    return Strength(
        model=model,
        high=strengths.classes(analysis["high"], names),
        low=strengths.classes(analysis["low"], names),
        confused=[
            (strengths.pair(pair, names), strengths.both_ways(pair, names)) for pair in confused
        ],
        more_pairs=analysis["confused_pairs"] - len(confused),
        sentence=strengths.model(model.name, analysis, names),
    )


def hard_classes(found: dict[str, Any], names: list[str]) -> list[HardClass]:
    """Classes with test images, the hardest first."""
    rows = sorted(
        (row for row in found["classes"] if row["support"]), key=lambda row: row["mean_f1"]
    )
    return [
        HardClass(
            names[row["class"]],
            row,
            ", ".join(f"{names[taken['class']]} {taken['count']}" for taken in row["taken_for"]),
        )
        for row in rows
    ]
