"""The answer in two sentences: why this model, and what else one could take; and what warns of it.

All of it stands on the first screen, so that it has few words; names that are long are shortened.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from vestry.report.formatting import (
    counted,
    file_size,
    in_short,
    milliseconds,
    roughly,
)
from vestry.report.models import ChosenOn, Model
from vestry.report.sections import score_figures as score
from vestry.report.sections.choice import Choice, considered
from vestry.schema.decision import Decision

_CHEAPEST = {
    "latency": "quickest",
    "bytes": "smallest",
    "parameters": "fewest parameters",
    "ranking": "first by validation",
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
        return f"Shown to be within {made.margin} of the best"
    near = made.tests(lambda test: not test.behind)
    if made.tests(lambda test: not test.behind and test.within) == near:
        return f"Others shown to be within {made.margin}"
    return f"No significant difference from {_some(near)}"


def why(made: Choice) -> str:
    """One sentence."""
    if len(considered(made.found)) == 1:
        return "It is the only model that could be recommended."
    if made.found.evidence == "too_few":
        return _undecided(made)
    if made.settings.prefer != "accuracy":
        wish = "a small model" if made.settings.prefer == "size" else "a short time"
        what = _criterion(made)
        verb = "has" if what == _CHEAPEST["parameters"] else "is"
        return f"The study prefers {wish}, and this {verb} the {what}."
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
    first = score.is_highest(made.taken).replace("is the", "").replace("has the", "")
    first = f"{first.strip()[0].upper()}{first.strip()[1:]}"
    if not near:
        others = len(considered(made.found)) - 1
        rest = "the other model" if others == 1 else f"the other {others} models"
        return f"{first} {_where(made.on)}: significantly ahead of {rest}."
    save = "saves" if len(near) == 1 else "save"
    return f"{first} {_where(made.on)}; {_some(near)} {save} too little."


def _cheaper(made: Choice) -> str:
    """How near, the evidence says."""
    return f"{_criterion(made).capitalize()} of those near {in_short(made.best.name)}."


def _criterion(made: Choice) -> str:
    return _CHEAPEST[made.reason.decided_by or "ranking"]


def alternative(found: Decision, models: Mapping[str, Model], on: ChosenOn) -> str | None:
    """Who comes next, and at what cost."""
    if found.runner_up is None:
        return None
    model = models[found.runner_up]
    costs = [text for text in (_time(model), file_size(model.size) if model.size else "") if text]
    figure = score.written(model, "validation")
    said = figure if model.ordered_by is None else f"{figure} {score.name_of(model)}"
    told = [in_short(model.name), f"{said} {_where(on)}", *map(_unbroken, costs)]
    return f"Next: {', '.join(told)}."


def _where(on: ChosenOn) -> str:
    """ "on validation", "out-of-fold"."""
    return on.in_short.removesuffix(" images")


def _unbroken(cost: str) -> str:
    """A number and its unit stay on one line."""
    return cost.replace(" ", "\u00a0")


def _time(model: Model) -> str:
    return milliseconds(model.latency) if model.latency else ""


def _some(names: list[str]) -> str:
    return in_short(names[0]) if len(names) == 1 else f"{len(names)} others"


# What warns of the answer.


def of_leaks(count: int, rows: int) -> str:
    """Of `rows` test images."""
    every = "All " if count == rows > 1 else ""
    return f"{every}{counted(count, 'test image')} {'is' if count == 1 else 'are'} leaked"


_MOST_WORDS = 12
_END = re.compile(r"\. | instead: |: |; ")


def headed(text: str) -> tuple[str, str]:
    """A warning's start, which says it, and what a click shows: the rest of it, or where it had to
    be cut, the whole."""
    ends = [text[: found.start()] for found in _END.finditer(text)]
    short = [end for end in [text, *reversed(ends)] if count_words(end) <= _MOST_WORDS]
    if not short:
        start = " ".join(text.replace("`", "").split()[: _MOST_WORDS - 1])
        return f"{start}\u2026", text
    rest = re.sub(r"^(?:\.| instead:|:|;) ", "", text[len(short[0]) :])
    return short[0], f"{rest[:1].upper()}{rest[1:]}"


def count_words(*texts: str) -> int:
    """Of what is read: a dash or a bracket alone is none."""
    found = (word for text in texts for word in text.split())
    return sum(any(sign.isalnum() for sign in word) for word in found)
