"""Several processes that serve on one socket, and the one that looks after them."""

import contextlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from types import FrameType
from typing import IO, Any

from vestry.errors import VestryError
from vestry.serve.http.batching import BatchingSettings
from vestry.serve.http.context import ModelFile, ServerSettings
from vestry.serve.http.request import Limits
from vestry.serve.http.server import run_server, say
from vestry.serve.http.telemetry import FOLDER, LogWriter
from vestry.system.platform_calls import handing_down, pipe_without_wait

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SHORTEST_LIFE = 5.0
"""Seconds. A worker that ends sooner may only end again: the next one waits for a while."""
_PAUSES = (0.0, 1.0, 2.0, 5.0, 15.0, 30.0)
"""Seconds before another takes its place, by how many ended so one after the other."""
_OFTEN = 0.02
_FAILED = 1


class Supervisor:
    """Starts `count` processes that each load the models, as they were checked, and take
    connections from `listener`; starts one again that ends unasked, and lets the others serve on
    meanwhile. At the start all have to come up, or none stays."""

    def __init__(self, settings: ServerSettings, listener: socket.socket, count: int) -> None:
        self.settings = settings
        self.listener = listener
        self.count = count
        self.living: dict[subprocess.Popen[bytes], float] = {}
        self.due: list[float] = []
        self.short_lives = 0
        self.stopping = False
        self.failed = False
        self.writer = LogWriter(sys.stderr)  # nobody may read it, and it must not stop the rest

    def run(self, ready: Callable[[], None]) -> None:
        """Until a signal, and until every worker has answered what it had accepted.

        ready: called when all take connections. Raises VestryError where workers cannot be kept
        alive.
        """
        folder = tempfile.mkdtemp(prefix="vestry-metrics-")
        reading, writing = pipe_without_wait()
        kept = contextlib.ExitStack()
        files = [kept.enter_context(_unnamed(file.content)) for file in self.settings.models]
        self.handles = [file.fileno() for file in files]
        before = {number: signal.signal(number, self._passed_on) for number in _SIGNALS}
        try:
            for _ in range(self.count):
                self._start(folder, writing)
            if not self._all_ready(reading):
                self.failed = not self.stopping
                self._stop()
            else:
                ready()
            while self.living or (self.due and not self.stopping):
                time.sleep(_OFTEN)
                for age in self._buried(folder):
                    self._plan_another(age)
                self._start_due(folder, writing)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)
            kept.close()
            self.writer.close()
            shutil.rmtree(folder, ignore_errors=True)
        if self.failed:
            raise VestryError("a worker ended as soon as it had started; its words stand above")

    def _start(self, folder: str, writing: int) -> None:
        handle = self.listener.fileno()
        told = _as_json(self.settings, handle, writing, self.handles)
        worker = subprocess.Popen(
            # -P: whatever lies in the working folder is not to be imported
            [sys.executable, "-P", "-m", "vestry.serve.http.workers", told],
            env=os.environ | {FOLDER: folder},
            # Ctrl-C goes to a terminal's whole group: it would come twice, and end all at once.
            **handing_down(handle, writing, *self.handles),
        )
        self.living[worker] = time.monotonic()

    def _all_ready(self, reading: int) -> bool:
        """Wait for a word of each; False where one ended, or a signal came, before."""
        heard = 0
        while heard < self.count and not self.stopping:
            with contextlib.suppress(BlockingIOError):
                heard += len(os.read(reading, self.count))
            if any(worker.poll() is not None for worker in self.living):
                return False
            time.sleep(_OFTEN)
        return heard >= self.count

    def _buried(self, folder: str) -> list[float]:
        """The ages of those that ended since."""
        ended = [worker for worker in self.living if worker.poll() is not None]
        for worker in ended:
            _forget(folder, worker.pid)
        return [time.monotonic() - self.living.pop(worker) for worker in ended]

    def _plan_another(self, age: float) -> None:
        if self.stopping:
            return
        self.short_lives = 0 if age >= _SHORTEST_LIFE else self.short_lives + 1
        pause = _PAUSES[min(self.short_lives, len(_PAUSES) - 1)]
        when = f" in {pause:g} s" if pause else ""
        self.writer.put(f"vestry: a worker ended; another takes its place{when}\n")
        self.due.append(time.monotonic() + pause)

    def _start_due(self, folder: str, writing: int) -> None:
        for moment in [each for each in self.due if each <= time.monotonic()]:
            self.due.remove(moment)
            if not self.stopping:
                self._start(folder, writing)

    def _passed_on(self, _: int, __: FrameType | None) -> None:
        """The first signal stops the workers, the second ends them."""
        self._stop(at_once=self.stopping)

    def _stop(self, at_once: bool = False) -> None:
        self.stopping = True
        # While it is open, connections would wait on it for nobody.
        self.listener.close()
        for worker in self.living:
            worker.kill() if at_once else worker.terminate()


def _forget(folder: str, process: int) -> None:
    """Its gauges: a queue that died with it holds nothing. Its counts stay."""
    for path in Path(folder).glob(f"gauge_live*_{process}.db"):
        path.unlink(missing_ok=True)


def _unnamed(content: bytes) -> IO[bytes]:
    """A file without a name that holds it, for workers to read: nobody else can change it, and it
    is gone with the last of them."""
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever asks for it closes it
    file.write(content)
    file.flush()
    return file


def _content_of(handle: int) -> bytes:
    """Of a file that other processes have open, too: all of them share one place in it."""
    size, pieces, start = os.fstat(handle).st_size, [], 0
    while start < size:
        pieces.append(os.pread(handle, size - start, start))
        start += len(pieces[-1])
    os.close(handle)
    return b"".join(pieces)


def _as_json(settings: ServerSettings, listener: int, writing: int, handles: list[int]) -> str:
    """What a worker is told. listener, writing, handles: its handles of the socket, of the pipe on
    which it reports, and of what the models' files held."""
    facts = {
        "models": [
            [str(file.path), handle] for file, handle in zip(settings.models, handles, strict=True)
        ],
        "threads": settings.threads,
        "batching": asdict(settings.batching),
        "limits": asdict(settings.limits),
        "log": settings.log,
        "hosts": None if settings.hosts is None else sorted(settings.hosts),
    }
    return json.dumps({"settings": facts, "listener": listener, "writing": writing})


def _settings_of(facts: dict[str, Any]) -> ServerSettings:
    """What `_as_json` wrote."""
    return ServerSettings(
        [ModelFile(Path(name), _content_of(handle)) for name, handle in facts["models"]],
        facts["threads"],
        BatchingSettings(**facts["batching"]),
        Limits(**facts["limits"]),
        facts["log"],
        None if facts["hosts"] is None else frozenset(facts["hosts"]),
    )


def _work(told: str) -> int:
    """A worker's life; its exit code."""
    facts = json.loads(told)
    listener = socket.socket(fileno=facts["listener"])

    def ready() -> None:
        os.write(facts["writing"], b"+")

    parent = os.getppid()
    try:
        run_server(_settings_of(facts["settings"]), listener, ready, parent)
    except VestryError as error:
        say(str(error))
        return _FAILED
    finally:
        if os.getppid() != parent:  # it was killed, and can remove nothing any more
            shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(_work(sys.argv[1]))
