"""Figures of one kind on a common scale: single values, their mean, and how far they spread."""

from dataclasses import dataclass, field

from vestry.report.formatting import per_cent
from vestry.report.plot.axis import Axis, share_axis


@dataclass(frozen=True)
class Spread:
    """low, high: shares; kind: "interval" of test rows, or "deviation" of repeated fits."""

    low: float
    high: float
    kind: str


@dataclass(frozen=True)
class Strip:
    """One row. text: the figure in words; values: the single ones behind it, if any.

    is_reported: it is someone else's figure, drawn open.
    """

    label: str
    remark: str
    text: str
    value: float
    spread: Spread | None = None
    values: list[float] = field(default_factory=list)
    is_reported: bool = False


@dataclass(frozen=True)
class DrawnStrip:
    """Places on the scale, 0 at its left end and 1 at its right."""

    strip: Strip
    dot: float
    left: float | None
    right: float | None
    dots: list[float]


def deviation(mean: float, spread: float) -> Spread:
    return Spread(max(0.0, mean - spread), min(1.0, mean + spread), "deviation")


def interval(low: float, high: float) -> Spread:
    return Spread(low, high, "interval")


def strip_axis(strips: list[Strip]) -> Axis:
    """A scale that holds every value and spread; it need not start at 0."""
    ends = [end for s in strips if s.spread for end in (s.spread.low, s.spread.high)]
    return share_axis([*ends, *(v for s in strips for v in (s.value, *s.values))])


def axis_ticks(axis: Axis) -> list[tuple[float, str]]:
    digits = 0 if axis.ticks[1] - axis.ticks[0] > 0.0099 else 1
    return [(axis.place(tick), per_cent(tick, digits)) for tick in axis.ticks]


def draw_strip(strip: Strip, axis: Axis) -> DrawnStrip:
    return DrawnStrip(
        strip=strip,
        dot=axis.place(strip.value),
        left=axis.place(strip.spread.low) if strip.spread else None,
        right=axis.place(strip.spread.high) if strip.spread else None,
        dots=[axis.place(value) for value in strip.values],
    )
