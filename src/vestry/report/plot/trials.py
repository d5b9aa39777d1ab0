"""Trials of a search: score over trials, and against each value that was varied."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles

from vestry.report.formatting import NOTHING, decimal, duration, per_cent, whole
from vestry.report.plot.axis import Axis, jitter, log_axis, round_axis, share_axis
from vestry.report.plot.canvas import Canvas, Point
from vestry.report.plot.figure import Figure, drawn
from vestry.report.plot.frame import Frame
from vestry.report.plot.lines import FOOT, TOP, Plot, Scale, tick_room, tick_text
from vestry.report.plot.panels import Cell, Panel, grid_figure, panel_frame
from vestry.report.plot.text import shortened
from vestry.report.table import Column, Table, rows_of, text_column
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
_HEIGHT = 190.0
_MANY = 150


@dataclass(frozen=True)
class TrialPoint:
    """A trial at `x`, 0 to 1 along the figure; score is None where it came to none."""

    x: float
    score: float | None
    state: str
    is_best: bool


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


def parameter_points(search: Search, parameter: Parameter) -> list[TrialPoint]:
    """Score against the value of one parameter."""
    places = [(trial, place_of(parameter, trial)) for trial in search.trials]
    return [_point(search, trial, x) for trial, x in places if x is not None]


def _point(search: Search, trial: Trial, x: float) -> TrialPoint:
    return TrialPoint(x, trial.score, trial.state, trial is search.best)


def place_of(parameter: Parameter, trial: Trial, spread: float = _STRIP) -> float | None:
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


def parameter_ticks(parameter: Parameter) -> list[tuple[float, str]]:
    """(place along the figure, text)."""
    if parameter.choices is not None:
        count = len(parameter.choices)
        return [((i + 0.5) / count, value_text(c)) for i, c in enumerate(parameter.choices)]
    ticks: Sequence[float] = (parameter.low, parameter.high)
    if parameter.log:
        ticks = log_axis(parameter.low, parameter.high).ticks
    return [(_MARGIN + (1 - 2 * _MARGIN) * _along(parameter, t), value_text(t)) for t in ticks]


def score_over_trials(search: Search) -> list[TrialPoint]:
    last = max(shown_number(trial) for trial in search.trials)
    return [
        _point(search, trial, round((shown_number(trial) - 1) / (last - 1), 4) if last > 1 else 0.5)
        for trial in search.trials
    ]


def best_so_far(points: list[TrialPoint], lower_is_better: bool) -> list[TrialPoint]:
    """The complete trials that were better than all before them, in order."""
    leaders: list[TrialPoint] = []
    for point in points:
        if point.state != COMPLETE or point.score is None:
            continue
        gain = point.score - (leaders[-1].score or 0.0) if leaders else 0.0
        if not leaders or (gain < 0 if lower_is_better else gain > 0):
            leaders.append(point)
    return leaders


def score_scale(search: Search, axis: Axis) -> Scale:
    in_per_cent = not search.lower_is_better
    title = f"validation {search.score_name}"
    return Scale(axis, lambda tick: tick_text(tick, axis, in_per_cent), title)


def trials_figure(search: Search, axis: Axis) -> Figure:
    """Score over trials; a line is the best so far."""
    points, scale = score_over_trials(search), score_scale(search, axis)
    last = max(shown_number(trial) for trial in search.trials)
    ends = {0.0: "1", 1.0: whole(last)} if last > 1 else {0.5: "1"}

    def draw(width: int) -> Canvas:
        canvas = Canvas(width, TOP + _HEIGHT + FOOT)
        sides = (tick_room(scale), TOP, width - 24.0, TOP + _HEIGHT)
        frame = Frame(canvas, *sides, Axis(0.0, 1.0, tuple(ends)), axis)
        frame.draw_upwards(scale.text, scale.title)
        frame.draw_across(lambda place: ends[place], "trial")
        steps = best_so_far([p for p in points if p.score is not None], search.lower_is_better)
        canvas.path(_steps([_at(frame, p) for p in steps], frame.right), "quiet-mark thin")
        _draw_trials(frame, points)
        return canvas

    best = search.shown(search.best.score)
    return drawn(
        f"trials-{search.model.anchor}",
        f"Validation {search.score_name} over trials of {search.model.name}",
        draw,
        trials_table(search),
        remark=f"the line is the best so far, {best}; the large dot is the best",
    )


def _steps(places: list[Point], right: float) -> list[Point]:
    """A line that keeps its height until the next place, and to the figure's end."""
    steps = [(x, y) for pair in pairwise(places) for x, y in (pair[0], (pair[1][0], pair[0][1]))]
    return [*steps, *places[-1:], *((right, y) for _, y in places[-1:])]


