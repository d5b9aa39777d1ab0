"""Parallel coordinates (Inselberg 1985), lying: an axis a row, a line a trial, read downwards."""

from dataclasses import dataclass

from vestry.report.formatting import counted
from vestry.report.plot.axis import Axis
from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import Figure, drawn
from vestry.report.plot.frame import Frame
from vestry.report.plot.text import BOLD, shortened, text_width
from vestry.report.plot.trials import parameter_ticks, place_of, score_scale, trials_table
from vestry.report.trials import Search
from vestry.schema.search import Trial

_ROW, _TOP, _SIDE = 60.0, 20.0, 10.0
_MOST_AXES = 12
_MOST_LINES = 100
_FEWEST_TRIALS = 4
_COLOURED = 5
_STRIP = 0.3


@dataclass(frozen=True)
class Row:
    """One axis; ticks: (place along it, text)."""

    name: str
    ticks: list[tuple[float, str]]


@dataclass(frozen=True)
class Parallel:
    """What the figure shows: for each trial, best first, its place on each row (or None)."""

    rows: list[Row]
    trials: list[tuple[Trial, list[float | None]]]
    left_out: int

    @property
    def coloured(self) -> int:
        """How many of the best stand out, the best itself counted."""
        return min(_COLOURED, max(1, len(self.trials) // 4))


def parallel(search: Search, axis: Axis) -> Parallel | None:
    """The complete trials over all parameters and the score; None where that shows no pattern."""
    rows = len(search.parameters) + 1
    ended = search.complete
    if not 3 <= rows <= _MOST_AXES or len(ended) < _FEWEST_TRIALS:
        return None
    scale = score_scale(search, axis)
    scores = [(axis.place(tick), scale.text(tick)) for tick in axis.ticks]
    kept = ended[:_MOST_LINES]
    return Parallel(
        rows=[*(Row(p.name, parameter_ticks(p)) for p in search.parameters),
              Row(scale.title, scores)],
        trials=[(trial, _places(search, trial, axis)) for trial in kept],
        left_out=len(ended) - len(kept),
    )  # fmt: skip


def _places(search: Search, trial: Trial, axis: Axis) -> list[float | None]:
    along = [place_of(parameter, trial, _STRIP) for parameter in search.parameters]
    return [*along, axis.place(trial.score or 0.0)]


def parallel_figure(search: Search, found: Parallel) -> Figure:
    def draw(width: int) -> Canvas:
        canvas = Canvas(width, _TOP + _ROW * len(found.rows))
        heights = [_TOP + _ROW * row for row in range(len(found.rows))]

        def x(place: float) -> float:
            return _SIDE + place * (width - 2 * _SIDE)

        for y in heights:
            canvas.line((_SIDE, y), (width - _SIDE, y), "axis-line")
        for number, (_, along) in reversed(list(enumerate(found.trials))):
            style = "best-trial" if number == 0 else "near-trial" if number < found.coloured else ""
            points = zip(along, heights, strict=True)
            canvas.path(
                [None if place is None else (x(place), y) for place, y in points],
                style or "grey",
            )
        for row, y in zip(found.rows, heights, strict=True):
            _draw_row(canvas, row, y, width)
        return canvas

    more = f"; the best {len(found.trials)} alone" if found.left_out else ""
    return drawn(
        f"trial-lines-{search.model.anchor}",
        f"Every trial across all values, {search.model.name}",
        draw,
        trials_table(search),
        remark=f"a line a trial, from top to bottom; heavy: the best, coloured: the next{more}",
        words=f"{counted(len(found.trials), 'trial')} as lines across "
        + ", ".join(row.name for row in found.rows),
    )


def _draw_row(canvas: Canvas, row: Row, y: float, width: float) -> None:
    """Its name above the axis and what stands at its ticks below, on a ground of their own."""
    name = shortened(row.name, (width - 2 * _SIDE) / BOLD)
    _draw_text(canvas, name, (_SIDE, y - 11), "bold", "start")
    frame = Frame(canvas, _SIDE, y, width - _SIDE, y, Axis(0, 1, ()), Axis(0, 1, ()))
    span = frame.right - frame.left
    room = span / max(1, len(row.ticks)) - 6
    for place, text in row.ticks:
        at, shown = frame.x(place), shortened(text, room)
        canvas.line((at, y), (at, y + 4), "axis-line")
        half = text_width(shown) / 2
        _draw_text(canvas, shown, (min(max(at, half), width - half), y + 13), "quiet", "middle")


def _draw_text(canvas: Canvas, text: str, at: tuple[float, float], style: str, anchor: str) -> None:
    wide = text_width(text) * (BOLD if style == "bold" else 1)
    left = at[0] if anchor == "start" else at[0] - wide / 2
    canvas.rect((left - 2, at[1] - 7), (wide + 4, 14), "ground")
    canvas.text(at, text, style, anchor)
