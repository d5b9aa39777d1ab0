"""Nodes of a Ray cluster on this machine, on the loopback alone, for tests and benchmarks: started,
added and killed by the process that asks. Each is a raylet of its own with a store of 100 MB."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

OWN = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # or Ray takes this machine's outer address
    "RAY_AUTH_MODE": "token",
    # That a node has gone is known in some five seconds instead of fifteen: nobody answers there.
    # One that answers late, because this machine is busy, has not gone.
    "RAY_health_check_initial_delay_ms": "1000",
    "RAY_health_check_period_ms": "1000",
    "RAY_health_check_timeout_ms": "60000",
    "RAY_health_check_failure_threshold": "4",
}
_TOKEN = secrets.token_hex(32)
"""One for all: Ray in a process that connects keeps the first that it was given."""
_STORE = 100 * 2**20
_START_SECONDS = 120.0
_STARTS = 3
_LAST_WORDS = 2000


class Raylets:
    """A head, and nodes with so many cores; used as a context. head: its cores. environment: what
    who connects has to have."""

    def __init__(self, *cores: int, head: int = 0) -> None:
        self.cores, self.head = cores, head
        self.environment = OWN | {"RAY_AUTH_TOKEN": _TOKEN}

    def __enter__(self) -> "Raylets":
        self.folder = tempfile.mkdtemp(prefix="vestry-raylets-")
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [sys.executable, __file__, self.folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env=os.environ | self.environment,
            start_new_session=True,
        )
        self.address = self._ask("start", self.head)
        self.nodes = [self.add(count) for count in self.cores]
        return self

    def __exit__(self, *_: object) -> None:
        self.process.communicate()
        self.errors.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def add(self, cores: int = 1, gpus: int = 0) -> str:
        """Another node; gives its id."""
        return self._ask("add", cores, gpus)

    def kill(self, node: str) -> None:
        """SIGKILL to its processes: what it runs ends, and nobody is told."""
        self._ask("kill", node)

    def _ask(self, *words: object) -> str:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(words) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            self.errors.seek(0)
            last = self.errors.read().decode(errors="replace")[-_LAST_WORDS:]
            raise RuntimeError(f"the process that holds the raylets has ended: {last}")
        return str(json.loads(answer))


def _patient(asked: Callable[..., object]) -> Callable[..., object]:
    """Of a function that raises RuntimeError as long as a node has not started: Ray gives it half a
    minute for that, which is little on a busy machine."""

    def answer(*arguments: object) -> object:
        until = time.monotonic() + _START_SECONDS
        while time.monotonic() < until:
            with contextlib.suppress(RuntimeError):
                return asked(*arguments)
        return asked(*arguments)

    return answer


def _started(cluster: Any, **options: object) -> Any:
    """A node of `cluster`; tried again, because a raylet that waits for its own parts on a busy
    machine gives itself up."""
    for _ in range(_STARTS - 1):
        with contextlib.suppress(Exception):  # Ray says it by just that
            return cluster.add_node(**options)
    return cluster.add_node(**options)


def _serve(folder: str) -> None:
    """Does what it is told until its input closes."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    # Where the address of the head is noted: its usual folder is there only if Ray has run before.
    os.environ["RAY_TMPDIR"] = folder
    Path(folder, "ray").mkdir()
    from ray._private import services  # noqa: PLC0415 - only here
    from ray.cluster_utils import Cluster  # noqa: PLC0415

    services.get_node = _patient(services.get_node)
    options = {"object_store_memory": _STORE, "include_dashboard": False}
    cluster = Cluster()
    known = {}
    for line in sys.stdin:
        match json.loads(line):
            case ["start", cores]:
                cluster.add_node(num_cpus=cores, num_gpus=0, temp_dir=folder, **options)
                said = cluster.address
            case ["add", cores, gpus]:
                node = _started(cluster, num_cpus=cores, num_gpus=gpus, **options)
                known[said := node.node_id] = node
            case ["kill", name]:
                cluster.remove_node(known.pop(name), allow_graceful=False)
                said = "killed"
        answers.write(json.dumps(said) + "\n")
        answers.flush()
    cluster.shutdown()


if __name__ == "__main__":
    if not Path(sys.argv[1]).is_dir():
        raise SystemExit(f"{sys.argv[1]} is no folder")
    _serve(sys.argv[1])
