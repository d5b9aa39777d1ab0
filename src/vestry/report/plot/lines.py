"""Lines over a common scale, each named at its end."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.formatting import decimal, per_cent
from vestry.report.plot.axis import Axis, LogAxis, round_axis, share_axis
from vestry.report.plot.canvas import COLOURS, Canvas, Point
from vestry.report.plot.figure import NARROW, THIRD, WIDE, Figure, drawn
from vestry.report.plot.frame import LABEL_GAP, EndLabel, Frame, draw_end_labels
from vestry.report.plot.text import BOLD, text_width
from vestry.report.table import Table

TOP, FOOT = 30.0, 46.0
"""Pixels above a frame for its upright axis's title, and below it for the other one's."""
_LEADER = 17.0
_BARE = 14.0
_MOST_LABEL = 0.42
_HEIGHT = 210.0


@dataclass(frozen=True)
class Line:
    """A line and its name. points: in the units of the axes; None leaves a gap.

    series: the place in the study of the model that it is of. label: beside its end; none where
    empty. weight: "strong", "usual", "thin", or "grey" for who is not named. dashed: of what is not
    judged, as training figures are. dotted: whether each point has its marker, else the end alone.
    spread: (x, low, high), drawn as a band. follows: whether it stands out where the page's picker
    has its model.
    """

    name: str
    points: Sequence[Point | None]
    series: int
    label: str = ""
    weight: str = "usual"
    dashed: bool = False
    dotted: bool = False
    spread: Sequence[tuple[float, float, float]] = ()
    follows: bool = False

    @property
    def known(self) -> list[Point]:
        return [point for point in self.points if point is not None]


@dataclass(frozen=True)
class Scale:
    """An axis, what stands at its ticks, and its title with the unit."""

    axis: Axis | LogAxis
    text: Callable[[float], str]
    title: str


def share_scale(values: Sequence[float], title: str, tick_count: int = 4) -> Scale:
    """Of shares, in per cent."""
    axis = share_axis(list(values), tick_count)
    return Scale(axis, lambda tick: tick_text(tick, axis, True), title)


def number_scale(values: Sequence[float], title: str, tick_count: int = 4) -> Scale:
    axis = round_axis(list(values), tick_count)
    return Scale(axis, lambda tick: tick_text(tick, axis, False), title)


def tick_text(tick: float, axis: Axis, in_per_cent: bool) -> str:
    step = axis.ticks[1] - axis.ticks[0]
    if in_per_cent:
        return per_cent(tick, 0 if step > 0.0099 else 1)
    return decimal(tick, 0 if step > 0.99 else 1 if step > 0.099 else 2 if step > 0.0099 else 3)


@dataclass(frozen=True)
class Plot:
    """What stands in one frame. marked: a place across that an upright line marks. reference: a
    height that a level line marks."""

    lines: Sequence[Line]
    across: Scale
    upwards: Scale
    marked: float | None = None
    reference: float | None = None


def line_figure(
    key: str,
    title: str,
    plot: Plot,
    data: Table,
    *,
    remark: str = "",
    words: str = "",
    height: float = _HEIGHT,
    widths: tuple[int, ...] = (NARROW, THIRD, WIDE),
) -> Figure:
    """One plot, as wide as the figure. height: of its frame; more where labels need it."""
    named = sum(bool(line.label) for line in plot.lines)
    tall = max(height, LABEL_GAP * named)

    def draw(width: int) -> Canvas:
        canvas = Canvas(width, TOP + tall + FOOT)
        room = label_room(plot.lines, width)
        left = tick_room(plot.upwards)
        draw_plot(canvas, (left, TOP, width - room, TOP + tall), plot, room)
        return canvas

    return drawn(key, title, draw, data, remark=remark, words=words, widths=widths)


def label_room(lines: Sequence[Line], width: float) -> float:
    """Pixels right of a frame for the names of its lines."""
    named = [line for line in lines if line.label]
    if not named:
        return _BARE
    widths = [text_width(each.label) * (BOLD if _can_be_bold(each) else 1) for each in named]
    return _LEADER + min(_MOST_LABEL * width, max(widths)) + 2


def _can_be_bold(line: Line) -> bool:
    return line.follows or line.weight == "strong"


def tick_room(scale: Scale) -> float:
    """Pixels left of a frame for what stands at its ticks."""
    return max(text_width(scale.text(tick)) for tick in scale.axis.ticks) + 9


def draw_plot(
    canvas: Canvas, sides: tuple[float, float, float, float], plot: Plot, room: float
) -> Frame:
    """`plot` in the frame of `sides` (left, top, right, bottom), names in `room` pixels right."""
    left, top, right, bottom = sides
    frame = Frame(canvas, *sides, plot.across.axis, plot.upwards.axis)
    canvas.rect((left, top), (right - left, bottom - top), "frame")
    frame.draw_upwards(plot.upwards.text, plot.upwards.title)
    frame.draw_across(plot.across.text, plot.across.title)
    if plot.marked is not None:
        x = frame.x(plot.marked)
        canvas.line((x, frame.top), (x, frame.bottom), "marked")
    if plot.reference is not None:
        y = frame.y(plot.reference)
        canvas.line((frame.left, y), (frame.right, y), "marked")
    draw_lines(frame, plot.lines, room)
    return frame


def draw_lines(frame: Frame, lines: Sequence[Line], room: float) -> None:
    """Those that matter most last, on top; names moved apart."""
    order = {"grey": 0, "thin": 1, "usual": 2, "strong": 3}
    shown = sorted(lines, key=lambda line: (order[line.weight], not line.dashed))
    for line in shown:
        _band(frame, line)
    for line in shown:
        _line(frame, line)
    named = [line for line in lines if line.label and line.known]
    ends = [
        EndLabel(
            line.label,
            frame.y(line.known[-1][1]),
            f"{_colour(line)}{_followed(line)}",
            line.weight == "strong",
            _can_be_bold(line),
        )
        for line in named
    ]
    draw_end_labels(frame.canvas, ends, frame, room)


def _line(frame: Frame, line: Line) -> None:
    points = [None if point is None else frame.at(*point) for point in line.points]
    frame.canvas.path(points, _style(line))
    if line.weight == "grey" or line.dashed or not line.known:
        return
    marked = line.known if line.dotted else line.known[-1:]
    for point in marked:
        frame.canvas.marker(frame.at(*point), line.series, radius=3.5)


def _band(frame: Frame, line: Line) -> None:
    """From the low to the high end; an upright stroke where there is one place."""
    if len(line.spread) > 1:
        upper = [frame.at(x, high) for x, _, high in line.spread]
        lower = [frame.at(x, low) for x, low, _ in reversed(line.spread)]
        frame.canvas.area([*upper, *lower], f"spread {_colour(line)}")
    for x, low, high in line.spread[:1] if len(line.spread) == 1 else ():
        frame.canvas.line(frame.at(x, low), frame.at(x, high), f"line thin {_colour(line)}")


def _style(line: Line) -> str:
    colour = "" if line.weight == "grey" else f"{_colour(line)} "
    return f"{colour}{line.weight}{' train' if line.dashed else ''}{_followed(line)}"


def _followed(line: Line) -> str:
    """How the page's script finds it: a colour may be that of several models."""
    return f" of-{line.series}" if line.follows else ""


def _colour(line: Line) -> str:
    """Without the dash of a late series: here a dash means something else, and markers tell."""
    return f"series{line.series % COLOURS}"
