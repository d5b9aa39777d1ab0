"""Models' figures as dots on one axis: validation open, test filled with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import decimal, per_cent
from vestry.report.plot.axis import Axis, round_axis, share_axis
from vestry.report.plot.canvas import Canvas, Point
from vestry.report.plot.figure import WIDE, Figure, drawn
from vestry.report.plot.frame import Frame
from vestry.report.plot.lines import tick_text
from vestry.report.plot.text import BOLD, in_two_lines, shortened, shortened_apart, text_width
from vestry.report.table import Column, Table, text_column

_ROW, _MOST_ROW, _TALL, _TOP, _FOOT, _RIGHT = 28, 44, 300, 30, 44, 22
_MOST_NAME, _CHAR_ROOM, _NAME_SIZE = 0.34, 12, 13
_LINE = 13.5
_KEY_LINE, _KEY_SIGN, _KEY_GAP = 18, 20, 14
_UNUSED = Axis(0, 1, ())


@dataclass(frozen=True)
class DotRow:
    """One model. low, high: the interval of `test`; None where it has none. reported: what
    somebody else gave for it. seeds: each one's test figure. marked: the recommended one.
    group: what stands above its first row."""

    name: str
    series: int
    validation: float
    test: float
    low: float | None
    high: float | None
    reported: float | None = None
    seeds: tuple[float, ...] = ()
    marked: bool = False
    group: str = ""


def dot_plot(
    key: str,
    title: str,
    rows: Sequence[DotRow],
    score: str,
    *,
    is_share: bool,
    nested: bool = False,
    remark: str = "",
) -> Figure:
    """score: what is measured, on the axis. is_share: of 0..1, shown in per cent.
    nested: folds test the images that models were chosen by, so that validation has no dot."""
    plot = _Plot(rows, _axis(rows, is_share), score, is_share, nested)
    words = f"{title}: " + "; ".join(_words(row, is_share) for row in rows)

    def draw(width: int) -> Canvas:
        return _draw(width, plot)

    return drawn(key, title, draw, _data(key, title, rows), remark=remark, words=words)


def _axis(rows: Sequence[DotRow], is_share: bool) -> Axis:
    values = [v for r in rows for v in (r.validation, r.test, r.low, r.high, r.reported, *r.seeds)]
    known = [value for value in values if value is not None]
    return (share_axis if is_share else round_axis)(known, 4)


def _words(row: DotRow, is_share: bool) -> str:
    def shown(value: float) -> str:
        return per_cent(value) if is_share else decimal(value)

    known = row.low is not None and row.high is not None
    between = f" ({shown(row.low or 0)} to {shown(row.high or 0)})" if known else ""
    return f"{row.name} validation {shown(row.validation)}, test {shown(row.test)}{between}"


def _data(key: str, title: str, rows: Sequence[DotRow]) -> Table:
    names = ("validation", "test", "test_low", "test_high", "reported")
    columns = (text_column("model", "Model"), *(Column(name, name) for name in names))
    values = [(r.name, r.validation, r.test, r.low, r.high, r.reported) for r in rows]
    if not any(row.group for row in rows):
        return Table(key, title, columns, tuple(values))
    of = [(row.group, *own) for row, own in zip(rows, values, strict=True)]
    return Table(key, title, (text_column("run", "Run"), *columns), tuple(of))


def _draw(width: int, plot: "_Plot") -> Canvas:
    rows = plot.rows
    keys = _key_places(plot.keys, width)
    top = _TOP + _KEY_LINE * max(line for _, _, line in keys)
    row_height = plot.row_height(width)
    tops, foot = _tops(rows, top, row_height)
    canvas = Canvas(width, foot + _FOOT)
    frame = Frame(canvas, plot.left(width), top, width - _RIGHT, foot, plot.axis, _UNUSED)
    for name, x, line in keys:
        _draw_key(canvas, name, (x, 12 + _KEY_LINE * line))
    for row, y in zip(rows, tops, strict=True):
        if row.marked:
            canvas.rect((0, y + 1), (width, row_height - 2), "band")
    frame.draw_across(lambda tick: tick_text(tick, plot.axis, plot.is_share), plot.score)
    _draw_groups(canvas, rows, tops)
    names = _names(rows, frame.left)
    for row, lines, y in zip(rows, names, tops, strict=True):
        _draw_name(canvas, row, lines, (frame.left - _CHAR_ROOM, y + row_height / 2))
        _draw_row(frame, row, y + row_height / 2, plot.nested)
    return canvas


def _tops(rows: Sequence[DotRow], y: float, row_height: float) -> tuple[list[float], float]:
    """Where each row begins, below its group's name where it is the first, and where all end."""
    tops, before = [], ""
    for row in rows:
        y += _ROW if row.group != before else 0
        before = row.group
        tops.append(y)
        y += row_height
    return tops, y


