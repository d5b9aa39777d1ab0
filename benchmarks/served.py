"""Servers in processes of their own, on one core, and load on them from another."""

import atexit
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from sides import HERE

READY = re.compile(r"http://127\.0\.0\.1:(\d+)")
PAGE = os.sysconf("SC_PAGE_SIZE")


def cores() -> tuple[int | None, int | None]:
    """One for the server, another for the load; None where there is only one."""
    if not hasattr(os, "sched_getaffinity") or len(os.sched_getaffinity(0)) < 2:
        return None, None
    first, *_, last = sorted(os.sched_getaffinity(0))
    return first, last


class ServerProcess:
    """A command that says on stderr at which address it is ready. ready: seconds until then.
    sources: another `src` than this one."""

    def __init__(
        self, words: list[Any], log: Path, core: int | None, sources: Path | None = None
    ) -> None:
        self.log = log
        other = {"PYTHONPATH": str(sources.resolve())} if sources else {}
        started = time.perf_counter()
        with log.open("wb") as stream:
            self.process = subprocess.Popen(
                [sys.executable, *map(str, words)],
                stderr=stream,
                stdout=stream,
                env=os.environ | other,
            )
        atexit.register(self.process.kill)  # a benchmark that fails leaves no server behind
        if core is not None:
            os.sched_setaffinity(self.process.pid, {core})
        self.port = self.wait()
        self.ready = time.perf_counter() - started

    def wait(self) -> int:
        while self.process.poll() is None:
            if found := READY.search(self.log.read_text()):
                return int(found[1])
            time.sleep(0.005)
        raise SystemExit(f"the server ended: {self.log.read_text()[-2000:]}")

    def memory(self) -> int:
        """Resident bytes."""
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * PAGE

    def processor_seconds(self) -> float:
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def vestry_server(
    model: Path, log: Path, core: int | None, *options: Any, sources: Path | None = None
) -> ServerProcess:
    words = ["-m", "vestry", "serve", model, "--port", 0, *options]
    return ServerProcess(words, log, core, sources)


def start_load(port: int, images: Path, core: int | None, **options: Any) -> subprocess.Popen[str]:
    """options: those of `http_load.py`; True for a flag."""
    words: list[Any] = [sys.executable, HERE / "http_load.py", "--port", port, "--images", images]
    for name, value in options.items():
        words += [f"--{name}"] if value is True else [f"--{name}", value]
    if core is not None:
        words += ["--core", core]
    return subprocess.Popen(list(map(str, words)), stdout=subprocess.PIPE, text=True)


def finished(load: subprocess.Popen[str]) -> dict[str, Any]:
    out, _ = load.communicate()
    if load.returncode:
        raise SystemExit("the load generator failed")
    result: dict[str, Any] = json.loads(out)
    return result


def load_on(port: int, images: Path, core: int | None, **options: Any) -> dict[str, Any]:
    return finished(start_load(port, images, core, **options))
