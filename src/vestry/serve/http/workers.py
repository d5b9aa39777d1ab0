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
from typing import Any

from vestry.errors import VestryError
from vestry.serve.http.batching import BatchingSettings
from vestry.serve.http.context import ServerSettings
from vestry.serve.http.request import Limits
from vestry.serve.http.server import run_server, say
from vestry.serve.http.telemetry import FOLDER
from vestry.system.platform_calls import handing_down, pipe_without_wait

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_SHORTEST_LIFE = 5.0
"""Seconds. A worker that ends sooner would only end again; the server stops instead."""
_OFTEN = 0.02
_FAILED = 1


class Supervisor:
    """Starts `count` processes that each load the models and take connections from `listener`;
    starts one again that ends unasked."""

    def __init__(self, settings: ServerSettings, listener: socket.socket, count: int) -> None:
        self.settings = settings
        self.listener = listener
        self.count = count
        self.living: dict[subprocess.Popen[bytes], float] = {}
        self.stopping = False
        self.failed = False

    def run(self, ready: Callable[[], None]) -> None:
        """Until a signal, and until every worker has answered what it had accepted.

        ready: called when all take connections. Raises VestryError where workers cannot be kept
        alive.
        """
        folder = tempfile.mkdtemp(prefix="vestry-metrics-")
        reading, writing = pipe_without_wait()
        before = {number: signal.signal(number, self._passed_on) for number in _SIGNALS}
        try:
            for _ in range(self.count):
                self._start(folder, writing)
            if self._all_ready(reading):
                ready()
            while self.living:
                time.sleep(_OFTEN)
                for age in self._buried(folder):
                    self._replace(age, folder, writing)
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            os.close(reading)
            os.close(writing)
            shutil.rmtree(folder, ignore_errors=True)
        if self.failed:
            raise VestryError("a worker ended as soon as it had started; its words stand above")

    def _start(self, folder: str, writing: int) -> None:
        handle = self.listener.fileno()
        told = _as_json(self.settings, handle, writing)
        worker = subprocess.Popen(
            # -P: whatever lies in the working folder is not to be imported
            [sys.executable, "-P", "-m", "vestry.serve.http.workers", told],
            env=os.environ | {FOLDER: folder},
            # Ctrl-C goes to a terminal's whole group: it would come twice, and end all at once.
            **handing_down(handle, writing),
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

    def _replace(self, age: float, folder: str, writing: int) -> None:
        if self.stopping:
            return
        if age >= _SHORTEST_LIFE:
            say("a worker ended; another takes its place")
            self._start(folder, writing)
            return
        self.failed = True
        self._stop()

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


def _as_json(settings: ServerSettings, listener: int, writing: int) -> str:
    """What a worker is told. listener, writing: its handles of the socket and of the pipe on which
    it reports."""
    hosts = None if settings.hosts is None else sorted(settings.hosts)
    models = [str(path) for path in settings.models]
    facts = asdict(settings) | {"models": models, "hosts": hosts}
    return json.dumps({"settings": facts, "listener": listener, "writing": writing})


def _settings_of(facts: dict[str, Any]) -> ServerSettings:
    """What `_as_json` wrote."""
    return ServerSettings(
        [Path(name) for name in facts["models"]],
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

    try:
        run_server(_settings_of(facts["settings"]), listener, ready, os.getppid())
    except VestryError as error:
        say(str(error))
        return _FAILED
    return 0


if __name__ == "__main__":
    sys.exit(_work(sys.argv[1]))
