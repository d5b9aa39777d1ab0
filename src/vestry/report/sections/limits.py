"""The limits of a study in words: what it asks for, and how a model misses it."""

import math

from vestry.evaluation.candidates import given
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.report.formatting import file_size, listed, milliseconds, per_cent, two_digits
from vestry.schema.decision import CheckedLimit, LimitOnTest

_ASKED = {
    "max_ms": "at most {} for one image",
    "max_mb": "at most {}",
    "min_accuracy": "at least {} right",
    "min_accuracy_per_class": "at least {} right in every class",
    "min_score": "at least {} by the score that chooses",
    "must_explain": "a model that explains its answers (linear models and single trees do)",
}
_UNMEASURED = {"max_ms": "time for one image", "max_mb": "size"}


def asked(settings: DecisionSettings) -> str | None:
    """The study's limits in words; None without any."""
    texts = [_ASKED[name].format(_exact(name, value)) for name, value in given(settings).items()]
    return f"The study asks for {listed(texts)}." if texts else None


def misses(limits: list[CheckedLimit]) -> str:
    return ", and ".join(_miss(limit) for limit in limits)


def _miss(limit: CheckedLimit) -> str:
    """How a model breaks a limit."""
    name = limit.limit
    if name == "must_explain":
        return "does not explain its answers"
    allowed = _exact(name, limit.asked)
    if limit.found is None:
        return f"has no measured {_UNMEASURED[name]}, where {allowed} is the most"
    text = _beside(name, limit.asked, limit.found)
    return _MISSED[name].format(found=text, asked=allowed, of=limit.class_)


_MISSED = {
    "max_ms": "takes {found} for one image, where {asked} is the most",
    "max_mb": "takes {found}, where {asked} is the most",
    "min_score": "reaches {found} by the score that chooses, where {asked} is the least",
    "min_accuracy": "is right on {found} of the validation images, where {asked} is the least",
    "min_accuracy_per_class": "is right on {found} of the validation images of {of}, where {asked} "
    "is the least for every class",
}


def met(limits: list[CheckedLimit]) -> str | None:
    """How surely a model meets the limits; None without any."""
    if not limits:
        return None
    surely = [_asked(each) for each in limits if each.meets == "surely"]
    probably = [f"{_asked(each)} ({_bounds(each)})" for each in limits if each.meets == "probably"]
    said = [f"surely meets {listed(surely)}"] if surely else []
    if probably:
        said.append(
            f"probably meets {listed(probably)}, which is enough here, but not beyond doubt"
        )
    return f"It {'; it '.join(said)}." if said else None


def _asked(limit: CheckedLimit) -> str:
    """ "at most 5 ms for one image"."""
    return _ASKED[limit.limit].format(_exact(limit.limit, limit.asked))


def _bounds(limit: CheckedLimit) -> str:
    """What was found, and how far it may be from that."""
    found = _beside(limit.limit, limit.asked, limit.found or 0.0)
    if limit.interval is None:
        return f"{found}; how much that varies is not known"
    if limit.limit == "max_ms":
        return f"{found} at the median, {milliseconds(limit.interval[1])} in the slowest hundredth"
    low, high = limit.interval
    if limit.limit == "min_accuracy_per_class":
        return (
            f"{found} of {limit.class_}; the lowest class\u2019s interval begins at {per_cent(low)}"
        )
    return f"{found}, {per_cent(low)} to {per_cent(high)}"


def _exact(limit: str, value: float) -> str:
    """A limit as the study gives it."""
    units = {"max_ms": " ms", "max_mb": " MB"}
    return f"{value:g}{units[limit]}" if limit in units else f"{100 * value:.6g}%"


def _beside(name: str, asked: float, value: float) -> str:
    """What was found, with as many digits as tell it from the limit."""
    is_share = name not in ("max_ms", "max_mb")
    plain = {"max_ms": milliseconds(value), "max_mb": file_size(1e6 * value)}
    texts = [per_cent(value, 1) if is_share else plain[name]]
    texts += [
        per_cent(value, digits) if is_share else _exact(name, float(f"{value:.{digits + 1}g}"))
        for digits in (2, 3, 4, 6)
    ]
    same = {_exact(name, asked), *(per_cent(asked, digits) for digits in (1, 2, 3, 4))}
    return next((text for text in texts if text not in same), texts[-1])


def loosened(name: str, wished: float, value: float) -> str:
    """A limit that just lets the model in, rounded so that it still does."""
    if name == "must_explain":
        return "Without asking for a model that explains its answers"
    asked = _exact(name, wished)
    if name == "max_ms":
        return f"With {two_digits(value, up=True)} ms for one image instead of {asked}"
    if name == "max_mb":
        return f"With {two_digits(value, up=True)} MB instead of {asked}"
    if name == "min_score":
        return f"With a score of at least {math.floor(1000 * value) / 10:.1f}% instead of {asked}"
    every = " in every class" if name == "min_accuracy_per_class" else ""
    return f"With at least {math.floor(1000 * value) / 10:.1f}% right{every} instead of {asked}"


def test_miss(limit: LimitOnTest) -> str:
    of = f" of {limit.class_}" if limit.class_ else ""
    found = _beside(limit.limit, limit.asked, limit.found or 0.0)
    return f"{found}{of} instead of {_exact(limit.limit, limit.asked)}"
