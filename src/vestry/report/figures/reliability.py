"""The reliability diagram: what a model claims across, what it keeps upwards."""

from dataclasses import dataclass
from math import sqrt
from statistics import median
from typing import Any

from vestry.report.figures.axis import share_axis
from vestry.report.figures.curves import Label, grid, tick_text

DOT = 7.0
SMALLEST, LARGEST = 3.0, 22.0
SIDES = ("before", "after")


@dataclass(frozen=True)
class Dot:
    """path: a stroke of no length on a grid of 1000, whose round ends make a dot `width` wide."""

    path: str
    width: float
    whisker: str


@dataclass(frozen=True)
class Reliability:
    """sides: a CSS class and its dots, by rising confidence. ticks: the same both ways."""

    sides: list[tuple[str, list[Dot]]]
    x_ticks: list[Label]
    y_ticks: list[Label]


def reliability(found: dict[str, Any]) -> Reliability:
    """found: a model's `calibration`."""
    rows = [row for side in SIDES for row in found[side]["bins"]]
    axis = share_axis([v for row in rows for v in (row["confidence"], *row["interval"])])
    usual = median(row["rows"] for row in rows)

    def dot(row: dict[str, Any]) -> Dot:
        x = grid(axis.place(row["confidence"]))
        low, high, y = (1 - axis.place(v) for v in (*row["interval"], row["accuracy"]))
        width = min(LARGEST, max(SMALLEST, DOT * sqrt(row["rows"] / usual)))
        return Dot(f"M{x} {grid(y)}h0", round(width, 1), f"M{x} {grid(high)}V{grid(low)}")

    return Reliability(
        sides=[(side, [dot(row) for row in found[side]["bins"]]) for side in SIDES],
        x_ticks=[Label(tick_text(t, axis, True), axis.place(t), 1) for t in axis.ticks],
        y_ticks=[Label(tick_text(t, axis, True), 0, 1 - axis.place(t)) for t in axis.ticks],
    )
