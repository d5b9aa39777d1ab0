"""What was measured here beside a remark on how a report made its figures."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from vestry.evaluation.claims import RemarkClaim
from vestry.predictions.scores import is_share, score_words
from vestry.report.formatting import (
    counted,
    decimal,
    duration,
    listed,
    per_cent,
    per_cent_range,
    whole,
    with_deviation,
)
from vestry.schema.base import Spread
from vestry.schema.claims import Duplicates, Figure, FoldsFact, Measured
from vestry.schema.training import BackboneFacts

_Thing = TypeVar("_Thing")


def known(value: _Thing | None) -> _Thing:
    """What a claim of its form always has; ValueError where it is missing all the same."""
    if value is None:
        raise ValueError("a claim's measurement lacks a figure of its form")
    return value


# One measured figure in words, with the uncertainty that belongs to it.


def shown(value: float, score: str) -> str:
    return per_cent(value) if is_share(score) else decimal(value)


def figure(found: Figure, score: str) -> str:
    """ "91.2% (90.6 to 91.7)", and the deviation over seeds where there are several."""
    text = shown(found.value, score)
    if found.interval is not None:
        text += f" ({per_cent_range(*found.interval)})"
    several = found.over_seeds
    if not several:
        return text
    seeds = len(several.values)
    return f"{text}, the mean of {seeds} seeds (\u00b1 {_deviation(several, score)})"


def _deviation(several: Spread, score: str) -> str:
    deviation = several.deviation or 0.0
    return decimal(100 * deviation, 1) if is_share(score) else decimal(deviation)


# Our side of a remark.


def remark_words(said: RemarkClaim, here: Measured) -> str | None:
    """None where it asks for nothing; says so where this run has no such fact."""
    texts = []
    if said.here:
        fact = getattr(here, said.here.replace("-", "_").replace(" ", "_"))
        missing = f"This run has no {_NAMES[said.here]}."
        texts.append(missing if fact is None else _FACTS[said.here](fact))
    if here.figures:
        texts.append(_figures(said, here, here.figures))
    return " ".join(texts) or None


def _figures(said: RemarkClaim, here: Measured, found: Sequence[Figure]) -> str:
    """The reported figure and ours, or every model's where none is named."""
    score, first = known(here.score), found[0]
    of = f" for {said.class_}" if said.class_ else ""
    if len(found) > 1:
        each = listed([f"{shown(row.value, score)} ({row.name})" for row in found])
        return f"Here the {score_words(score)}{of} is {each}."
    ours = f"here the {score_words(score)} of {first.name}{of} is {figure(first, score)}"
    if here.reported is None:
        return f"{ours[0].upper()}{ours[1:]}."
    return f"Reported {shown(here.reported, score)}; {ours}."


def _splits(rows: dict[str, int]) -> str:
    parts = listed([f"{whole(count)} {name}" for name, count in rows.items()])
    if "test" not in rows:
        return f"Here {parts} images are learnt from, chosen by and tested on in turns, in folds."
    if "validation" not in rows:
        return (
            f"Here {parts} images are kept apart: models are chosen by the training images, in "
            "folds, and the test images have no say in it."
        )
    return (
        f"Here {parts} images are kept apart: members stop and are chosen by the validation "
        "images, and the test images have no say in either."
    )


def _class_counts(ends: dict[str, tuple[int, int]]) -> str:
    parts = listed([f"{name} {range_words(*pair)}" for name, pair in ends.items()])
    return f"Here each split is counted from its own labels: {parts}."


def range_words(low: int, high: int) -> str:
    """ "1 000 a class", "4 748 to 4 852 a class"."""
    return f"{whole(low)} a class" if low == high else f"{whole(low)} to {whole(high)} a class"


def _seeds(found: dict[str, int | None]) -> str:
    return (
        f"Here the sample grid is drawn with seed {found['samples']} and the votes with seed "
        f"{found['votes']}, so both can be drawn again."
    )


def _duplicates(found: Duplicates) -> str:
    parts = [f"{whole(count)} within {name}" for name, count in found.within.items()]
    parts += [f"{whole(count)} across {names}" for names, count in found.across.items()]
    return f"Here exact duplicates are counted: {listed(parts)}."


def backbone(card: BackboneFacts) -> str:
    text = (
        f"Here the {card.name} backbone with {card.weights} weights gets its own normalisation "
        f"({card.normalisation})."
    )
    if card.images_through:
        once = f"{counted(card.images_through, 'image')} went through the backbone once"
        text += f" {once}, in {duration(card.seconds)}."
    if card.images_found:
        text += f" The features of {counted(card.images_found, 'image')} were found from an "
        text += "earlier run."
    return text


def _cross_validation(found: FoldsFact) -> str:
    held_out = with_deviation(found.held_out.mean, found.held_out.deviation)
    text = (
        f"Here each of {found.folds} folds is scored on the images held out of it: {held_out}. The "
        f"model fitted on all training images is right on {figure(found.single, 'accuracy')} of "
        "the test images; the one spread is over folds, the other figure is of one set of test "
        "images."
    )
    if "accuracy" in found.reported:
        text += f" Reported: {per_cent(found.reported['accuracy'])}."
    return text


_NAMES = {
    "splits": "splits",
    "class counts": "class counts",
    "seeds": "seeds",
    "duplicates": "count of duplicates",
    "backbone": "frozen backbone for that model",
    "cross-validation": "cross-validation of that model",
}
_FACTS: dict[str, Callable[[Any], str]] = {
    "splits": _splits,
    "class counts": _class_counts,
    "seeds": _seeds,
    "duplicates": _duplicates,
    "backbone": backbone,
    "cross-validation": _cross_validation,
}
