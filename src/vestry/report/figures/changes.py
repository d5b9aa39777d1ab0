"""Changes with their intervals on one scale that always holds 0."""

from dataclasses import dataclass

from vestry.report.figures.axis import Axis, round_axis
from vestry.report.numbers import signed


@dataclass(frozen=True)
class DrawnChange:
    """Places on the scale, 0 at its left end and 1 at its right."""

    dot: float
    left: float
    right: float


@dataclass(frozen=True)
class ChangeScale:
    """ticks: (place, text in points); zero: the place of no change."""

    axis: Axis
    zero: float
    ticks: list[tuple[float, str]]


def change_scale(intervals: list[tuple[float, float]]) -> ChangeScale:
    """intervals: (low, high) of differences of shares."""
    axis = round_axis([0.0, *(end for interval in intervals for end in interval)], 3)
    step = axis.ticks[1] - axis.ticks[0]
    digits = 0 if step > 0.0099 else 1 if step > 0.00099 else 2
    ticks = [(axis.place(tick), signed(100 * tick, digits)) for tick in axis.ticks]
    return ChangeScale(axis, axis.place(0.0), ticks)


def draw_change(value: float, interval: tuple[float, float], scale: ChangeScale) -> DrawnChange:
    low, high = interval
    place = scale.axis.place
    return DrawnChange(place(value), place(low), place(high))