def _draw_groups(canvas: Canvas, rows: Sequence[DotRow], tops: Sequence[float]) -> None:
    before = ""
    for row, y in zip(rows, tops, strict=True):
        if row.group != before:
            canvas.rect((0, y - _ROW + 2), (canvas.width, _ROW - 3), "over")
            name = shortened(row.group, canvas.width / BOLD - 4, _NAME_SIZE)
            canvas.text((0, y - _ROW / 2 + 1), name, "group", size=_NAME_SIZE)
        before = row.group


@dataclass(frozen=True)
class _Plot:
    rows: Sequence[DotRow]
    axis: Axis
    score: str
    is_share: bool
    nested: bool

    @property
    def keys(self) -> list[str]:
        """The signs that stand in this plot."""
        known = any(row.low is not None for row in self.rows)
        test = "nested folds" if self.nested else "test"
        found = [] if self.nested else ["validation"]
        found.append(f"{test}, 95% interval" if known else test)
        found += ["one seed"] if any(row.seeds for row in self.rows) else []
        return found + (["reported"] if any(row.reported is not None for row in self.rows) else [])

    def row_height(self, width: int) -> float:
        """A few rows stand wider apart where the page is wide."""
        room = _TALL / len(self.rows)
        return min(_MOST_ROW, max(_ROW, room)) if width >= WIDE else _ROW

    def left(self, width: int) -> float:
        most = max(BOLD * text_width(row.name, _NAME_SIZE) for row in self.rows)
        return min(most, _MOST_NAME * width) + _CHAR_ROOM


def _key_places(names: Sequence[str], width: int) -> list[tuple[str, float, int]]:
    """Each sign's name, how far right it stands and on which line."""
    found, x, line = [], 6.0, 0
    for name in names:
        needed = _KEY_SIGN + text_width(name) + _KEY_GAP
        if x > 6 and x + needed - _KEY_GAP > width:
            x, line = 6.0, line + 1
        found.append((name, x, line))
        x += needed
    return found


def _draw_key(canvas: Canvas, name: str, at: Point) -> None:
    x, y = at
    if "interval" in name:
        canvas.line((x - 4, y), (x + 16, y), "whisker-line")
    if name == "one seed":
        canvas.circle((x + 6, y), 2, "seed")
    elif name == "reported":
        canvas.circle((x + 6, y), 6, "open quiet-line")
    else:
        canvas.circle((x + 6, y), 4.5, "open" if name == "validation" else "dot")
    canvas.text((x + _KEY_SIGN, y), name, "quiet")


def _names(rows: Sequence[DotRow], left: float) -> list[list[str]]:
    """Each name in one line or two; of those that do not fit so, what tells them apart."""
    rooms = [(left - _CHAR_ROOM + 2) / (BOLD if row.marked else 1) for row in rows]
    short = shortened_apart([row.name for row in rows], rooms, _NAME_SIZE)
    return [
        in_two_lines(row.name, room, _NAME_SIZE) or [cut]
        for row, room, cut in zip(rows, rooms, short, strict=True)
    ]


def _draw_name(canvas: Canvas, row: DotRow, lines: Sequence[str], at: Point) -> None:
    style = "name strong" if row.marked else "name"
    for number, line in enumerate(lines):
        middle = at[1] + _LINE * (number - (len(lines) - 1) / 2)
        canvas.text((at[0], middle), line, style, "end", size=_NAME_SIZE)


def _draw_row(frame: Frame, row: DotRow, y: float, nested: bool) -> None:
    canvas, mark = frame.canvas, " c-mark" if row.marked else ""
    if row.low is not None and row.high is not None:
        low, high = frame.x(row.low), frame.x(row.high)
        for end in (low, high):
            canvas.line((end, y - 5), (end, y + 5), "whisker-line")
        canvas.line((low, y), (high, y), "whisker-line")
    for seed in row.seeds:
        canvas.circle((frame.x(seed), y), 2, "seed")
    if row.reported is not None:
        canvas.circle((frame.x(row.reported), y), 7, "open quiet-line")
    if not nested:
        canvas.circle((frame.x(row.validation), y), 4.5, f"open{mark}")
    canvas.circle((frame.x(row.test), y), 4.5, f"dot{mark}")
