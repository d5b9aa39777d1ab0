"""Progress in plain lines, few of them, for logs, notebooks and files."""

import time
from collections.abc import Callable
from typing import TextIO

from vestry.cli.work import Group, Work
from vestry.errors import printable
from vestry.pipeline.progress import Event, Silence
from vestry.report.formatting import duration

_SECONDS = 30.0
"""Between two lines of what only says how far something is."""


class PlainProgress(Silence):
    """A line for what matters (notes, warnings, models that are done or failed), and every half a
    minute one of how far it is."""

    def __init__(self, stream: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self.stream, self.clock = stream, clock
        self.work = Work(clock)
        self.last = clock()

    def __call__(self, event: Event) -> None:
        ended = self.work.take(event)
        said = self.told(event)
        if ended is not None and (ended.took or ended.total > 1):  # a lone failure is told already
            said.append(self.ended(ended))
        for text in said:
            print(text, file=self.stream, flush=True)

    def told(self, event: Event) -> list[str]:
        text = line_of(event, self.work)
        if text or event["event"] not in _PASSING or self.clock() - self.last < _SECONDS:
            return [text] if text else []
        self.last = self.clock()
        return [_passing_text(event) + self.whole()]

    def whole(self) -> str:
        """How much of all tasks is done."""
        return f" ({self.work.done} of {self.work.total} tasks done)" if self.work.total > 1 else ""

    def ended(self, group: Group) -> str:
        self.last = self.clock()
        return f"{group.name}: {group.outcome('validation accuracy')}"


def line_of(event: Event, work: Work) -> str:
    """What is said of an event wherever progress is shown; empty for what passes by."""
    match event["event"]:
        case "stage" if "task" in event:
            text = ""
        case "note" | "stage":
            text = event["text"]
        case "warning":
            text = f"warning: {event['text']}"
        case "planned":
            text = f"{event['member']}: {event['text']}"
        case "nodes":
            text = f"Ray: {event['text']}"
        case "tasks" if event["found"]:
            text = f"{event['found']} of {event['total']} tasks found finished from before"
        case "failed" if work.group(event["task"]).failures.count(event["reason"]) == 1:
            text = f"{event['task']} failed: {event['reason']}"
        case _:
            text = ""
    return "\n".join(map(printable, text.split("\n")))


# What passes by is worth a line at times, so that one sees that something happens.

_PASSING = ("epoch", "step", "images", "download", "stage", "started")


def _passing_text(event: Event) -> str:
    match event["event"]:
        case "download":
            return _download_text(event)
        case "images":
            text = _images_text(event)
        case "epoch" | "step":
            text = _epoch_text(event)
        case "stage":
            text = event["text"]
        case _:
            text = "at work"
    return f"{event['task']}: {text}"


def _epoch_text(event: Event) -> str:
    """Epoch, losses, validation accuracy where rows are set aside, speed and time left."""
    trial = f"trial {event['trial']} of {event['trials']}, " if "trial" in event else ""
    validation = ""
    if "validation_loss" in event:
        validation = (
            f"validation loss {event['validation_loss']:.4f}, "
            f"validation accuracy {event['validation_accuracy']:.1%}, "
        )
    return (
        f"{trial}epoch {event['epoch']} of {event['epochs']}, loss {event['train_loss']:.4f}, "
        f"{validation}{_speed_text(event)}"
    )


def _images_text(event: Event) -> str:
    """How many images are through a frozen backbone, speed and time left."""
    return (
        f"{event['done']:,} of {event['total']:,} images through {event['through']}, "
        f"{_speed_text(event)}"
    )


def _speed_text(event: Event) -> str:
    left = duration(event["seconds_left"])
    return f"{event['images_per_second']:,.0f} images/s, {left} left"


def _download_text(event: Event) -> str:
    """How much of a file is downloaded, or of a folder read."""
    if not event["total"]:
        return f"{event['file']}: {event['received']:,} bytes"
    return f"{event['file']}: {event['received'] / event['total']:.0%} loaded"
