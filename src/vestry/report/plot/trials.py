"""Trials of a search: score against each value, and score over trials."""

from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles
from typing import Any

from vestry.report.plot.axis import (
    Axis,
    Place,
    dots,
    jitter,
    log_axis,
    round_axis,
    share_axis,
    ticks_at_foot,
)
from vestry.report.plot.lines import Label, grid, tick_text
from vestry.report.trials import (
    COMPLETE,
    FAILED,
    PRUNED,
    Parameter,
    Search,
    shown_number,
    value_text,
)
from vestry.schema.search import Trial

_MARGIN = 0.04
_ENOUGH_FOR_QUARTILES = 8
_STRIP = 0.55


@dataclass(frozen=True)
class Point:
    """A trial at `x`, 0 to 1 along the figure; score is None where it came to none."""

    x: float
    score: float | None
    state: str
    is_best: bool


@dataclass(frozen=True)
class Points:
    """What one figure shows; x_ticks: (place along the figure, text)."""

    title: str
    remark: str
    points: list[Point]
    x_ticks: list[tuple[float, str]]
    tick_room: float


@dataclass(frozen=True)
class DrawnPoints:
    """Path data on a 1000 x 1000 grid, empty where there is nothing of the kind."""

    figure: Points
    complete: str
    pruned: str
    best: str
    no_score: str
    failed: str
    best_so_far: str
    y_ticks: list[Label]
    end: Label | None


def score_axis(search: Search) -> Axis:
    """A scale for the scores that matter: a trial that learned nothing does not squeeze the rest.

    Scores worse than the quartiles by over twice their distance may fall outside.
    """
    scores = [t.score for t in search.trials if t.score is not None]
    if len(scores) >= _ENOUGH_FOR_QUARTILES:
        first, _, third = quantiles(scores, n=4)
        reach = 2 * (third - first)
        if search.lower_is_better:
            scores = [score for score in scores if score <= third + reach]
        else:
            scores = [score for score in scores if score >= first - reach]
    return (round_axis if search.lower_is_better else share_axis)(scores)


def outside(search: Search, axis: Axis) -> int:
    """How many trials have a score that the axis does not reach."""
    scores = [t.score for t in search.trials if t.score is not None]
    return sum(not axis.low <= score <= axis.high for score in scores)


def parameter_points(search: Search, parameter: Parameter) -> Points:
    """Score against the value of one parameter."""
    places = [(trial, _place_of(parameter, trial)) for trial in search.trials]
    best = search.best.values.get(parameter.key)
    return Points(
        title=parameter.name,
        remark="" if best is None else f"best {value_text(best)}",
        points=[_point(search, trial, x) for trial, x in places if x is not None],
        x_ticks=_parameter_ticks(parameter),
        tick_room=round(1 / len(parameter.choices or [0, 0]), 4),
    )


def _point(search: Search, trial: Trial, x: float) -> Point:
    return Point(x, trial.score, trial.state, trial is search.best)


def _place_of(parameter: Parameter, trial: Trial, spread: float = _STRIP) -> float | None:
    """Where the trial's value stands; trials of one choice are spread over a strip."""
    value = trial.values.get(parameter.key)
    if value is None:
        return None
    if parameter.choices is None and isinstance(value, int | float):
        return round(_MARGIN + (1 - 2 * _MARGIN) * _along(parameter, value), 4)
    if parameter.choices is None or value not in parameter.choices:
        return None
    middle = parameter.choices.index(value) + 0.5
    return round((middle + spread * jitter(shown_number(trial))) / len(parameter.choices), 4)


def _along(parameter: Parameter, value: float) -> float:
    if parameter.log:
        return log_axis(parameter.low, parameter.high).place(value)
    return Axis(parameter.low, parameter.high, ()).place(value)


def _parameter_ticks(parameter: Parameter) -> list[tuple[float, str]]:
    if parameter.choices is not None:
        count = len(parameter.choices)
        return [((i + 0.5) / count, value_text(c)) for i, c in enumerate(parameter.choices)]
    ticks: tuple[Any, ...] = (parameter.low, parameter.high)
    if parameter.log:
        ticks = log_axis(parameter.low, parameter.high).ticks
    return [(_MARGIN + (1 - 2 * _MARGIN) * _along(parameter, t), value_text(t)) for t in ticks]


