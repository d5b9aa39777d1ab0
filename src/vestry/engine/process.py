"""One worker process as its parent sees it."""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from typing import IO

from vestry.engine.guard import Guard, end_group
from vestry.engine.task import Event, Task

_TAIL_BYTES = 2000
_LAST_EVENTS_SECONDS = 1.0

Events = queue.Queue[tuple["WorkerProcess", Event]]


class WorkerProcess:
    """A warm worker and the task that it is at.

    It leads a process group of its own, so that Ctrl-C is for the parent alone; the group ends with
    it, however it ends: what a model's code has started does not outlive it.
    """

    def __init__(self, events: Events, env: dict[str, str], guard: Guard) -> None:
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            # -P: a file random.py in the working folder is nothing that the library should import
            [sys.executable, "-P", "-m", "vestry.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            encoding="utf-8",
            errors="replace",
            env=os.environ | env,
            start_new_session=True,
        )
        self.guard = guard
        guard.watch(self.process.pid)
        self.task: Task | None = None
        self.deadline = 0.0
        self.reader = threading.Thread(target=self.read, args=(events,), daemon=True)
        self.watcher = threading.Thread(target=self.watch, args=(events,), daemon=True)
        self.reader.start()
        self.watcher.start()

    def read(self, events: Events) -> None:
        assert self.process.stdout is not None  # noqa: S101 - for the type checker
        for line in self.process.stdout:
            if event := _event_of(line):
                events.put((self, event))

    def watch(self, events: Events) -> None:
        """Wait for the worker's end, not for its pipe's: children may hold that open."""
        self.process.wait()
        end_group(self.process.pid)
        self.guard.forget(self.process.pid)
        self.reader.join(_LAST_EVENTS_SECONDS)
        events.put((self, {"event": "gone"}))

    def give(self, task: Task) -> None:
        assert self.process.stdin is not None  # noqa: S101 - for the type checker
        self.task, self.deadline = task, time.monotonic() + task.time_limit
        with contextlib.suppress(BrokenPipeError):  # its end is reported as "gone"
            self.process.stdin.write(task.message + "\n")
            self.process.stdin.flush()

    def last_words(self) -> str:
        self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, self.errors.tell() - _TAIL_BYTES))
        return self.errors.read().decode(errors="replace").strip()

    def stop(self) -> None:
        """End it and its group, whatever they are at."""
        if self.process.poll() is None:
            end_group(self.process.pid)
        self.watcher.join()
        streams = [self.process.stdin, self.errors]
        # A child that left the group may hold the pipe; then the reader waits on, for nothing.
        streams += [] if self.reader.is_alive() else [self.process.stdout]
        for stream in streams:
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]


def _event_of(line: str) -> Event | None:
    """None for what no worker wrote: a model's code may have found the pipe."""
    try:
        event = json.loads(line)
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None
