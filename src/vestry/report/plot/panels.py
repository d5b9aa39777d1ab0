"""Small multiples: one plot a panel, in a grid on one canvas."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from vestry.report.plot.canvas import Canvas
from vestry.report.plot.figure import NARROW, PAGE, WIDE, Figure, drawn
from vestry.report.plot.frame import Frame
from vestry.report.plot.lines import Plot, draw_lines, label_room, tick_room
from vestry.report.plot.text import BOLD, shortened, text_width
from vestry.report.table import Table

_WIDTHS = (NARROW, WIDE, PAGE)
_LEAST = 270.0
_GAP = 16.0
_TITLE, _FRAME, _FOOT = 26.0, 100.0, 30.0
_TITLE_SIZE = 13


@dataclass(frozen=True)
class Panel:
    """One plot with its name; `remark` follows that where there is room."""

    title: str
    plot: Plot
    remark: str = ""


@dataclass(frozen=True)
class Cell:
    """Where a panel stands on the canvas, in pixels."""

    left: float
    top: float
    width: float


def panel_figure(
    key: str,
    title: str,
    panels: Sequence[Panel],
    data: Table,
    *,
    remark: str = "",
    words: str = "",
) -> Figure:
    """A plot of lines a panel."""
    lines = [line for panel in panels for line in panel.plot.lines]
    left = max(tick_room(panel.plot.upwards) for panel in panels)

    def draw(canvas: Canvas, cell: Cell, number: int) -> None:
        panel = panels[number]
        room = label_room(lines, cell.width)
        frame = panel_frame(canvas, cell, panel, left, room)
        draw_lines(frame, panel.plot.lines, room)

    return grid_figure(key, title, len(panels), draw, data, remark=remark, words=words)


def grid_figure(
    key: str,
    title: str,
    count: int,
    draw: Callable[[Canvas, Cell, int], None],
    data: Table,
    *,
    remark: str = "",
    words: str = "",
) -> Figure:
    """draw: puts panel `number` into its cell."""

    def draw_all(width: int) -> Canvas:
        columns = max(1, min(count, int((width + _GAP) // (_LEAST + _GAP))))
        rows = -(-count // columns)
        each = _TITLE + _FRAME + _FOOT
        canvas = Canvas(width, rows * each + (rows - 1) * _GAP)
        side = (width - (columns - 1) * _GAP) / columns
        for number in range(count):
            row, column = divmod(number, columns)
            draw(canvas, Cell(column * (side + _GAP), row * (each + _GAP), side), number)
        return canvas

    return drawn(key, title, draw_all, data, remark=remark, words=words, widths=_WIDTHS)


def panel_frame(canvas: Canvas, cell: Cell, panel: Panel, left: float, room: float) -> Frame:
    """The panel's frame with its name, grid lines, the outer ticks across and its marks."""
    plot = panel.plot
    top = cell.top + _TITLE
    right = cell.left + cell.width - room
    frame = Frame(
        canvas, cell.left + left, top, right, top + _FRAME, plot.across.axis, plot.upwards.axis
    )
    _name(canvas, cell, panel)
    for tick in plot.upwards.axis.ticks:
        y = frame.y(tick)
        canvas.line((frame.left - 4, y), (frame.right, y), "rule")
        canvas.text((frame.left - 8, y), plot.upwards.text(tick), "quiet", "end")
    _ticks(frame, plot)
    if plot.marked is not None:
        x = frame.x(plot.marked)
        canvas.line((x, frame.top), (x, frame.bottom), "marked")
    if plot.reference is not None:
        y = frame.y(plot.reference)
        canvas.line((frame.left, y), (frame.right, y), "marked")
    return frame


def _name(canvas: Canvas, cell: Cell, panel: Panel) -> None:
    name = shortened(panel.title, cell.width / BOLD, _TITLE_SIZE)
    canvas.text((cell.left, cell.top + 9), name, "bold", size=_TITLE_SIZE)
    start = BOLD * text_width(name, _TITLE_SIZE) + 8
    rest = shortened(panel.remark, cell.width - start)
    if len(rest) > 3:
        canvas.text((cell.left + start, cell.top + 9), rest, "quiet")


def _ticks(frame: Frame, plot: Plot) -> None:
    """Marks at every tick; the outer ones are written, each within the frame's width."""
    ticks = plot.across.axis.ticks
    for tick in ticks:
        x = frame.x(tick)
        frame.canvas.line((x, frame.bottom), (x, frame.bottom + 4), "axis-line")
    half = (frame.right - frame.left) / 2
    outer = [(ticks[0], "start"), (ticks[-1], "end")] if ticks else []
    for tick, anchor in outer[: len(set(ticks))]:
        text = shortened(plot.across.text(tick), half - 4)
        frame.canvas.text((frame.x(tick), frame.bottom + 14), text, "quiet", anchor)