def score_over_trials(search: Search) -> Points:
    numbers = [shown_number(trial) for trial in search.trials]
    last = max(numbers)
    place = {number: (number - 1) / (last - 1) if last > 1 else 0.5 for number in numbers}
    ends = sorted({1, last})
    return Points(
        title=f"Validation {search.score_name} over trials",
        remark="the line is the best so far",
        points=[
            _point(search, trial, round(place[shown_number(trial)], 4)) for trial in search.trials
        ],
        x_ticks=[(place.get(number, 0.0), f"trial {number}") for number in ends],
        tick_room=0.5,
    )


def draw_points(figure: Points, axis: Axis, search: Search, with_line: bool = False) -> DrawnPoints:
    def at(point: Point) -> Place:
        return point.x, round(1 - axis.place(point.score or 0.0), 4)

    scored = [p for p in figure.points if p.score is not None]
    without = [p for p in figure.points if p.score is None]
    steps = best_so_far(scored, search.lower_is_better) if with_line else []
    return DrawnPoints(
        figure=figure,
        complete=dots([at(p) for p in scored if p.state == COMPLETE and not p.is_best]),
        pruned=dots([at(p) for p in scored if p.state == PRUNED and not p.is_best]),
        best=dots([at(p) for p in scored if p.is_best]),
        no_score=ticks_at_foot([p.x for p in without if p.state != FAILED]),
        failed=ticks_at_foot([p.x for p in figure.points if p.state == FAILED]),
        best_so_far=_step_path([at(p) for p in steps]),
        y_ticks=[
            Label(
                tick_text(tick, axis, not search.lower_is_better), 0, round(1 - axis.place(tick), 4)
            )
            for tick in axis.ticks
        ],
        end=Label(f"{search.shown(steps[-1].score)} best", 1, at(steps[-1])[1]) if steps else None,
    )


def best_so_far(points: list[Point], lower_is_better: bool) -> list[Point]:
    """The complete trials that were better than all before them, in order."""
    leaders: list[Point] = []
    for point in points:
        if point.state != COMPLETE or point.score is None:
            continue
        gain = point.score - (leaders[-1].score or 0.0) if leaders else 0.0
        if not leaders or (gain < 0 if lower_is_better else gain > 0):
            leaders.append(point)
    return leaders


def _step_path(places: list[Place]) -> str:
    """A line that keeps its height until the next place, and to the figure's end."""
    if not places:
        return ""
    steps = [f"M{grid(places[0][0])} {grid(places[0][1])}"]
    steps += [f"H{grid(x)}V{grid(y)}" for _, (x, y) in pairwise(places)]
    return "".join([*steps, "H1000"])


# Parallel coordinates (Inselberg 1985), lying: an axis a row, a line a trial from top to bottom.


_ROW_PIXELS = 56
_MOST_AXES = 12
_MOST_LINES = 100
_FEWEST_TRIALS = 4
_COLOURED = 5
_PARALLEL_STRIP = 0.3


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
    if not 3 <= rows <= _MOST_AXES or len(ended) < _FEWEST_TRIALS:
        return None
    heights = [round((row + 0.5) / rows, 4) for row in range(rows)]
    named = [
        Row(p.name, y, _parameter_ticks(p), round(1 / len(p.choices or [0, 0]), 4))
        for p, y in zip(search.parameters, heights[:-1], strict=True)
    ]
    ends = [
        (axis.place(tick), tick_text(tick, axis, not search.lower_is_better)) for tick in axis.ticks
    ]
    kept = ended[:_MOST_LINES]
    return Parallel(
        rows=[*named, Row(f"validation {search.score_name}", heights[-1], ends, 0.3)],
        trials=[(trial, _places(search, trial, axis)) for trial in kept],
        left_out=len(ended) - len(kept),
    )


def _places(search: Search, trial: Trial, axis: Axis) -> list[float | None]:
    along = [_place_of(parameter, trial, _PARALLEL_STRIP) for parameter in search.parameters]
    return [*along, axis.place(trial.score or 0.0)]


def draw_parallel(figure: Parallel) -> DrawnParallel:
    heights = [row.y for row in figure.rows]
    coloured = min(_COLOURED, max(1, len(figure.trials) // 4))
    lines = [
        (_path(along, heights), "top" if place == 0 else "near" if place < coloured else "far")
        for place, (_, along) in enumerate(figure.trials)
    ]
    return DrawnParallel(figure, _ROW_PIXELS * len(heights), coloured, lines[::-1])


def _path(along: list[float | None], heights: list[float]) -> str:
    """A line through the places that are known; a gap where a trial has no value."""
    steps, pen_down = [], False
    for x, y in zip(along, heights, strict=True):
        if x is not None:
            steps.append(f"{'L' if pen_down else 'M'}{grid(x)} {grid(y)}")
        pen_down = x is not None
    return "".join(steps)
