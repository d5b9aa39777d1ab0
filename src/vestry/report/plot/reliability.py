"""The reliability diagram: what a model claims across, how often it is right upwards."""

from collections.abc import Sequence
from math import sqrt
from statistics import median

from vestry.report.formatting import per_cent
from vestry.report.models import Model
from vestry.report.plot.axis import Axis, share_axis
from vestry.report.plot.canvas import COLOURS, Canvas, Point
from vestry.report.plot.figure import NARROW, THIRD, Figure, drawn
from vestry.report.plot.frame import Frame
from vestry.report.plot.lines import FOOT, TOP, tick_text
from vestry.report.plot.text import SIZE, text_width
from vestry.report.table import Column, Table, text_column
from vestry.schema.confidence import Bin

_RIGHT = 20.0
_DOT = 3.6
Upright = tuple[float, float, float]
"""A place across, and the top and bottom of what stands there; pixels."""
_SMALLEST, _LARGEST = 1.8, 9.0
_ENOUGH = 40
"""Images a group from which on its accuracy is worth a line: of fewer, chance draws zigzags."""
_SIDES = (("before", "as it is"), ("after", "at its temperature"))


def reliability_figure(
    key: str,
    title: str,
    main: Model,
    others: Sequence[Model] = (),
    *,
    with_after: bool = False,
    data: Table | None = None,
) -> Figure:
    """main: drawn with its groups and their intervals. others: thin lines without a name.

    with_after: whether its groups at its temperature stand beside it, open. data: where another
    figure has the same models'.
    """
    found = main.calibration
    usual = median(row.rows for row in found.before.bins)
    data = data or _table(key, [main, *others])
    others = others if usual >= _ENOUGH else ()
    before, after = found.before.bins, found.after.bins if with_after else []
    bins = [*before, *after]
    places = [v for one in bins for v in (one.confidence, *one.interval)]
    places += [v for model in others for one in model.calibration.before.bins
               for v in (one.confidence, one.accuracy)]  # fmt: skip
    axis = share_axis(places)

    def draw(width: int) -> Canvas:
        left = max(text_width(tick_text(tick, axis, True)) for tick in axis.ticks) + 9
        side = width - left - _RIGHT
        canvas = Canvas(width, TOP + side + FOOT)
        frame = Frame(canvas, left, TOP, width - _RIGHT, TOP + side, axis, axis)
        _draw_frame(frame, axis, [_upright(frame, row) for row in bins])
        for model in others:
            rows = model.calibration.before.bins
            canvas.path([frame.at(row.confidence, row.accuracy) for row in rows], "grey")
        colour = f"series{main.series % COLOURS}"
        if after:
            _draw_bins(frame, after, usual, "quiet-mark", "open quiet-line")
        if usual >= _ENOUGH:
            at = [frame.at(row.confidence, row.accuracy) for row in before]
            canvas.path(at, f"{colour} thin")
        _draw_bins(frame, before, usual, colour, f"disc {colour}")
        return canvas

    return drawn(
        key,
        title,
        draw,
        data,
        remark=_remark(main, others, with_after),
        words=_words(main),
        widths=(NARROW, THIRD),
    )


def others_in_front(models: Sequence[Model], first: Figure) -> list[tuple[Model, Figure]]:
    """The figure of each but the first of `models`, whose own is `first`, for who picks it."""
    return [
        (
            model,
            reliability_figure(
                f"claimed-{model.anchor}",
                first.title,
                model,
                [other for other in models if other is not model],
                data=first.data,
            ),
        )
        for model in models[1:]
    ]


def _remark(main: Model, others: Sequence[Model], with_after: bool) -> str:
    said = main.name
    if with_after:
        return f"filled: as it is; open: at temperature {main.calibration.temperature:.2f}"
    if others:
        said += "; grey: others"
    return said


def _words(main: Model) -> str:
    before = main.calibration.before
    return (
        f"Reliability of {main.name}: accuracy over confidence of {len(before.bins)} groups of "
        f"test images; calibration error {per_cent(before.ece)}"
    )


def _draw_frame(frame: Frame, axis: Axis, marks: Sequence[Upright]) -> None:
    """marks: what no word may lie over."""

    def text(tick: float) -> str:
        return tick_text(tick, axis, True)

    frame.draw_upwards(text, "accuracy")
    frame.draw_across(text, "claimed: mean confidence")
    canvas, third = frame.canvas, (frame.right - frame.left) / 3
    canvas.line(frame.at(axis.low, axis.low), frame.at(axis.high, axis.high), "marked")
    # Each in its half: in the corner, or where marks fill that beside or below it.
    for word, x, y, side, inwards in (
        ("claims too little", frame.left + 6, frame.top + 12, "start", 1),
        ("claims too much", frame.right - 6, frame.bottom - 12, "end", -1),
    ):
        beside = x + inwards * third
        places = [
            (x, y),
            *((beside, y + inwards * down) for down in (2, 24)),
            (x, y + inwards * third),
        ]
        wide = inwards * text_width(word)
        free = [at for at in places if not any(_is_over(mark, at, wide) for mark in marks)]
        if free:
            canvas.text(free[0], word, "quiet", side)


def _upright(frame: Frame, row: Bin) -> Upright:
    """A group's dot and its interval."""
    ends = [frame.y(end) for end in (row.accuracy, *row.interval)]
    return frame.x(row.confidence), min(ends), max(ends)


def _is_over(mark: Upright, at: Point, wide: float) -> bool:
    """Whether it lies on a word that begins or, where `wide` is negative, ends there."""
    x, top, bottom = mark
    low, high = sorted((at[0], at[0] + wide))
    across = low - _DOT < x < high + _DOT
    return across and top - _DOT < at[1] + SIZE / 2 and bottom + _DOT > at[1] - SIZE / 2


def _draw_bins(frame: Frame, bins: Sequence[Bin], usual: float, whisker: str, dot: str) -> None:
    """A dot a group, as large as the group, with the interval of its accuracy."""
    for row in bins:
        low, high = row.interval
        start, end = frame.at(row.confidence, low), frame.at(row.confidence, high)
        frame.canvas.line(start, end, f"line thin {whisker}")
    for row in bins:
        radius = min(_LARGEST, max(_SMALLEST, _DOT * sqrt(row.rows / usual)))
        told = (
            f"{row.rows} images: claimed {per_cent(row.confidence)}, right {per_cent(row.accuracy)}"
        )
        frame.canvas.circle(frame.at(row.confidence, row.accuracy), radius, dot, told)


def _table(key: str, models: Sequence[Model]) -> Table:
    """Every group of every model, as it is and at its temperature."""
    columns = (
        text_column("model", "Model"),
        text_column("table", "Table"),
        Column("images", "Images"),
        Column("confidence", "Mean confidence", per_cent),
        Column("accuracy", "Accuracy", per_cent),
        Column("low", "95% from", per_cent),
        Column("high", "to", per_cent),
    )
    rows = [
        (model.name, words, row.rows, row.confidence, row.accuracy, *row.interval)
        for model in models
        for side, words in _SIDES
        for row in getattr(model.calibration, side).bins
    ]
    return Table(key, "Groups of test images by confidence", columns, tuple(rows))
