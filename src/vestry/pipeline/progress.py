"""What a run tells of its work: events, and whoever takes them; the command line shows them."""

import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any, Protocol, Self

Event = dict[str, Any]


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


class Downloads:
    """What a download, or the reading of a folder, tells its progress to, so that it becomes
    events; `say` takes lines."""

    def __init__(self, report: Callable[[Event], None]) -> None:
        self.report = report

    def __call__(self, name: str, received: int, total: int) -> None:
        self.report({"event": "download", "file": name, "received": received, "total": total})

    def say(self, text: str) -> None:
        self.report({"event": "note", "text": text})