def _at(frame: Frame, point: TrialPoint) -> Point:
    return frame.at(point.x, point.score or 0.0)


def _draw_trials(frame: Frame, points: Sequence[TrialPoint]) -> None:
    """Dots at their scores, open where pruned; strokes at the foot where there is none."""
    small = 1.8 if len(points) > _MANY else 3.0
    canvas = frame.canvas
    for point in sorted(points, key=lambda p: p.is_best):
        if point.score is None or point.state == FAILED:
            x = frame.x(point.x)
            style = "failed-line" if point.state == FAILED else "axis-line"
            canvas.line((x, frame.bottom), (x, frame.bottom + 7), style)
        elif point.is_best:
            canvas.circle(_at(frame, point), 5.5, "dot c-mark")
        else:
            style = "open trial" if point.state == PRUNED else "trial"
            canvas.circle(_at(frame, point), small, style)


def values_figure(search: Search, axis: Axis) -> Figure:
    """Score against the value of each parameter: a panel each, on one scale."""
    scale = score_scale(search, axis)

    def draw(canvas: Canvas, cell: Cell, number: int) -> None:
        parameter = search.parameters[number]
        best = search.best.values.get(parameter.key)
        panel = Panel(
            parameter.name,
            Plot([], Scale(Axis(0.0, 1.0, ()), str, ""), scale),
            "" if best is None else f"best {value_text(best)}",
        )
        frame = panel_frame(canvas, cell, panel, tick_room(scale), 8)
        _draw_value_ticks(frame, frame.bottom, parameter_ticks(parameter))
        _draw_trials(frame, parameter_points(search, parameter))

    return grid_figure(
        f"trial-values-{search.model.anchor}",
        f"Validation {search.score_name} against each value, {search.model.name}",
        len(search.parameters),
        draw,
        trials_table(search),
        remark="a dot a trial, all on one scale",
    )


def _draw_value_ticks(frame: Frame, y: float, ticks: Sequence[tuple[float, str]]) -> None:
    """What stands at places along the frame, each in a room of its own, inside its ends."""
    span = frame.right - frame.left
    room = span / max(1, len(ticks)) - 4
    for number, (place, text) in enumerate(ticks):
        x = frame.left + place * span
        frame.canvas.line((x, y), (x, y + 4), "axis-line")
        outer = len(ticks) > 1 and number in (0, len(ticks) - 1) and not 0.1 < place < 0.9
        anchor = ("start" if number == 0 else "end") if outer else "middle"
        frame.canvas.text((x, y + 14), shortened(text, room), "quiet", anchor)


def trials_table(search: Search) -> Table:
    """Every trial with its values."""
    is_share = not search.lower_is_better
    columns = (
        Column("trial", "Trial"),
        *(Column(p.key, p.name, _written, p.choices is None) for p in search.parameters),
        Column(
            "score",
            search.score_name.capitalize(),
            per_cent if is_share else decimal,
            sorts="down" if is_share else "up",
        ),
        Column("validation_loss", "Loss", decimal, sorts="up"),
        Column("epochs_run", "Epochs", whole),
        Column("seconds", "Time", duration),
        text_column("state", "What came of it"),
    )
    rows = [
        [
            shown_number(trial),
            *(_value(trial, parameter) for parameter in search.parameters),
            trial.score,
            trial.validation_loss,
            trial.epochs_run,
            trial.seconds,
            _outcome(trial, search),
        ]
        for trial in search.trials
    ]
    anchor = search.model.anchor
    return Table(f"trials-{anchor}", f"Trials of {search.model.name}", columns, rows_of(rows))


def _written(value: str | float | None) -> str:
    return NOTHING if value is None else value_text(value)


def _value(trial: Trial, parameter: Parameter) -> str | float | None:
    value = trial.values.get(parameter.key)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return value_text(value)


def _outcome(trial: Trial, search: Search) -> str:
    if trial is search.best:
        return f"best, {trial.state}"
    return f"{trial.state}: {trial.reason}" if trial.reason else trial.state
