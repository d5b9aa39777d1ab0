"""What models are fitted with, loaded by the workers before anything is timed in them.

On a slow or busy machine, or from a disk that was not read yet, a worker may load PyTorch and
scikit-learn for longer than a trial may take.
"""

import importlib
import tempfile
import time
from pathlib import Path
from typing import Any

from vestry.engine.engine import Engine
from vestry.engine.task import Event, OnEvent, Task

_MODULES = (
    "vestry.members.networks.network_member",
    "vestry.members.estimators.estimator",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.neighbors",
    "sklearn.svm",
    "skl2onnx",
    "onnxruntime",
)


def load_in_workers(engine: Engine, count: int) -> float:
    """Have so many workers load it, or as many as there are cores; gives the seconds that took.

    What cannot be loaded comes to light in the trials, with its reason.
    """
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="vestry-try-") as folder:
        tasks = [_task(Path(folder), place) for place in range(min(count, engine.cores))]
        for _ in engine.run(tasks, _unsaid):
            pass
    return time.monotonic() - started


def _task(folder: Path, place: int) -> Task:
    name = f"loading {place}"
    return Task(name, f"{__name__}:load_modules", {}, folder / name, folder / f"{name} at work")


def _unsaid(_: Event) -> None:
    """It is no part of the study."""


def load_modules(
    description: dict[str, Any],  # noqa: ARG001 - as every task's function is called
    context: dict[str, Any],  # noqa: ARG001
    folder: Path,  # noqa: ARG001
    workspace: Path,  # noqa: ARG001
    on_event: OnEvent,  # noqa: ARG001
) -> None:
    """Of a worker process: a task like any other, which leaves nothing but what is loaded."""
    for name in _MODULES:
        importlib.import_module(name)
