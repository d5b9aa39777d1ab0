"""A model's figure by the score that orders the models, in words: of accuracy, or of another."""

from vestry.predictions.choosing import KEYS
from vestry.report.formatting import (
    between,
    counted,
    decimal,
    per_cent,
    per_cent_range,
    points,
    points_range,
    signed,
    signed_range,
    with_interval,
)
from vestry.report.models import Model
from vestry.schema.base import Interval

_DIGITS = 3


def value(model: Model, split: str) -> float:
    """The mean over seeds; of an accuracy of validation rows less what is due to choices that the
    same rows made."""
    if model.by_score is None:
        return model.central_accuracy(split)
    return model.by_score.on(split)


def is_share(model: Model) -> bool:
    return model.ordered_by is None or model.ordered_by.unit == "share"


def is_better(model: Model, other: Model, split: str) -> bool:
    own, others = value(model, split), value(other, split)
    lower = model.ordered_by is not None and model.ordered_by.better == "lower"
    return own < others if lower else own > others


def written(model: Model, split: str) -> str:
    """ "84.3%", or "0.512" of a score that is no share."""
    found = value(model, split)
    return per_cent(found) if is_share(model) else decimal(found, _DIGITS)


def name_of(model: Model) -> str:
    """ "accuracy", "balanced accuracy"."""
    return model.ordered_by.words if model.ordered_by else "accuracy"


def highest(model: Model) -> str:
    """What the first is: "the most accurate", "the one with the highest balanced accuracy"."""
    return f"the one with {_highest(model)}" if model.ordered_by else "the most accurate"


def is_highest(model: Model) -> str:
    """ "is the most accurate", "has the highest balanced accuracy"."""
    return f"has {_highest(model)}" if model.ordered_by else "is the most accurate"


def _highest(model: Model) -> str:
    lower = model.ordered_by is not None and model.ordered_by.better == "lower"
    return f"the {'lowest' if lower else 'highest'} {name_of(model)}"


def right_on(model: Model, images: str) -> str:
    """Of validation: "right on 84.3% of the 300 validation images", "a balanced accuracy of 84.3%
    on the 300 validation images"."""
    if model.ordered_by is None:
        return f"right on {validation_figure(model)} of the {images}"
    return f"{a_score(model)} of {validation_figure(model)} on the {images}"


def a_score(model: Model) -> str:
    """ "a balanced accuracy", "an area under the ROC curve"."""
    name = name_of(model)
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def validation_figure(model: Model) -> str:
    """With the number of seeds where it is their mean."""
    spread = model.over_seeds("validation", "accuracy")
    seeds = f" (mean of {counted(len(spread.values), 'seed')})" if spread else ""
    return f"{written(model, 'validation')}{seeds}"


def it_is(model: Model) -> str:
    """Of test: "it is right on 83.5% (80.4 to 86.3)", "its balanced accuracy is 78.8% (75.1 to
    81.9)"."""
    if model.ordered_by is None:
        return f"it is right on {test_figure(model)}"
    return f"its {name_of(model)} is {test_figure(model)}"


def test_figure(model: Model) -> str:
    """With its interval, where the score has one."""
    if model.ordered_by is None:
        return with_interval(model.accuracy("test"), *model.interval("test"))
    found = test_interval(model)
    return f"{written(model, 'test')}{f' ({_range(model, found)})' if found else ''}"


def test_interval(model: Model) -> Interval | None:
    """None of a score that has none."""
    if model.ordered_by is None:
        return model.interval("test")
    return model.entry.intervals.test.get(KEYS.get(model.ordered_by.name, model.ordered_by.name))


def _range(model: Model, interval: Interval) -> str:
    if is_share(model):
        return per_cent_range(*interval)
    return f"{decimal(interval[0], _DIGITS)} to {decimal(interval[1], _DIGITS)}"


# Differences: in points where the score is a share.


def gap(one: Model, other: Model, split: str) -> str:
    """ "+1.2 points": of the figures as they are printed."""
    return f"{_less(one, value(one, split), value(other, split))}{' points' * is_share(one)}"


def less_on_test(figure: float, first: Model) -> str:
    """ "−1.2": a model's test figure less the first's, likewise, without its unit."""
    return _less(first, figure, value(first, "test"))


def _less(model: Model, own: float, other: float) -> str:
    if is_share(model):
        return points(between(own, other))
    return signed(round(own, _DIGITS) - round(other, _DIGITS), _DIGITS)


def amount(model: Model, difference: float) -> str:
    """ "+1.2 points", "+0.012"."""
    return f"{points(difference)} points" if is_share(model) else signed(difference, _DIGITS)


def amount_range(model: Model, interval: Interval) -> str:
    """ "+0.3 to +2.1" in the same unit."""
    return points_range(*interval) if is_share(model) else signed_range(*interval, _DIGITS)


def margin_words(margin: float, model: Model | None = None) -> str:
    """ "1 point", "0.5 points"; "0.01" of a score that is no share. model: None of an accuracy."""
    if model and not is_share(model):
        return f"{margin:g}"
    text = f"{100 * margin:g}"
    return f"{text} point" if text == "1" else f"{text} points"
