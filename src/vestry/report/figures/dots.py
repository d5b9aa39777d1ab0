"""Dots as one path: a stroke of no length with round ends stays round however it is stretched."""

Place = tuple[float, float]


def dots(places: list[Place]) -> str:
    """SVG path data for dots at shares (x from the left, y from the top) of a 1000 grid."""
    return "".join(f"M{1000 * x:g} {1000 * y:g}h0" for x, y in places)


def ticks_at_foot(shares: list[float]) -> str:
    """Short strokes just below the plot, for what has a place along it but no height."""
    return "".join(f"M{1000 * x:g} 1000v45" for x in shares)


def jitter(number: int) -> float:
    """A fixed offset in -0.5..0.5 that differs for neighbouring numbers (golden ratio)."""
    return (number * 0.6180339887) % 1 - 0.5
