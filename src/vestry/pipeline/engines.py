"""What does a study's tasks: processes on this machine, or the nodes of a Ray cluster."""

import contextlib
import tempfile
from collections.abc import Iterator
from pathlib import Path

from vestry.data.dataset import Dataset
from vestry.data.packed_rows import pack_rows
from vestry.engine.engine import Engine
from vestry.engine.local import LocalEngine
from vestry.errors import StudyError
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.tasks.fit import ROWS
from vestry.system.platform_calls import available_cores

_LOCAL, _RAY = "local", "ray"


@contextlib.contextmanager
def opened_engine(name: str, address: str | None, cores: int | None) -> Iterator[Engine]:
    """address: of a Ray cluster, as `vestry.engine.ray_cluster.connected` has it. cores: the most
    that are used at once, None for all.

    Raises StudyError for a name that is none and for an address that goes with no cluster,
    MissingPartError where Ray is not installed, RunError where the cluster cannot be reached.
    """
    if name not in (_LOCAL, _RAY):
        raise StudyError(f"engine {name!r}: there are {_LOCAL} and {_RAY}")
    if name == _RAY:
        from vestry.engine.ray_engine import ray_engine  # noqa: PLC0415 - an extra

        with ray_engine(address, cores, PROCESS_ENVIRONMENT) as engine:
            yield engine
        return
    if address is not None:
        raise StudyError("--address says where a Ray cluster is: give --engine ray, too")
    yield LocalEngine(cores or available_cores(), PROCESS_ENVIRONMENT)


@contextlib.contextmanager
def sent_rows(dataset: Dataset, engine: Engine) -> Iterator[None]:
    """Have every task find the study's rows, where it does not see this machine's files."""
    if engine.shares_disk:
        yield
        return
    with tempfile.TemporaryDirectory(prefix="vestry-rows-") as folder:
        pack_rows(dataset, Path(folder))
        engine.shared[ROWS] = Path(folder)
        try:
            yield
        finally:
            del engine.shared[ROWS]
