"""Accuracy over the strength of an alteration: one small plot a kind, all on one scale."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.figures.axis import Axis, moved_apart, share_axis
from vestry.report.figures.curves import LABEL_PIXELS, Label, Line, grid, path, tick_text
from vestry.report.numbers import per_cent

HEIGHT = 150
OTHER = "other"


@dataclass(frozen=True)
class LadderCurves:
    """What one plot shows: each model's accuracy on clean images and at each strength.

    named: which lines get a label; the rest are the same grey.
    """

    title: str
    remark: str
    lines: list[Line]
    named: list[str]


@dataclass(frozen=True)
class DrawnLadder:
    """Geometry in shares of the plot; paths on a 1000 x 1000 grid that the page stretches.

    places: where clean images and each strength stand, from the left.
    """

    curves: LadderCurves
    height: int
    paths: list[tuple[str, str]]
    leaders: list[tuple[str, str]]
    y_ticks: list[Label]
    places: list[float]
    labels: list[Label]


def ladder_axis(plots: Sequence[LadderCurves]) -> Axis:
    """One scale for all plots, so that they can be compared by eye."""
    return share_axis([v for plot in plots for line in plot.lines for v in line.values if v], 3)


def draw_ladder(curves: LadderCurves, axis: Axis) -> DrawnLadder:
    steps = len(curves.lines[0].values)

    def x_of(step: float) -> float:
        return round(step / (steps - 1), 4)

    def y_of(value: float) -> float:
        return round(1 - axis.place(value), 4)

    named = [line for line in curves.lines if line.name in curves.named]
    ends = [line.values[-1] or 0.0 for line in named]
    apart = moved_apart([y_of(end) for end in ends], LABEL_PIXELS / HEIGHT)
    # Named lines come last, on top of the grey ones.
    order = sorted(curves.lines, key=lambda line: line.name in curves.named)
    return DrawnLadder(
        curves=curves,
        height=HEIGHT,
        paths=[
            (
                path(line, list(range(steps)), x_of, y_of),
                line.style if line.name in curves.named else OTHER,
            )
            for line in order
        ],
        leaders=[
            (f"M0 {grid(y_of(end))}L1000 {grid(y)}", line.style)
            for line, end, y in zip(named, ends, apart, strict=True)
        ],
        y_ticks=[Label(tick_text(tick, axis, True), 0, y_of(tick)) for tick in axis.ticks],
        places=[x_of(step) for step in range(steps)],
        labels=[
            Label(f"{per_cent(end, 0)} {line.name}", 1, y, line.style)
            for line, end, y in zip(named, ends, apart, strict=True)
        ],
    )
