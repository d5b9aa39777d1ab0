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
from typing import IO, Self

from vestry.engine.task import Event, Outcome, Report, Task

TAIL_BYTES = 2000
POLL_SECONDS = 0.2


class WorkerProcess:
    """One warm worker process and the task that it is at."""

    def __init__(self, events: "queue.Queue[tuple[WorkerProcess, Event]]", env: dict[str, str]):
        self.errors: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in stop()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "vestry.engine.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            encoding="utf-8",
            env=os.environ | env,
            start_new_session=True,  # Ctrl-C is for the parent; it ends its workers itself
        )
        self.task: Task | None = None
        self.deadline = 0.0
        self.reader = threading.Thread(target=self.read, args=(events,), daemon=True)
        self.reader.start()

    def read(self, events: "queue.Queue[tuple[WorkerProcess, Event]]") -> None:
        assert self.process.stdout is not None  # noqa: S101 - for the type checker
        for line in self.process.stdout:
            events.put((self, json.loads(line)))
        self.process.wait()
        events.put((self, {"event": "gone"}))

    def give(self, task: Task) -> None:
        assert self.process.stdin is not None  # noqa: S101 - for the type checker
        self.task, self.deadline = task, time.monotonic() + task.time_limit
        with contextlib.suppress(BrokenPipeError):  # its end is reported as "gone"
            self.process.stdin.write(task.message + "\n")
            self.process.stdin.flush()

    def last_words(self) -> str:
        self.errors.seek(0, os.SEEK_END)
        self.errors.seek(max(0, self.errors.tell() - TAIL_BYTES))
        return self.errors.read().decode(errors="replace").strip()

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()
        self.reader.join()
        for stream in (self.process.stdin, self.process.stdout, self.errors):
            with contextlib.suppress(OSError):
                stream.close()  # type: ignore[union-attr]


class LocalEngine:
    """Runs tasks in as many worker processes as `cores` allow, each killed at its time limit.

    Used as a context it keeps its workers, warm, from one list of tasks to the next.
    """

    def __init__(self, cores: int, environment: Mapping[str, str] | None = None) -> None:
        self.cores = cores
        self.environment = dict(environment or {})
        self.events: queue.Queue[tuple[WorkerProcess, Event]] = queue.Queue()
        self.workers: list[WorkerProcess] = []
        self.keeps = False

    def __enter__(self) -> Self:
        self.keeps = True
        return self

    def __exit__(self, *_: object) -> None:
        self.keeps = False
        self.end(self.workers)

    def run(self, tasks: list[Task], report: Report) -> Iterator[Outcome]:
        """Do `tasks`, giving each outcome as it comes; events are passed on with the task's name.

        One that fails, dies or outlasts its limit does not stop the others. Leaving the iterator
        early ends the workers that are at work.
        """
        try:
            yield from Shift(self, tasks, report).work()
        finally:
            self.end([worker for worker in self.workers if worker.task or not self.keeps])

    def idle_worker(self) -> WorkerProcess:
        for worker in self.workers:
            if worker.task is None:
                return worker
        worker = WorkerProcess(self.events, self.environment)
        self.workers.append(worker)
        return worker

    def end(self, workers: list[WorkerProcess]) -> None:
        for worker in list(workers):
            self.workers.remove(worker)
            worker.stop()


class Shift:
    """One engine's work on one list of tasks."""

    def __init__(self, engine: LocalEngine, tasks: list[Task], report: Report) -> None:
        self.engine = engine
        self.waiting = list(tasks)
        self.report = report

    def work(self) -> Iterator[Outcome]:
        while self.waiting or self.busy():
            self.start_what_fits()
            with contextlib.suppress(queue.Empty):
                worker, event = self.engine.events.get(timeout=POLL_SECONDS)
                yield from self.take(worker, event)
            yield from self.overdue()

    def busy(self) -> list[WorkerProcess]:
        return [worker for worker in self.engine.workers if worker.task]

    def start_what_fits(self) -> None:
        cores = self.engine.cores
        free = cores - sum(cores_of(w.task, cores) for w in self.busy() if w.task)
        for task in list(self.waiting):
            needed = cores_of(task, cores)
            if needed <= free:
                self.waiting.remove(task)
                self.engine.idle_worker().give(task)
                self.report({"event": "started", "task": task.name})
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
                yield self.finish(worker, Outcome(task))
            case "failed":
                yield self.finish(worker, Outcome(task, event["reason"], event["details"]))
            case "gone":
                code = worker.process.returncode
                reason = f"its process ended on its own ({ending(code)})"
                yield self.finish(worker, Outcome(task, reason, worker.last_words()), drop=True)
            case _:
                self.report(event | {"task": task.name})

    def overdue(self) -> Iterator[Outcome]:
        for worker in self.busy():
            if worker.task and time.monotonic() > worker.deadline:
                limit = f"{worker.task.time_limit:g} s"
                reason = f"stopped at its time limit of {limit}; `time_limit` sets another"
                yield self.finish(worker, Outcome(worker.task, reason), drop=True)

    def finish(self, worker: WorkerProcess, outcome: Outcome, drop: bool = False) -> Outcome:
        worker.task = None
        if drop:
            self.engine.end([worker])
        kind = "failed" if outcome.reason else "done"
        self.report({"event": kind, "task": outcome.task.name, "reason": outcome.reason})
        return outcome


def cores_of(task: Task, available: int) -> int:
    """A task that asks for more cores than there are gets them all."""
    return min(task.cores, available)


def ending(code: int) -> str:
    return f"signal {-code}, perhaps out of memory" if code < 0 else f"exit code {code}"
