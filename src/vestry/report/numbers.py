"""Numbers as a reader wants them: per cent with one decimal, thin separators, humane seconds."""

NARROW_SPACE = "\u202f"
MINUS = "\u2212"
NOTHING = "\u2013"


def per_cent(share: float | None, digits: int = 1) -> str:
    """A share in 0..1 as "91.2%"."""
    return NOTHING if share is None else f"{100 * share:.{digits}f}%"


def per_cent_range(low: float, high: float) -> str:
    """An interval of shares as "90.6 to 91.7"."""
    return f"{100 * low:.1f} to {100 * high:.1f}"


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
    return f"{'+' if value > 0 else MINUS}{text}"


def decimal(value: float | None, digits: int = 3) -> str:
    return NOTHING if value is None else f"{value:.{digits}f}".replace("-", MINUS)


def whole(count: float | None) -> str:
    """An integer with thin separators between thousands."""
    return NOTHING if count is None else f"{int(count):,}".replace(",", NARROW_SPACE)


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


def listed(names: list[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} and {names[-1]}"
