"""Whether each model's confidence can be taken at its word."""

from dataclasses import dataclass
from typing import Literal

from vestry.evaluation.intervals import holds
from vestry.evaluation.paired_tests import LEVEL
from vestry.report.formatting import (
    counted,
    decimal,
    listed,
    per_cent,
    points_range,
    probability,
    signed_range,
    whole,
)
from vestry.report.models import Model, main_model, models_by_rank, unsure_main_first
from vestry.report.plot.figure import Figure
from vestry.report.plot.reliability import others_in_front, reliability_figure
from vestry.report.section import Section
from vestry.report.sections.calibration_tables import brier_table, calibration_table
from vestry.report.table import Table
from vestry.schema import confidence as schema
from vestry.schema.results import Results

_Verdict = Literal["over", "under", "level"]

_TINY = 0.0005
_LITTLE = 0.02
"""Less than this share apart, claim and accuracy are a little apart."""
_ALL = {
    "over": "All {} models are over-confident on average.",
    "under": "All {} models are under-confident on average.",
    "level": "None of the {} models is shown to be surer or less sure than it is right.",
}


def _verdict(model: Model) -> _Verdict:
    return _on_the_whole(model.calibration)


def _on_the_whole(found: schema.Calibration) -> _Verdict:
    """By the paired interval of confidence minus correctness."""
    low, high = found.before.overconfidence_interval
    return "over" if low > 0 else "under" if high < 0 else "level"


def _on_average(model: Model) -> str:
    before = model.calibration.before
    low, high = before.overconfidence_interval
    claims = (
        f"it claims {per_cent(before.confidence)} and is right on {per_cent(before.accuracy)} of "
        f"the test images (claim less accuracy: {points_range(low, high)} points, paired)"
    )
    found = _verdict(model)
    if found == "level":
        who = f"{model.name}{model.of_seed}"
        return f"{who} is not shown to be surer or less sure than it is right: {claims}."
    how = "over-confident" if found == "over" else "under-confident"
    return f"{model.name}{model.of_seed} is {how}: on average {claims}."


def _model_words(shown: Model) -> list[str]:
    """What its bins say, and what a temperature does to that."""
    found = shown.calibration
    return [_error(found), _temperature_words(found)]


def _error(found: schema.Calibration) -> str:
    before = found.before
    groups = counted(len(before.bins), "group")
    if len(before.bins) == 1 and _amount(before.ece) == "0.0":
        return (
            "Claim and accuracy agree to a tenth of a point (the calibration error is 0.0 points)."
        )
    start = (
        f"Over {groups} of test images by confidence, claim and accuracy differ by "
        f"{_gap(before.ece)} on average (the calibration error)"
        if len(before.bins) > 1
        else f"Claim and accuracy differ by {_gap(before.ece)} (the calibration error)"
    )
    if _beyond_chance(before):
        return (
            f"{start}, {_amount(before.ece_debiased)} without what chance adds to it. Chance alone "
            f"does not explain it (p {probability(before.ece_p)}): a perfectly calibrated model "
            f"with these confidences would show about {_amount(before.ece_bias)}."
        )
    return (
        f"{start}. {_may_be_chance(found)} (p {probability(before.ece_p)}): a perfectly "
        f"calibrated model with these confidences shows {_amount(before.ece_bias)} on average and "
        f"up to {_amount(before.ece_chance)} in 95 of 100 cases."
    )


def _may_be_chance(found: schema.Calibration) -> str:
    """Not to be read against what is shown of claim and accuracy on average."""
    if _on_the_whole(found) == "level":
        return "That by itself can be chance"
    return "By groups, a blunter test than that of claim less accuracy, it could be chance"


def _temperature_words(found: schema.Calibration) -> str:
    before, after = found.before, found.after
    if found.edge:
        return (
            f"No temperature suits it: the best for the {_fitted_on(found)} lies at the "
            f"{'lowest' if found.edge == 'low' else 'highest'} that was tried, "
            f"{decimal(found.temperature, 2)}."
        )
    low, high = found.log_loss_change_interval
    losses = f"log loss {decimal(before.log_loss)} before, {decimal(after.log_loss)} after"
    fitted = f"A temperature of {decimal(found.temperature, 2)}, fitted on the {_fitted_on(found)},"
    if holds(found.log_loss_change_interval):
        return (
            f"{fitted} is not shown to change that on the test images: {losses} "
            f"({_change_range(low, high)})."
        )
    effect = "makes it better" if high < 0 else "makes it worse"
    return (
        f"{fitted} {effect} on the test images: {losses} (a difference of "
        f"{signed_range(low, high, 3)}), and a calibration error of {_gap(after.ece)}, which "
        f"{_what_is_left(before, after)}."
    )


def _change_range(low: float, high: float) -> str:
    if max(abs(low), abs(high)) < _TINY:
        return "less than 0.001 apart"
    return f"the difference lies in {signed_range(low, high, 3)}"


def _what_is_left(before: schema.Reliability, after: schema.Reliability) -> str:
    still = "still " * _beyond_chance(before)
    return (
        f"is {still}more than chance would show"
        if _beyond_chance(after)
        else "by itself can be chance"
    )


