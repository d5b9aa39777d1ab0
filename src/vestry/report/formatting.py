"""Numbers as a reader wants them: per cent with one decimal, commas, humane seconds."""

import math
from collections.abc import Callable

_MINUS = "\u2212"
NOTHING = "\u2013"
_MORE_DIGITS = 4
_SHORT_NAME, _SHORT_END = 24, 8


def plain(value: object) -> str:
    """Text as it is; an en dash for nothing."""
    return NOTHING if value is None else str(value)


def per_cent(share: float | None, digits: int = 1) -> str:
    """A share in 0..1 as "91.2%"."""
    return NOTHING if share is None else f"{100 * share:.{digits}f}%"


def per_cent_range(low: float, high: float) -> str:
    """An interval of shares as "90.6 to 91.7"; with more digits where these hide its width."""
    return _range(100 * low, 100 * high, lambda value, digits: f"{value:.{digits}f}")


def points_range(low: float, high: float) -> str:
    """An interval of a difference of two shares, in points: "−0.1 to +0.9"."""
    return signed_range(100 * low, 100 * high, 1)


def signed_range(low: float, high: float, digits: int) -> str:
    """An interval of a difference: "−0.003 to +0.010"."""
    return _range(low, high, signed, digits)


def _range(low: float, high: float, text: Callable[[float, int], str], digits: int = 1) -> str:
    """Both ends with as many digits as it takes to tell them apart; a few more at most."""
    for more in range(_MORE_DIGITS):
        ends = text(low, digits + more), text(high, digits + more)
        if ends[0] != ends[1]:
            return " to ".join(ends)
    return f"{text(low, digits)} to {text(high, digits)}"


def with_interval(share: float, low: float, high: float) -> str:
    """A share with its interval: "91.2% (90.6 to 91.7)"."""
    return f"{per_cent(share)} ({per_cent_range(low, high)})"


def with_deviation(mean: float, deviation: float | None) -> str:
    """A mean share with its deviation in points: "91.2% ± 0.3"."""
    return per_cent(mean) if deviation is None else f"{per_cent(mean)} ± {100 * deviation:.1f}"


def points(difference: float | None) -> str:
    """A difference of two shares in percentage points, signed: "+0.3"."""
    return NOTHING if difference is None else signed(100 * difference, 1)


def signed(value: float, digits: int) -> str:
    text = f"{abs(value):.{digits}f}"
    if not float(text):
        return text
    return f"{'+' if value > 0 else _MINUS}{text}"


def between(ours: float, theirs: float) -> float:
    """Ours less theirs, of the figures as `per_cent` prints them, so that who subtracts these finds
    it. A share."""
    return round(round(100 * ours, 1) - round(100 * theirs, 1), 1) / 100


def decimal(value: float | None, digits: int = 3) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}".replace("-", _MINUS)


def whole(count: float | None) -> str:
    """An integer with commas between thousands."""
    return NOTHING if count is None else f"{int(count):,}"


def roughly(count: float) -> str:
    """Two leading digits of a large number: 34213 as "34,000"."""
    digits = max(0, len(str(round(count))) - 2)
    return whole(round(count, -digits))


def probability(p: float | None) -> str:
    """A p value: "0.041", "< 0.001"."""
    if p is None:
        return NOTHING
    return "< 0.001" if p < 0.0005 else f"{p:.3f}"


def two_digits(value: float, up: bool | None = None) -> str:
    """A positive number with two significant digits: "0.031", "4.7", "55", "1,200".

    up: rounded up, or down, where the rounded number must still hold what the exact one does.
    """
    step = 10.0 ** (math.floor(math.log10(value)) - 1)
    count = value / step
    # A figure that is a round number already must not move by what its division leaves over.
    whole_steps = {True: math.ceil(count - 1e-9), False: math.floor(count + 1e-9)}
    rounded = step * (round(count) if up is None else whole_steps[up])
    return whole(round(rounded)) if rounded >= 10 else f"{rounded:.2g}"


def milliseconds(value: float | None) -> str:
    """ "0.031 ms", "55 ms", "1.2 s"."""
    if not value:
        return NOTHING
    return f"{two_digits(value)} ms" if value < 995 else f"{two_digits(value / 1000)} s"


def file_size(count: float | None) -> str:
    """Bytes as "47 kB", "0.37 MB", "96 MB"."""
    if not count:
        return NOTHING
    return f"{two_digits(count / 1e3)} kB" if count < 99_500 else f"{two_digits(count / 1e6)} MB"


def duration(seconds: float | None) -> str:
    """Seconds in the unit that a person would say: "0.4 s", "12 s", "2 min 5 s", "1 h 4 min"."""
    if seconds is None:
        return NOTHING
    if seconds < 0.095:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (rest if not hours else 0, "s")]
    return " ".join(f"{amount} {unit}" for amount, unit in parts if amount)


def counted(count: int, noun: str, plural: str | None = None) -> str:
    """ "1 image", "12 images"."""
    return f"{whole(count)} {noun if count == 1 else plural or noun + 's'}"


def in_short(name: str) -> str:
    """A name without its middle where it is long: names often differ at their end."""
    start, end = _SHORT_NAME - _SHORT_END - 1, _SHORT_END
    if len(name) <= _SHORT_NAME:
        return name
    return f"{name[:start].rstrip()}\u2026{name[-end:].lstrip()}"


def listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
