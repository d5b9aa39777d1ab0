"""A difference of two accuracies in words: how large, how sure, and what that rests on."""

from vestry.evaluation.difference import sign
from vestry.report.formatting import between, counted, per_cent, points, points_range, probability
from vestry.schema.significance import Difference


def size(found: Difference) -> str:
    """ "1.2 points above", "0.3 points below", "level with"; to follow a name's verb.

    The difference of the two figures as they are printed, so that a reader who subtracts them finds
    it; "within 0.1 points of" where these are the same and the figures are not.
    """
    value = between(*found.figures)
    if not value:
        same = found.figures[0] == found.figures[1]
        return "level with it" if same else "less than 0.1 points from it"
    amount = points(abs(value)).lstrip("+")
    noun = "point" if amount == "1.0" else "points"
    return f"{amount} {noun} {'above' if value > 0 else 'below'} it"


def interval(found: Difference) -> str:
    """ "95% interval +0.1 to +1.5 over images and 3 seeds of each"."""
    low, high = found.interval
    return f"95% interval {points_range(low, high)}, {basis(found)}"


def basis(found: Difference) -> str:
    """What the interval was made from."""
    images = counted(found.count, "test image")
    one, other = found.seeds
    if one == other == 1:
        return f"paired on the same {images}"
    seeds = f"{counted(one, 'seed')} of each" if one == other else f"{one} and {other} seeds"
    return f"over the same {images} and {seeds}"


def verdict(found: Difference) -> str:
    """What the test allows to say."""
    what = "images" if found.over == "images" else "images and seeds"
    if not sign(found):
        return f"With these {what} there is no significant difference{_among(found)}."
    return f"That is more than the choice of {what} would explain{_among(found)}."


def _among(found: Difference) -> str:
    """The p that decides, where it was adjusted."""
    if found.p_holm is None:
        return f" (p {_p(found.p)})"
    return f" (adjusted p {_p(found.p_holm)})"


def _p(value: float) -> str:
    text = probability(value)
    return text if text.startswith("<") else f"= {text}"


def two_figures(found: Difference, one: str, other: str) -> str:
    """Both accuracies that were subtracted: "A is right on 91.0%, B on 90.2%"."""
    ours, theirs = found.figures
    return (
        f"{one} is right on {per_cent(ours)} of the test images and {other} on {per_cent(theirs)}"
    )


def fitted_once(found: Difference, one: str, other: str) -> str:
    """What is assumed of a model that has a single seed beside one with several; else empty."""
    once = [name for name, seeds in zip((one, other), found.seeds, strict=True) if seeds == 1]
    if len(once) != 1:
        return ""
    several = other if once[0] == one else one
    return f" {once[0]} was fitted once: its spread over seeds is taken to be that of {several}."
