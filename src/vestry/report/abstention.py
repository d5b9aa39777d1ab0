"""The data of what each model gains by leaving images unanswered."""

from dataclasses import dataclass
from typing import Any

from vestry.report.figures.risk_coverage import RiskCoverage, risk_coverage
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.sentences import abstention as sentences


@dataclass(frozen=True)
class Abstaining:
    """One model's row. at_coverage: its accuracy in words at each coverage of the head."""

    model: Model
    found: dict[str, Any]
    at_coverage: list[str]


@dataclass(frozen=True)
class Abstention:
    lead: str
    threshold: str
    figure: RiskCoverage
    drawn: str
    sharpest: str | None
    coverages: list[float]
    accuracy: float
    rows: list[Abstaining]


def abstention_data(results: Results) -> Abstention | None:
    """None for the results of an older version, and for a run without any model."""
    ranked = [model for model in models_by_rank(results) if model.entry.get("abstention")]
    if not ranked:
        return None
    first = ranked[0].entry["abstention"]
    return Abstention(
        lead=sentences.answering(ranked[0]),
        threshold=sentences.threshold(ranked[0]),
        figure=risk_coverage(ranked, sentences.LEAST_DRAWN),
        drawn=sentences.drawn_from(first["rows"]),
        sharpest=sentences.sharpest(ranked),
        coverages=[row["coverage_asked"] for row in first["at_coverage"]],
        accuracy=first["threshold"]["accuracy_asked"],
        rows=[abstaining(model) for model in ranked],
    )


def abstaining(model: Model) -> Abstaining:
    found = model.entry["abstention"]
    cells = [sentences.cell(row) for row in found["at_coverage"]]
    return Abstaining(model, found, cells)
