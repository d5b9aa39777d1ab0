"""The answer in two sentences: why this model, and what else one could take."""

from collections.abc import Mapping
from dataclasses import dataclass

from vestry.report.formatting import file_size, milliseconds, roughly
from vestry.report.models import ChosenOn, Model
from vestry.report.sections import score_figures as score
from vestry.report.sections.choice import Choice, considered
from vestry.schema.decision import Decision

_CHEAPEST = {
    "latency": "the quickest",
    "bytes": "the smallest",
    "parameters": "the one with the fewest parameters",
    "ranking": "the first by validation",
}


@dataclass(frozen=True)
class Verdict:
    """label: what stands above the name. evidence: how far the images bear it."""

    label: str
    evidence: str


def verdict(made: Choice) -> Verdict:
    """Of a study that recommends a model."""
    if made.found.evidence == "too_few":
        return Verdict("Ahead so far", "Too few images to choose")
    if made.found.evidence == "level":
        return Verdict("Recommended", _level(made))
    return Verdict("Recommended", "The evidence is clear")


def _level(made: Choice) -> str:
    """Never that others are near where only this is known: that they are not shown to be ahead."""
    if made.taken is not made.best:
        return f"Shown to be within {made.margin} of the most accurate"
    near = made.tests(lambda test: not test.behind)
    if made.tests(lambda test: not test.behind and test.within) == near:
        return f"Others are shown to be within {made.margin}"
    return f"No significant difference from {_some(near)}"


def why(made: Choice) -> str:
    """One sentence."""
    if len(considered(made.found)) == 1:
        return "It is the only model that could be recommended."
    if made.found.evidence == "too_few":
        return _undecided(made)
    if made.settings.prefer != "accuracy":
        wish = "a small model" if made.settings.prefer == "size" else "a short time"
        return f"The study prefers {wish}, and this is {_criterion(made)}."
    return _best(made) if made.taken is made.best else _cheaper(made)


def _undecided(made: Choice) -> str:
    rows, who = made.reason.rows_to_decide, _some(made.reason.undecided)
    if rows is None:
        return f"No significant difference from {who}; no number of images would settle it."
    images = counted_roughly(rows, made.on)
    return f"No significant difference from {who}; about {images} would settle it."


def counted_roughly(rows: int, on: ChosenOn) -> str:
    return f"{roughly(rows)} {on.noun}s"


def _best(made: Choice) -> str:
    near = made.tests(lambda test: not test.behind)
    first = score.is_highest(made.taken).replace("is the", "The").replace("has the", "The")
    if not near:
        others = len(considered(made.found)) - 1
        rest = "the other model" if others == 1 else f"the other {others} models"
        return f"{first} {made.on.in_short}: significantly ahead of {rest}."
    save = "saves" if len(near) == 1 else "save"
    return f"{first} {made.on.in_short}; {_some(near)} {save} too little to count."


def _cheaper(made: Choice) -> str:
    """How near, the evidence says."""
    what = _criterion(made)
    near = f"{made.best.name}, {score.highest(made.best)}"
    return f"{what[0].upper()}{what[1:]} of those near {near}."


def _criterion(made: Choice) -> str:
    return _CHEAPEST[made.reason.decided_by or "ranking"]


def alternative(found: Decision, models: Mapping[str, Model], on: ChosenOn) -> str | None:
    """Who comes next, and at what cost."""
    if found.runner_up is None:
        return None
    model = models[found.runner_up]
    costs = [text for text in (_time(model), file_size(model.size) if model.size else "") if text]
    figure = score.written(model, "validation")
    said = f"{figure} {'right' if model.ordered_by is None else score.name_of(model)}"
    return f"Next: {', '.join([model.name, f'{said} {on.in_short}', *costs])}."


def _time(model: Model) -> str:
    return milliseconds(model.latency) if model.latency else ""


def _some(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{len(names)} others"