def _summary(models: list[Model]) -> str | None:
    """Who is over-confident and who is not; only where there are models to compare."""
    if len(models) < 2:
        return None
    named = {
        "Over-confident on average": [m.name for m in models if _verdict(m) == "over"],
        "under-confident": [m.name for m in models if _verdict(m) == "under"],
        "neither is shown": [m.name for m in models if _verdict(m) == "level"],
    }
    parts = [f"{how}: {listed(names)}" for how, names in named.items() if names]
    if len(parts) == 1:
        return _ALL[_verdict(models[0])].format(len(models))
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _dots(found: schema.Calibration) -> str:
    """What the figure's dots are."""
    sizes = [row.rows for row in found.before.bins]
    each = (
        whole(sizes[0])
        if min(sizes) == max(sizes)
        else f"{whole(min(sizes))} to {whole(max(sizes))}"
    )
    images = "test image" if max(sizes) == 1 else "test images"
    return (
        f"Each dot is a group of {each} {images}, alike in confidence; its bar is the 95% "
        "interval of its accuracy. Below the diagonal a model claims more than it keeps."
    )


def _beyond_chance(side: schema.Reliability) -> bool:
    return side.ece_p < LEVEL


def _fitted_on(found: schema.Calibration) -> str:
    return counted(found.fitted_on, "validation image")


def _amount(share: float) -> str:
    return decimal(100 * share, 1)


def _gap(share: float) -> str:
    """ "3.6 points"."""
    return f"{_amount(share)} {'point' if _amount(share) == '1.0' else 'points'}"


_MOST_DRAWN = 12
_TITLE = "Confidence beside accuracy"


@dataclass(frozen=True)
class Calibrated:
    """One model. figure: None past the first twelve, which the table has, too."""

    model: Model
    sentences: list[str]
    figure: Figure | None
    remark: str


@dataclass(frozen=True)
class Calibration:
    """heading: what the recommended model's confidence is worth, without a full stop. figure: of
    the first of `models`, with all others behind it. chosen: the same of each other one, for who
    picks it."""

    heading: str
    figure: Figure
    chosen: list[tuple[Model, Figure]]
    models: list[Calibrated]
    summary: str | None
    unknown: str | None
    table: Table
    brier: Table


def calibration_data(results: Results) -> Calibration | None:
    """None for a run without any model that gave probabilities."""
    models = unsure_main_first(results)
    if not models:
        return None
    first, *others = models
    figure = reliability_figure("reliability", _TITLE, first, others)
    return Calibration(
        heading=_heading(first, main_model(results)),
        figure=figure,
        chosen=others_in_front(models[:_MOST_DRAWN], figure),
        models=[_calibrated(model, place < _MOST_DRAWN) for place, model in enumerate(models)],
        summary=_summary(models),
        unknown=_unknown([model for model in models_by_rank(results) if model.only_labels]),
        table=calibration_table(models),
        brier=brier_table(models),
    )


def _heading(model: Model, main: Model | None) -> str:
    """Whether its confidence is honest, and how far: no more than the paired interval shows."""
    before = model.calibration.before
    claims = f"it claims {per_cent(before.confidence)} and is right on {per_cent(before.accuracy)}"
    if main is not None and main.name != model.name:
        return f"{main.name} gave labels alone; of {model.name}: {claims}"
    found = _verdict(model)
    if found == "level":
        if _beyond_chance(before):
            return f"{model.name} is honest on average, not throughout: {claims}"
        if max(map(abs, before.overconfidence_interval)) < _LITTLE:
            return f"{model.name} is about as sure as it is right: {claims}"
        return f"{model.name} is not shown to be over- or under-confident: {claims}"
    how = "over-confident" if found == "over" else "under-confident"
    return f"{model.name} is {'a little ' * _is_small(before)}{how}: {claims}"


def _is_small(before: schema.Reliability) -> bool:
    return abs(before.overconfidence) < _LITTLE


def _unknown(models: list[Model]) -> str | None:
    """Who gave labels alone."""
    if not models:
        return None
    names = listed([model.name for model in models])
    if len(models) == 1:
        return (
            f"{names} gave labels without probabilities: how sure it was, its log loss and its "
            "calibration are not known, and it cannot abstain."
        )
    return (
        f"{names} gave labels without probabilities: how sure they were, their log losses and "
        "their calibration are not known, and they cannot abstain."
    )


def _calibrated(model: Model, is_drawn: bool) -> Calibrated:
    key, title = f"reliability-{model.anchor}", f"{_TITLE}, {model.name}"
    return Calibrated(
        model=model,
        sentences=[_on_average(model), *_model_words(model)],
        figure=reliability_figure(key, title, model, with_after=True) if is_drawn else None,
        remark=_dots(model.calibration),
    )


def _figures(found: Calibration) -> list[Figure]:
    return [found.figure, *(each.figure for each in found.models if each.figure)]


SECTION = Section(
    key="calibration",
    data=calibration_data,
    template="calibration.html.j2",
    style="calibration.css.j2",
    title="Is every model\u2019s confidence honest?",
    anchor="confidence",
    chapter="trust",
    tables=lambda found: [found.table, found.brier],
    figures=_figures,
)
