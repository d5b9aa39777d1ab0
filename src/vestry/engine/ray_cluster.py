"""The Ray cluster that a run's tasks go to: one that is there, or nodes started on this machine.

Ray is told to send no usage statistics before it is imported. What is started here listens on the
loopback alone, asks for a token that only its own processes know, and leaves nothing behind.
"""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from vestry.errors import RunError, StudyError, one_line
from vestry.system.parts import require
from vestry.system.platform_calls import available_cores

_ADDRESS, _AUTO = "RAY_ADDRESS", "auto"
_ANSWER_SECONDS = 10.0
_STORE_BYTES = 200 * 2**20
"""For files on their way; what does not fit is laid on the disk."""
_LONGEST_PLACE = 20
_LOOK_SECONDS = 1.0
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # or Ray warns of what it will change
}


@dataclass(frozen=True)
class Nodes:
    """Those that are up and have cores. cores: of each, by its id. gpus: of those that have any."""

    cores: dict[str, int]
    gpus: dict[str, float] = field(default_factory=dict)

    @property
    def total(self) -> int:
        return sum(self.cores.values())

    @property
    def largest(self) -> int:
        return max(self.cores.values(), default=1)

    @property
    def smallest(self) -> int:
        return min(self.cores.values(), default=1)

    @property
    def all_gpus(self) -> float:
        return sum(self.gpus.values())

    @property
    def most_gpus(self) -> float:
        """Of one node."""
        return max(self.gpus.values(), default=0.0)

    def words(self) -> str:
        """ "2 nodes, 16 cores", "1 node, 8 cores, 2 GPUs"."""
        counts = {"node": len(self.cores), "core": self.total, "GPU": self.all_gpus}
        known = {name: count for name, count in counts.items() if count or name != "GPU"}
        return ", ".join(f"{count:g} {name}{'s' * (count != 1)}" for name, count in known.items())


class RayCluster:
    """A connection to a cluster. ray: the module, connected."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
        self.run = secrets.token_hex(6)
        self.looked = -_LOOK_SECONDS
        self.found = Nodes({})

    def nodes(self) -> Nodes:
        """As they were a second ago at most."""
        if time.monotonic() - self.looked >= _LOOK_SECONDS:
            alive = [node for node in self.ray.nodes() if node["Alive"]]
            has = {node["NodeID"]: node["Resources"] for node in alive}
            cores = {name: int(own.get("CPU", 0)) for name, own in has.items()}
            cores = {name: count for name, count in cores.items() if count}
            gpus = {name: float(has[name].get("GPU", 0)) for name in cores}
            self.found = Nodes(cores, {name: count for name, count in gpus.items() if count})
            self.looked = time.monotonic()
        return self.found


@contextlib.contextmanager
def connected(address: str | None, cores: int | None) -> Iterator[RayCluster]:
    """A connection, given up at the end.

    address: HOST:PORT, or "auto" for the cluster that this machine is a node of; by default that of
    RAY_ADDRESS, else nodes are started here, with `cores` cores. Raises MissingPartError where Ray
    is not installed, RunError where the cluster cannot be reached.
    """
    require("ray", "--engine ray")
    address = address or os.environ.get(_ADDRESS) or None
    if address and address.startswith("ray://"):
        raise StudyError(
            f"{address}: run the command on a node of that cluster, with --address auto"
        )
    os.environ.update(_QUIET)
    with contextlib.ExitStack() as held:
        where = _there(address) if address else held.enter_context(_here(cores))
        ray = _imported()
        try:
            _connect(ray, where)
        except Exception as error:  # of a node that is slow to start Ray says it by just that
            raise RunError(
                f"no Ray cluster answers at {address or 'this machine'}: {one_line(error)}"
            ) from None
        held.callback(ray.shutdown)
        yield RayCluster(ray)


def _there(address: str) -> dict[str, Any]:
    """Whether anybody answers is tried first: Ray would go on trying for good."""
    host, _, port = address.rpartition(":")
    if address != _AUTO:
        if not host or not port.isdigit():
            raise StudyError(f"address {address!r}: give HOST:PORT, or {_AUTO}")
        try:
            socket.create_connection((host.strip("[]"), int(port)), _ANSWER_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise RunError(f"no Ray cluster answers at {address}: {one_line(error)}") from None
    return {"address": address}


@contextlib.contextmanager
def _here(cores: int | None) -> Iterator[dict[str, Any]]:
    """How nodes are started on this machine. Ray calls this machine by its loopback address where
    it is told that it cannot have others; its name for that is of other systems."""
    own = {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
    }
    before = {name: os.environ.get(name) for name in own}
    os.environ.update(own)
    folder = tempfile.mkdtemp(prefix="vestry-ray-", dir=_short_place())
    try:
        yield {
            "address": "local",
            "num_cpus": cores or available_cores(),
            "include_dashboard": False,
            "object_store_memory": _STORE_BYTES,
            "_temp_dir": folder,
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in before.items():
            os.environ.pop(name, None)
            os.environ.update({} if value is None else {name: value})


def _short_place() -> str:
    """Where Ray's sockets may lie: their names are at most some hundred bytes long."""
    usual = tempfile.gettempdir()
    return usual if os.name != "posix" or len(os.fsencode(usual)) <= _LONGEST_PLACE else "/tmp"  # noqa: S108


def _imported() -> Any:
    """Ray without what no option keeps it from: printing the logs of nodes that are lost, and a
    dashboard's process, which nobody asked for, and which asks the network in which cloud it is."""
    import ray  # noqa: PLC0415 - an extra

    worker, services = ray._private.worker, ray._private.services
    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = lambda *_, **__: None
    if hasattr(services, "start_api_server"):
        services.start_api_server = lambda *_, **__: (None, None)
    return ray


def _connect(ray: Any, where: dict[str, Any]) -> None:
    """What SIGTERM does here stays as it was: Ray would have it its own way."""
    before = signal.getsignal(signal.SIGTERM)
    ray.init(**where, log_to_driver=False, logging_level="ERROR", configure_logging=False)
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, before)
