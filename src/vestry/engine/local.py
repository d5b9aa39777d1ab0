"""Tasks in worker processes on this machine.

The rule that says what runs beside what: a task names the cores that it uses well, and the next
task in order that fits into the free ones starts. A network takes what its trainer found fastest,
an estimator one core unless its study says otherwise; so two estimators share two cores, while a
network that is faster on both has them to itself.
"""

import contextlib
import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO, Self

from vestry.engine.event_start import EVENT_START
from vestry.engine.guard import Guard
from vestry.engine.here import do_here
from vestry.engine.task import Event, Growing, OnEvent, Outcome, Task, Turns
from vestry.system.platform_calls import end_group, group_options

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
            **group_options(),
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
    _, start, text = line.rpartition(EVENT_START)
    try:
        event = json.loads(text) if start else None
    except ValueError:
        return None
    return event if isinstance(event, dict) and isinstance(event.get("event"), str) else None


_POLL_SECONDS = 0.2


class LocalEngine:
    """Runs tasks in as many worker processes as `cores` allow, each killed at its time limit.

    Used as a context it keeps its workers, warm, from one list of tasks to the next.
    guarded_apart: as `Guard` has it.
    """

    shares_disk = True
    guarded_apart = False

    def __init__(self, cores: int, environment: Mapping[str, str] | None = None) -> None:
        self.cores = cores
        self.environment = dict(environment or {})
        self.shared: dict[str, Path] = {}
        self.events: Events = queue.Queue()
        self.workers: list[WorkerProcess] = []
        self.guard: Guard | None = None
        self.keeps = False

    def __enter__(self) -> Self:
        self.keeps = True
        return self

    def __exit__(self, *_: object) -> None:
        self.keeps = False
        self.end(self.workers)

    def run(self, tasks: list[Task], on_event: OnEvent) -> Iterator[Outcome]:
        """Do `tasks`, giving each outcome as it comes; events are passed on with the task's name.

        One that fails, dies or outlasts its limit does not stop the others. Leaving the iterator
        early ends the workers that are at work. Those of this process come first, one by one. Tasks
        may be added, as `engine.Engine` has it.
        """
        with contextlib.closing(self.turns(tasks, on_event)) as turns:
            yield from filter(None, turns)

    def turns(self, tasks: list[Task], on_event: OnEvent, seconds: float = _POLL_SECONDS) -> Turns:
        """As `run`, for who has to look after more than this: None after so many seconds in which
        nothing has ended."""
        try:
            yield from _Scheduler(self, tasks, on_event).work(seconds)
        finally:
            self.end([worker for worker in self.workers if worker.task or not self.keeps])

    def idle_worker(self) -> WorkerProcess:
        for worker in self.workers:
            if worker.task is None:
                return worker
        self.guard = self.guard or Guard(self.guarded_apart)
        worker = WorkerProcess(self.events, self.environment, self.guard)
        self.workers.append(worker)
        return worker

    def end(self, workers: list[WorkerProcess]) -> None:
        for worker in list(workers):
            self.workers.remove(worker)
            worker.stop()
        if self.guard and not self.workers and not self.keeps:
            self.guard.stop()
            self.guard = None


class _Scheduler:
    """One engine's work on one list of tasks."""

    def __init__(self, engine: LocalEngine, tasks: list[Task], on_event: OnEvent) -> None:
        self.engine = engine
        self.given = Growing(tasks)
        self.waiting: list[Task] = []
        self.on_event = on_event

    def work(self, seconds: float) -> Iterator[Outcome | None]:
        while (new := self.given.new()) or self.waiting or self.busy():
            self.waiting[:0] = [task for task in new if not task.in_process]
            for task in new:
                if task.in_process:
                    yield do_here(task, self.on_event)
            self.start_what_fits()
            with contextlib.suppress(queue.Empty):
                worker, event = self.engine.events.get(timeout=seconds)
                yield from self.take(worker, event)
            yield from self.overdue()
            yield None

    def busy(self) -> list[WorkerProcess]:
        return [worker for worker in self.engine.workers if worker.task]

    def start_what_fits(self) -> None:
        cores = self.engine.cores
        free = cores - sum(_cores_of(w.task, cores) for w in self.busy() if w.task)
        for task in list(self.waiting):
            needed = _cores_of(task, cores)
            if needed <= free:
                self.waiting.remove(task)
                self.engine.idle_worker().give(task)
                self.on_event({"event": "started", "task": task.name})
                free -= needed

    def take(self, worker: WorkerProcess, event: Event) -> Iterator[Outcome]:
        task = worker.task
        if task is None or worker not in self.engine.workers:
            if event["event"] == "gone" and worker in self.engine.workers:
                self.engine.end([worker])  # it died idle; the next task gets another
            return
        match event["event"]:
            case "ready":
                return
            case "done":
                yield self.finish(worker, Outcome(task), event["spent"])
            case "failed":
                outcome = Outcome(task, event["reason"], event["details"])
                yield self.finish(worker, outcome, event["spent"])
            case "gone":
                code = worker.process.returncode
                reason = f"its process ended on its own ({_ending(code)})"
                yield self.finish(worker, Outcome(task, reason, worker.last_words()), drop=True)
            case _:
                self.on_event(event | {"task": task.name})

    def overdue(self) -> Iterator[Outcome]:
        for worker in self.busy():
            if worker.task and time.monotonic() > worker.deadline:
                limit = f"{worker.task.time_limit:g} s"
                reason = f"stopped at its time limit of {limit}; `time_limit` sets another"
                yield self.finish(worker, Outcome(worker.task, reason, is_late=True), drop=True)

    def finish(self, worker: WorkerProcess, outcome: Outcome, drop: bool = False) -> Outcome:
        worker.task = None
        if drop:
            self.engine.end([worker])
        kind = "failed" if outcome.reason else "done"
        self.on_event({"event": kind, "task": outcome.task.name, "reason": outcome.reason})
        return outcome


def _cores_of(task: Task, available: int) -> int:
    """A task that asks for more cores than there are gets them all."""
    return min(task.cores, available)


def _ending(code: int) -> str:
    return f"signal {-code}, perhaps out of memory" if code < 0 else f"exit code {code}"
