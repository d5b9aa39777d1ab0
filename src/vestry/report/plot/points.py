"""Figures of one kind on a common scale: single values, their mean, and how far they spread."""

from dataclasses import dataclass, field
from math import sqrt
from statistics import median

from vestry.report.formatting import per_cent
from vestry.report.plot.axis import Axis, share_axis
from vestry.report.plot.lines import Label, grid, tick_text
from vestry.schema.confidence import Bin, Calibration


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


# The reliability diagram: what a model claims across, what it keeps upwards.


_DOT = 7.0
SMALLEST, LARGEST = 3.0, 22.0


@dataclass(frozen=True)
class Dot:
    """path: a stroke of no length on a grid of 1000, whose round ends make a dot `width` wide."""

    path: str
    width: float
    whisker: str


@dataclass(frozen=True)
class DrawnReliability:
    """sides: a CSS class and its dots, by rising confidence. ticks: the same both ways."""

    sides: list[tuple[str, list[Dot]]]
    x_ticks: list[Label]
    y_ticks: list[Label]


def draw_reliability(found: Calibration) -> DrawnReliability:
    sides = {"before": found.before.bins, "after": found.after.bins}
    rows = [row for bins in sides.values() for row in bins]
    axis = share_axis([v for row in rows for v in (row.confidence, *row.interval)])
    usual = median(row.rows for row in rows)

    def dot(row: Bin) -> Dot:
        x = grid(axis.place(row.confidence))
        low, high, y = (1 - axis.place(v) for v in (*row.interval, row.accuracy))
        width = min(LARGEST, max(SMALLEST, _DOT * sqrt(row.rows / usual)))
        return Dot(f"M{x} {grid(y)}h0", round(width, 1), f"M{x} {grid(high)}V{grid(low)}")

    return DrawnReliability(
        sides=[(side, [dot(row) for row in bins]) for side, bins in sides.items()],
        x_ticks=[Label(tick_text(t, axis, True), axis.place(t), 1) for t in axis.ticks],
        y_ticks=[Label(tick_text(t, axis, True), 0, 1 - axis.place(t)) for t in axis.ticks],
    )
