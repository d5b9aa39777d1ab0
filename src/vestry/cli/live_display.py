"""The live display on a terminal: one bar over all tasks, and one for each that is being fitted."""

import contextlib
from typing import Any, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn
from rich.progress import TimeElapsedColumn as ElapsedColumn

from vestry.run.progress import duration, images_text, line_of, trial

Event = dict[str, Any]


_QUIET = ("epoch", "step", "images", "download", "started", "stage")
"""Events that bars show, or that are printed in another form."""


class LiveProgress:
    """Bars that follow a run's events; what should stay is printed above them."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(stderr=True, highlight=False)
        self.bars = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=20),
            TextColumn("{task.fields[text]}", markup=False),
            ElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.ids: dict[str, TaskID] = {}
        self.overall: TaskID | None = None
        self.total = self.finished = 0

    def __enter__(self) -> Self:
        self.bars.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.bars.stop()

    def __call__(self, event: Event) -> None:
        handler = getattr(self, f"on_{event['event']}", None)
        if handler:
            handler(event)
        if event["event"] not in _QUIET and line_of(event):
            self.console.print(line_of(event), markup=False)

    def on_tasks(self, event: Event) -> None:
        if self.overall is None:
            self.overall = self.bars.add_task("all tasks", total=None, text="")
        self.total += event["total"]  # tasks come in rounds: fits, then what is asked of them
        self.bars.update(self.overall, total=self.total)
        self.count(self.finished + event["found"])

    def on_download(self, event: Event) -> None:
        name = event["file"]
        if name not in self.ids:
            self.ids[name] = self.bars.add_task(name, total=event["total"] or None, text="")
        self.bars.update(self.ids[name], completed=event["received"])
        if event["total"] and event["received"] >= event["total"]:
            self.bars.remove_task(self.ids.pop(name))

    def on_started(self, event: Event) -> None:
        self.ids[event["task"]] = self.bars.add_task(event["task"], total=None, text="at work")

    def on_stage(self, event: Event) -> None:
        if "task" in event:
            self.update(event, text=event["text"])
        else:
            self.console.print(event["text"], style="dim", markup=False)

    def on_step(self, event: Event) -> None:
        done = event["epoch"] - 1 + event["part"]
        self.update(event, total=event["epochs"], completed=done, text=_where(event))

    def on_images(self, event: Event) -> None:
        self.update(event, total=event["total"], completed=event["done"], text=images_text(event))

    def on_epoch(self, event: Event) -> None:
        text = _where(event)
        if "validation_accuracy" in event:
            text += f", validation {event['validation_accuracy']:.1%}"
        self.update(event, total=event["epochs"], completed=event["epoch"], text=text)

    def on_done(self, event: Event) -> None:
        self.leave(event)

    def on_failed(self, event: Event) -> None:
        self.leave(event)

    def update(self, event: Event, **fields: Any) -> None:
        if event["task"] in self.ids:
            self.bars.update(self.ids[event["task"]], **fields)

    def leave(self, event: Event) -> None:
        with contextlib.suppress(KeyError):
            self.bars.remove_task(self.ids.pop(event["task"]))
        self.count(self.finished + 1)

    def count(self, finished: int) -> None:
        self.finished = finished
        if self.overall is not None:
            text = f"{finished} of {self.total}"
            self.bars.update(self.overall, completed=finished, text=text)


def _where(event: Event) -> str:
    """Epoch, loss, speed and time left."""
    return (
        f"{trial(event)}epoch {event['epoch']} of {event['epochs']}, "
        f"loss {event['train_loss']:.3f}, {event['images_per_second']:,.0f} images/s, "
        f"{duration(event['seconds_left'])} left"
    )
