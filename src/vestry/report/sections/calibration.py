"""Whether each model's confidence can be taken at its word."""

from dataclasses import dataclass
from typing import Literal

from vestry.report.formatting import counted, decimal, listed, per_cent, whole, with_interval
from vestry.report.models import Model, models_by_rank, unsure
from vestry.report.plot.points import DrawnReliability, draw_reliability
from vestry.report.section import Section
from vestry.schema import confidence as schema
from vestry.schema.results import Results

_Verdict = Literal["over", "under", "level"]

_ALL = {
    "over": "All {} models are over-confident on average.",
    "under": "All {} models are under-confident on average.",
    "level": "On average none of the {} models is surer or less sure than it is right, "
    "by more than chance.",
}


def _verdict(model: Model) -> _Verdict:
    """Its mean confidence beside the 95% interval of its accuracy."""
    low, high = model.interval("test")
    confidence = model.calibration.before.confidence
    return "over" if confidence > high else "under" if confidence < low else "level"


def _on_average(model: Model) -> str:
    confidence = per_cent(model.calibration.before.confidence)
    accuracy = with_interval(model.accuracy("test"), *model.interval("test"))
    claims = f"it claims {confidence} and is right on {accuracy} of the test images"
    found = _verdict(model)
    if found == "level":
        return f"On average {model.name} is about as sure as it is right: {claims}."
    how = "over-confident" if found == "over" else "under-confident"
    return f"{model.name} is {how}: on average {claims}."


def _model_words(shown: Model) -> list[str]:
    """What its bins say, and what a temperature does to that."""
    found = shown.calibration
    return [_error(found), _temperature_words(found)]


def _error(found: schema.Calibration) -> str:
    before = found.before
    groups = counted(len(before.bins), "group")
    start = (
        f"Over {groups} of test images by confidence, claim and accuracy differ by "
        f"{_gap(before.ece)} on average (the calibration error)"
        if len(before.bins) > 1
        else f"Claim and accuracy differ by {_gap(before.ece)} (the calibration error)"
    )
    if _beyond_chance(before):
        return (
            f"{start}; a perfectly calibrated model with these confidences would show about "
            f"{_amount(before.ece_bias)} by chance."
        )
    return (
        f"{start}. That is no more than chance makes of a perfectly calibrated model, which "
        f"shows {_amount(before.ece_bias)} on average and up to "
        f"{_amount(before.ece_chance)} in 95 of 100 cases."
    )


def _temperature_words(found: schema.Calibration) -> str:
    before, after = found.before, found.after
    if found.edge:
        return (
            f"No temperature suits it: the best for the {_fitted_on(found)} lies at the "
            f"{'lowest' if found.edge == 'low' else 'highest'} that was tried, "
            f"{decimal(found.temperature, 2)}."
        )
    fitted = f"A temperature of {decimal(found.temperature, 2)}, fitted on the {_fitted_on(found)},"
    left = _gap(after.ece)
    if _amount(after.ece) == _amount(before.ece):
        effect = f"leaves the error at {left}"
    elif after.ece > before.ece:
        effect = f"does not lower the error ({left})"
    elif _beyond_chance(after):
        effect = f"lowers the error to {left}, which is still more than chance would show"
    elif _beyond_chance(before):
        effect = f"removes that: what is left, {left}, is no more than chance would show"
    else:
        effect = f"lowers the error to {left}"
    return f"{fitted} {effect}; {_losses(before.log_loss, after.log_loss)}."


def _losses(before: float, after: float) -> str:
    one, other = decimal(before), decimal(after)
    if one == other:
        return f"log loss stays at {one}"
    return f"log loss {'falls' if after < before else 'rises'} from {one} to {other}"


def _summary(models: list[Model]) -> str | None:
    """Who is over-confident and who is not; only where there are models to compare."""
    if len(models) < 2:
        return None
    named = {
        "Over-confident on average": [m.name for m in models if _verdict(m) == "over"],
        "under-confident": [m.name for m in models if _verdict(m) == "under"],
        "neither by more than chance": [m.name for m in models if _verdict(m) == "level"],
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
    return (
        f"Each dot is a group of {each} test images, alike in confidence; its bar is the 95% "
        "interval of its accuracy. Below the diagonal a model claims more than it keeps."
    )


def _beyond_chance(side: schema.Reliability) -> bool:
    return side.ece > side.ece_chance


def _fitted_on(found: schema.Calibration) -> str:
    return counted(found.fitted_on, "validation image")


def _amount(share: float) -> str:
    return decimal(100 * share, 1)


def _gap(share: float) -> str:
    """ "3.6 points"."""
    return f"{_amount(share)} {'point' if _amount(share) == '1.0' else 'points'}"


_SIDES = (("before", "as it is"), ("after", "at its temperature"))


@dataclass(frozen=True)
class Calibrated:
    """One model. bins: (side in words, bin) by rising confidence."""

    model: Model
    found: schema.Calibration
    sentences: list[str]
    figure: DrawnReliability
    remark: str
    bins: list[tuple[str, schema.Bin]]


@dataclass(frozen=True)
class Calibration:
    lead: str
    models: list[Calibrated]
    summary: str | None
    unknown: str | None
    sides: tuple[tuple[str, str], ...] = _SIDES


def calibration_data(results: Results) -> Calibration | None:
    """None for a run without any model that gave probabilities."""
    ranked = unsure(models_by_rank(results))
    if not ranked:
        return None
    return Calibration(
        lead=_on_average(ranked[0]),
        models=[_calibrated(model, model is ranked[0]) for model in ranked],
        summary=_summary(ranked),
        unknown=_unknown([model for model in models_by_rank(results) if model.only_labels]),
    )


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


def _calibrated(model: Model, is_leader: bool) -> Calibrated:
    found = model.calibration
    first = [] if is_leader else [_on_average(model)]
    return Calibrated(
        model=model,
        found=found,
        sentences=[*first, *_model_words(model)],
        figure=draw_reliability(found),
        remark=_dots(found),
        bins=[(words, row) for side, words in _SIDES for row in getattr(found, side).bins],
    )


SECTION = Section(
    key="calibration",
    data=calibration_data,
    template="calibration.html.j2",
    style="calibration.css.j2",
    title="Confidence",
    anchor="confidence",
)
