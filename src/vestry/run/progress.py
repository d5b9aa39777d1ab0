"""What a run says while it works, on standard error; this is the plain form, without a terminal."""

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self, TextIO

Event = dict[str, Any]
_PLAIN_SECONDS = 5.0


class Progress(Protocol):
    """Takes a run's events; used as a context, so that a live display is taken down again."""

    def __call__(self, event: Event) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


class Silence:
    """Says nothing, but for warnings."""

    def __call__(self, event: Event) -> None:
        if event["event"] == "warning":
            print(f"vestry: warning: {event['text']}", file=sys.stderr)  # noqa: T201

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None


class PlainProgress(Silence):
    """A line for everything that matters; epochs of one task, and how much of a file or folder is
    loaded, at most every five seconds."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream
        self.last_line: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        text = self.text(event)
        if text:
            print(text, file=self.stream, flush=True)

    def text(self, event: Event) -> str:
        if event["event"] in ("epoch", "images", "download"):
            what, now = event.get("task") or event["file"], time.monotonic()
            short = event["event"] == "download"  # mostly over at once, and then not worth a line
            last = self.last_line.setdefault(what, now if short else 0.0)
            if now - last < _PLAIN_SECONDS:
                return ""
            self.last_line[what] = now
        return line_of(event)


def line_of(event: Event) -> str:
    """The event in words; empty for one that only a live display shows."""
    task = event.get("task", "")
    text = ""
    match event["event"]:
        case "stage":
            text = f"{task}: {event['text']}" if task else event["text"]
        case "note":
            text = event["text"]
        case "warning":
            text = f"WARNING: {event['text']}"
        case "planned":
            text = f"{event['member']}: {event['text']}"
        case "tasks" if event["found"]:
            text = f"{event['found']} of {event['total']} tasks found finished from before"
        case "started" | "done":
            text = f"{task}: {event['event']}"
        case "epoch":
            text = f"{task}: {_epoch_text(event)}"
        case "images":
            text = f"{task}: {images_text(event)}"
        case "download":
            text = _download_text(event)
        case "failed":
            text = f"{task}: FAILED: {event['reason']}"
    return text


def _epoch_text(event: Event) -> str:
    """Epoch, losses, validation accuracy where rows are set aside, speed and time left."""
    validation = ""
    if "validation_loss" in event:
        validation = (
            f"validation loss {event['validation_loss']:.4f}, "
            f"validation accuracy {event['validation_accuracy']:.1%}, "
        )
    return (
        f"{trial(event)}epoch {event['epoch']} of {event['epochs']}, "
        f"loss {event['train_loss']:.4f}, {validation}"
        f"{event['images_per_second']:,.0f} images/s, {duration(event['seconds_left'])} left"
    )


def images_text(event: Event) -> str:
    """How many images are through a frozen backbone, speed and time left."""
    return (
        f"{event['done']:,} of {event['total']:,} images through {event['through']}, "
        f"{event['images_per_second']:,.0f} images/s, {duration(event['seconds_left'])} left"
    )


def _download_text(event: Event) -> str:
    """How much of a file is downloaded, or of a folder read."""
    if not event["total"]:
        return f"{event['file']}: {event['received']:,} bytes"
    return f"{event['file']}: {event['received'] / event['total']:.0%} loaded"


def trial(event: Event) -> str:
    """Which trial of a search this is; empty elsewhere."""
    return f"{event['trial']}, " if "trial" in event else ""


def downloads(report: Callable[[Event], None]) -> Callable[[str, int, int], None]:
    """What a download, or the reading of a folder, tells its progress to, so that it becomes
    events."""

    def tell(name: str, received: int, total: int) -> None:
        report({"event": "download", "file": name, "received": received, "total": total})

    return tell


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
