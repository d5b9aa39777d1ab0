"""The data of the section on confidence: how far each model's can be taken at its word."""

from dataclasses import dataclass
from typing import Any

from vestry.report.figures.reliability import Reliability, reliability
from vestry.report.models import Model, Results, models_by_rank
from vestry.report.sentences import calibration as sentences

SIDES = (("before", "as it is"), ("after", "at its temperature"))


@dataclass(frozen=True)
class Calibrated:
    """One model. bins: (side in words, bin) by rising confidence."""

    model: Model
    found: dict[str, Any]
    sentences: list[str]
    figure: Reliability
    remark: str
    bins: list[tuple[str, dict[str, Any]]]


@dataclass(frozen=True)
class Calibration:
    lead: str
    models: list[Calibrated]
    summary: str | None
    sides: tuple[tuple[str, str], ...] = SIDES


def calibration_data(results: Results) -> Calibration | None:
    """None for the results of an older version, and for a run without any model."""
    ranked = [model for model in models_by_rank(results) if model.entry.get("calibration")]
    if not ranked:
        return None
    return Calibration(
        lead=sentences.on_average(ranked[0]),
        models=[calibrated(model, model is ranked[0]) for model in ranked],
        summary=sentences.summary(ranked),
    )


def calibrated(model: Model, is_leader: bool) -> Calibrated:
    found = model.entry["calibration"]
    first = [] if is_leader else [sentences.on_average(model)]
    return Calibrated(
        model=model,
        found=found,
        sentences=[*first, *sentences.model(model)],
        figure=reliability(found),
        remark=sentences.dots(found),
        bins=[(words, row) for side, words in SIDES for row in found[side]["bins"]],
    )
