"""A difference of two accuracies in words: how large, how sure, and what that rests on."""

from vestry.evaluation.intervals import holds
from vestry.report.formatting import counted, per_cent, points
from vestry.schema.significance import Difference


def size(value: float) -> str:
    """ "1.2 points above", "0.3 points below", "level with"; to follow a name's verb."""
    if abs(value) < 0.0005:
        return "level with it"
    amount = points(abs(value)).lstrip("+")
    noun = "point" if amount == "1.0" else "points"
    return f"{amount} {noun} {'above' if value > 0 else 'below'} it"


def interval(found: Difference) -> str:
    """ "95% interval +0.1 to +1.5 over 3 and 3 seeds"."""
    low, high = found.interval
    return f"95% interval {points(low)} to {points(high)}, {_basis(found)}"


def _basis(found: Difference) -> str:
    """What the interval was made from."""
    if isinstance(found.count, tuple):
        one, other = found.count
        seeds = counted(one, "seed") if one == other else f"{one} and {other} seeds"
        return f"over {seeds} of each" if one == other else f"over {seeds}"
    return f"paired on the same {counted(found.count, 'test image')}"


def verdict(found: Difference) -> str:
    """What the interval allows to say."""
    what = "seeds" if found.over == "seeds" else "images"
    if holds(found.interval):
        return f"The interval holds 0: with these {what} there is no significant difference."
    return f"The interval does not hold 0: that is more than the choice of {what} would explain."


def two_figures(found: Difference, one: str, other: str) -> str:
    """Both accuracies that were subtracted: "A is right on 91.0%, B on 90.2%"."""
    ours, theirs = found.figures
    return (
        f"{one} is right on {per_cent(ours)} of the test images and {other} on {per_cent(theirs)}"
    )


def reason(found: Difference) -> str:
    """Why images were taken although there are several seeds; empty where there is no reason."""
    return f" Seeds were not used: {found.reason}." if found.reason else ""
