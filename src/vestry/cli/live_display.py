"""The live display on a terminal: a row for each model at work and one for all tasks, in columns of
fixed width, so that nothing moves but the figures."""

import threading
from typing import NamedTuple, Self

from rich.cells import set_cell_size
from rich.console import Console, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from vestry.cli.plain_progress import line_of
from vestry.cli.terminal import shortened
from vestry.cli.work import Group, Running, Work
from vestry.pipeline.progress import Event
from vestry.report.formatting import per_cent

_NAME, _BAR = 18, 24


class _Place(NamedTuple):
    """Of a column. width: None takes what the others leave. least: columns of the terminal from
    which on it is shown."""

    head: str
    width: int | None
    least: int = 0
    right: bool = True


_PLACES = {
    "name": _Place("model", _NAME, right=False),
    "bar": _Place("", None, least=60, right=False),
    "fit": _Place("fit", 7, least=80),
    "step": _Place("step", 13, right=False),
    "figure": _Place("validation", 10),
    "left": _Place("left", 8),
    "speed": _Place("images/s", 9, least=110),
}


class LiveProgress:
    """Rows that follow a run's events; what should stay is printed above them."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.work = Work()
        self.most = 0
        self.loading: dict[str, float | None] = {}
        self.lock = threading.Lock()  # rows are drawn by a thread of their own
        self.live = Live(
            console=self.console, transient=True, get_renderable=self.drawn, refresh_per_second=4
        )

    def __enter__(self) -> Self:
        self.live.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.live.stop()

    def __call__(self, event: Event) -> None:
        with self.lock:
            ended = self.work.take(event)
            text = line_of(event, self.work)
            if event["event"] == "download":
                self.load(event)
        style = "dim" if event["event"] == "stage" else None
        if text:
            self.console.print(text, style=style, markup=False)
        if ended is not None and (ended.took or ended.total > 1):  # a lone failure is told already
            name = set_cell_size(shortened(ended.name, _NAME), _NAME)
            self.console.print(f"{name} {ended.outcome('validation')}", markup=False)

    def load(self, event: Event) -> None:
        """Follow how much of a file or folder is loaded; done with, it goes."""
        total, name = event["total"], event["file"]
        self.loading[name] = event["received"] / total if total else None
        if total and event["received"] >= total:
            del self.loading[name]

    def drawn(self) -> RenderableType:
        """All rows, as many as there ever were at once, so that those below stay where they are."""
        width = self.console.width
        with self.lock:
            rows = [_row(name, part, width, step="loading") for name, part in self.loading.items()]
            rows += [_group_row(group, self.work, width) for group in self.work.at_work]
            total = self.work.total
            last = [self.total_row(width)] if total > 1 else []
        self.most = max(self.most, len(rows))
        if not self.most and not last:
            return Text("")
        table = _table(width)
        empty: list[RenderableType] = [""] * len(table.columns)
        for row in (*rows, *[empty] * (self.most - len(rows)), *last):
            table.add_row(*row)
        return table

    def total_row(self, width: int) -> list[RenderableType]:
        done, total, left = self.work.done, self.work.total, self.work.left()
        step = f"{done}/{total}"
        about = "" if left is None else f"~{_clock(left)}"
        nodes = self.work.nodes
        name = "all tasks" if nodes is None else f"on {nodes} node{'s' * (nodes != 1)}"
        return _row(name, done / total, width, step=step, left=about)


def _shown(width: int) -> dict[str, _Place]:
    return {name: place for name, place in _PLACES.items() if width >= place.least}


def _bar_width(width: int) -> int:
    """What the other columns leave, and the space behind each."""
    shown = _shown(width).values()
    return min(_BAR, width - sum(place.width or 0 for place in shown) - len(shown))


def _table(width: int) -> Table:
    columns = [
        Column(
            Text(place.head, style="dim"),
            width=place.width or _bar_width(width),
            no_wrap=True,
            overflow="ellipsis",
            justify="right" if place.right else "left",
        )
        for place in _shown(width).values()
    ]
    return Table(*columns, box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="")


def _row(
    name: str,
    part: float | None,
    width: int,
    step: str = "",
    fit: str = "",
    figure: str = "",
    left: str = "",
    speed: str = "",
) -> list[RenderableType]:
    bar = ProgressBar(100, 100 * (part or 0.0), width=_bar_width(width), pulse=part is None)
    cells: dict[str, RenderableType] = {"bar": bar, "name": Text(shortened(name, _NAME))}
    texts = {"fit": fit, "step": step, "figure": figure, "left": left, "speed": speed}
    cells |= {column: Text(text) for column, text in texts.items()}
    return [cells[column] for column in _shown(width)]


def _group_row(group: Group, work: Work, width: int) -> list[RenderableType]:
    """Of several fits at once the one that began last says where it stands."""
    task: Running = list(group.running.values())[-1]
    left = group.left(work.clock(), None)
    fits = f"{min(group.done + len(group.running), group.total)}/{group.total}"
    figure = task.accuracy if task.accuracy is not None else group.accuracy
    return _row(
        group.name,
        group.part,
        width,
        step=task.step,
        fit=task.place or (fits if group.total > 1 else ""),
        figure="" if figure is None else per_cent(figure),
        left="" if left is None else _clock(left),
        speed="" if task.speed is None else f"{task.speed:,.0f}",
    )


def _clock(seconds: float) -> str:
    """ "0:45", "12:05", "1:04:05"."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
