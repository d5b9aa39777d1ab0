"""What was measured here beside a remark on how a report made its figures."""

from collections.abc import Callable
from typing import Any

from vestry.report.formatting import (
    counted,
    decimal,
    duration,
    listed,
    per_cent,
    per_cent_range,
    whole,
)
from vestry.report.sections.committees import score_name

# One measured figure in words, with the uncertainty that belongs to it.


_NOT_SHARES = ("log_loss", "brier")


def score_words(score: str) -> str:
    return score_name(score)


def shown(value: float, score: str) -> str:
    return decimal(value) if score in _NOT_SHARES else per_cent(value)


def figure(found: dict[str, Any], score: str) -> str:
    """ "91.2% (90.6 to 91.7)", and the mean over seeds where there are several."""
    text = shown(found["value"], score)
    if found["interval"] is not None:
        text += f" ({per_cent_range(*found['interval'])})"
    several = found["over_seeds"]
    if not several:
        return text
    seeds = len(several["values"])
    return f"{text} with the first seed, {_spread(several, score)} over {seeds} seeds"


def _spread(several: dict[str, Any], score: str) -> str:
    """Mean and deviation: "91.0% ± 0.3"."""
    mean, deviation = several["mean"], several["deviation"]
    if score in _NOT_SHARES:
        return f"{decimal(mean)} \u00b1 {decimal(deviation)}"
    return f"{per_cent(mean)} \u00b1 {decimal(100 * deviation, 1)}"


Claim = dict[str, Any]


def words(claim: Claim) -> str | None:
    """Our side of a remark; says so where this run has no such fact."""
    here, said = claim["here"], claim["said"]
    asked = said.get("here")
    texts = []
    if asked:
        known = asked in here
        texts.append(_FACTS[asked](here[asked]) if known else f"This run has no {_NAMES[asked]}.")
    if here.get("figures"):
        texts.append(_figures(claim))
    return " ".join(texts) or None


def _figures(claim: Claim) -> str:
    """The reported figure and ours, or every model's where none is named."""
    said, here = claim["said"], claim["here"]
    found, score = here["figures"], here["score"]
    of = f" for {said['class']}" if said["class"] else ""
    if len(found) > 1:
        each = listed([f"{shown(row['value'], score)} ({row['name']})" for row in found])
        return f"Here the {score_words(score)}{of} is {each}."
    ours = f"here the {score_words(score)} of {found[0]['name']}{of} is {figure(found[0], score)}"
    if here.get("reported") is None:
        return f"{ours[0].upper()}{ours[1:]}."
    return f"Reported {shown(here['reported'], score)}; {ours}."


def _splits(rows: dict[str, int]) -> str:
    parts = listed([f"{whole(count)} {name}" for name, count in rows.items()])
    return (
        f"Here {parts} images are kept apart: members stop and are chosen by the validation "
        "images, and the test images have no say in either."
    )


def _class_counts(ends: dict[str, list[int]]) -> str:
    parts = listed([f"{name} {range_words(*pair)}" for name, pair in ends.items()])
    return f"Here each split is counted from its own labels: {parts}."


def range_words(low: int, high: int) -> str:
    """ "1 000 a class", "4 748 to 4 852 a class"."""
    return f"{whole(low)} a class" if low == high else f"{whole(low)} to {whole(high)} a class"


def _seeds(found: dict[str, int]) -> str:
    return (
        f"Here the sample grid is drawn with seed {found['samples']} and the votes with seed "
        f"{found['votes']}, so both can be drawn again."
    )


def _duplicates(found: dict[str, dict[str, int]]) -> str:
    parts = [f"{whole(count)} within {name}" for name, count in found["within"].items()]
    parts += [f"{whole(count)} across {names}" for names, count in found["across"].items()]
    return f"Here exact duplicates are counted: {listed(parts)}."


def trunk(card: dict[str, Any]) -> str:
    through, found = card.get("images_through") or 0, card.get("images_found") or 0
    weights = f" with {card['weights']} weights" if card.get("weights") else ""
    text = (
        f"Here the {card['backbone']} trunk{weights} gets its own normalisation "
        f"({card['normalisation']})."
    )
    if through:
        once = f"{counted(through, 'image')} went through the trunk once"
        text += f" {once}, in {duration(card['seconds'])}."
    if found:
        text += f" The features of {counted(found, 'image')} were found from an earlier run."
    return text


def _cross_validation(found: dict[str, Any]) -> str:
    held_out = found["held_out"]
    text = (
        f"Here each of {found['folds']} folds is scored on the images held out of it: "
        f"{_spread(held_out, 'accuracy')}. The model fitted on all training images is right on "
        f"{figure(found['single'], 'accuracy')} of the test images; the one spread is over folds, "
        "the other figure is of one set of test images."
    )
    reported = found.get("reported") or {}
    if "accuracy" in reported:
        text += f" Reported: {per_cent(reported['accuracy'])}."
    return text


_NAMES = {
    "splits": "splits",
    "class counts": "class counts",
    "seeds": "seeds",
    "duplicates": "count of duplicates",
    "trunk": "frozen trunk for that model",
    "cross-validation": "cross-validation of that model",
}
_FACTS: dict[str, Callable[[Any], str]] = {
    "splits": _splits,
    "class counts": _class_counts,
    "seeds": _seeds,
    "duplicates": _duplicates,
    "trunk": trunk,
    "cross-validation": _cross_validation,
}
