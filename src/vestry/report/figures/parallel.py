"""Parallel coordinates (Inselberg 1985), lying: an axis a row, a line a trial from top to bottom.

Rows instead of columns leave names room to be read, on a phone as well.
"""

from dataclasses import dataclass

from vestry.report.figures.axis import Axis
from vestry.report.figures.curves import grid, tick_text
from vestry.report.figures.trials import parameter_ticks, place_of
from vestry.report.trials import Search, Trial

ROW_PIXELS = 56
MOST_AXES = 12
MOST_LINES = 100
FEWEST_TRIALS = 4
COLOURED = 5
STRIP = 0.3


@dataclass(frozen=True)
class Row:
    """One axis. y: its height, 0 at the top; ticks: (place along it, text)."""

    name: str
    y: float
    ticks: list[tuple[float, str]]
    tick_room: float


@dataclass(frozen=True)
class Parallel:
    """What the figure shows: for each trial, best first, its place on each row (or None)."""

    rows: list[Row]
    trials: list[tuple[Trial, list[float | None]]]
    left_out: int


@dataclass(frozen=True)
class DrawnParallel:
    """lines: (path data on a 1000 x 1000 grid, style), the best last so that it lies on top."""

    figure: Parallel
    height: int
    coloured: int
    lines: list[tuple[str, str]]


def parallel(search: Search, axis: Axis) -> Parallel | None:
    """The complete trials over all parameters and the score; None where that shows no pattern."""
    rows = len(search.parameters) + 1
    ended = search.complete
    if not 3 <= rows <= MOST_AXES or len(ended) < FEWEST_TRIALS:
        return None
    heights = [round((row + 0.5) / rows, 4) for row in range(rows)]
    named = [
        Row(p.name, y, parameter_ticks(p), round(1 / len(p.choices or [0, 0]), 4))
        for p, y in zip(search.parameters, heights[:-1], strict=True)
    ]
    ends = [
        (axis.place(tick), tick_text(tick, axis, not search.lower_is_better)) for tick in axis.ticks
    ]
    kept = ended[:MOST_LINES]
    return Parallel(
        rows=[*named, Row(f"validation {search.score_name}", heights[-1], ends, 0.3)],
        trials=[(trial, places(search, trial, axis)) for trial in kept],
        left_out=len(ended) - len(kept),
    )


def places(search: Search, trial: Trial, axis: Axis) -> list[float | None]:
    along = [place_of(parameter, trial, STRIP) for parameter in search.parameters]
    return [*along, axis.place(trial.score or 0.0)]


def draw_parallel(figure: Parallel) -> DrawnParallel:
    heights = [row.y for row in figure.rows]
    coloured = min(COLOURED, max(1, len(figure.trials) // 4))
    lines = [
        (path(along, heights), "top" if place == 0 else "near" if place < coloured else "far")
        for place, (_, along) in enumerate(figure.trials)
    ]
    return DrawnParallel(figure, ROW_PIXELS * len(heights), coloured, lines[::-1])


def path(along: list[float | None], heights: list[float]) -> str:
    """A line through the places that are known; a gap where a trial has no value."""
    steps, pen_down = [], False
    for x, y in zip(along, heights, strict=True):
        if x is not None:
            steps.append(f"{'L' if pen_down else 'M'}{grid(x)} {grid(y)}")
        pen_down = x is not None
    return "".join(steps)
