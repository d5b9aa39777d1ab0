"""What a node of a Ray cluster does: one task in a worker process, as this machine's engine has it.

A process of Ray's gets the task, and beside it stands a warm worker process that does it: so limits
of time, what a task changes or leaves running, and how it may end are the same as without Ray.
"""

import contextlib
import functools
import os
import queue
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeGuard

from vestry.engine.local import LocalEngine
from vestry.engine.node_store import NodeStore, Wanted
from vestry.engine.same_code import differences
from vestry.engine.shipping import Content, contents_of, pieces_of
from vestry.engine.task import Event, Outcome, Task
from vestry.errors import VestryError

ARITHMETIC = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "BLIS_", "VECLIB_", "ORT_", "TORCH_")
"""How variables begin that libraries compute by: a node has them as the machine that asks has."""

_TOLD_SECONDS = 0.5
"""Events of so long a time travel together: each message costs a millisecond on both sides."""

Order = dict[str, Any]


def perform(order: Order) -> Iterator[list[Event] | bytes]:
    """Do a task on this node; gives its events, some at a time, then its files in pieces, each
    after its `file` event, and at last `done`, or `failed` with the reason.

    order: as `ray_dispatch` makes it, with references to the files that the task reads.
    """
    node = _node()
    yield [{"event": "started", **node}]
    if unlike := differences(order["code"], order["description"]):
        yield [_failure(f"the node {node['node']} has {'; '.join(unlike)}: install the same there")]
        return
    try:
        store = NodeStore(order["run"], node["node_id"][:12])
        with store.desk() as desk:
            yield from _performed(_task(order, store, desk), order["environment"])
    except VestryError as error:
        yield [_failure(f"on the node {node['node']}: {error}")]


def forget(run: str) -> None:
    """Remove what the node has kept for a run that is over."""
    NodeStore(run, _node()["node_id"][:12]).remove()


def _failure(reason: str, details: str = "", is_late: bool = False) -> Event:
    return {"event": "failed", "reason": reason, "details": details, "is_late": is_late}


def _node() -> dict[str, str]:
    import ray  # noqa: PLC0415 - an extra

    return {
        "node": ray.util.get_node_ip_address(),
        "node_id": ray.get_runtime_context().get_node_id(),
    }


def _task(order: Order, store: NodeStore, desk: Path) -> Task:
    return Task(
        name=order["name"],
        function=order["function"],
        description=order["description"],
        folder=desk / "files",
        workspace=desk / "workspace",
        context=order["context"],
        time_limit=order["time_limit"],
        reads=store.lay_out(_wanted(order), desk / "reads"),
    )


def _wanted(order: Order) -> Wanted:
    return {
        name: {Content(**said): functools.partial(_fetched, pieces) for said, pieces in files}
        for name, files in order["reads"].items()
    }


def _fetched(pieces: list[Any]) -> Iterator[bytes]:
    import ray  # noqa: PLC0415 - an extra

    for piece in pieces:
        yield ray.get(piece)


def _performed(task: Task, environment: dict[str, str]) -> Iterator[list[Event] | bytes]:
    outcome = None
    for items in _told(task, environment):
        outcome = next((item for item in items if isinstance(item, Outcome)), outcome)
        if events := [item for item in items if _is_news(item)]:
            yield events
    if outcome is None or outcome.reason:
        ended = outcome or Outcome(task, "its process was stopped")
        yield [_failure(str(ended.reason), ended.details, ended.is_late)]
        return
    for content, path in contents_of(task.folder).items():
        yield [{"event": "file", "content": asdict(content)}]
        yield from pieces_of(path)
    yield [{"event": "done"}]


def _is_news(item: Event | Outcome) -> TypeGuard[Event]:
    """How the task begins and ends is told apart from what its worker says of that."""
    return isinstance(item, dict) and item["event"] not in ("started", "done", "failed")


def _told(task: Task, environment: dict[str, str]) -> Iterator[list[Event | Outcome]]:
    """The engine's events, and the outcome among them; leaving early ends the worker."""
    engine, told = _Kept.engine(environment), queue.Queue[Event | Outcome | None]()

    def work() -> None:
        try:
            for outcome in engine.run([task], told.put):
                told.put(outcome)
        finally:
            told.put(None)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield from _together(told)
    finally:
        if thread.is_alive() and any(worker.task for worker in engine.workers):
            engine.end(engine.workers)


def _together(told: queue.Queue[Event | Outcome | None]) -> Iterator[list[Event | Outcome]]:
    """What is told in each short time, to the end, which is None and is not waited for."""
    is_over = False
    while not is_over:
        items, due = [told.get()], time.monotonic() + _TOLD_SECONDS
        while items[-1] is not None and (left := due - time.monotonic()) > 0:
            with contextlib.suppress(queue.Empty):
                items.append(told.get(timeout=left))
        is_over = items[-1] is None
        yield [item for item in items if item is not None]


class _Kept:
    """The engine of this process, whose worker stays warm from task to task."""

    known: tuple[LocalEngine, dict[str, str]] | None = None

    @classmethod
    def engine(cls, environment: dict[str, str]) -> LocalEngine:
        """With this environment; Ray says by it, too, which GPUs the next task has."""
        for name in [name for name in os.environ if name.startswith(ARITHMETIC)]:
            del os.environ[name]  # Ray sets some by the cores that the task has
        wanted = environment | {"CUDA_VISIBLE_DEVICES": os.environ.get("CUDA_VISIBLE_DEVICES", "")}
        if cls.known is not None:
            engine, before = cls.known
            if before == wanted:
                return engine
            engine.__exit__()
        engine = LocalEngine(1, environment)
        engine.guarded_apart = True
        engine.__enter__()
        cls.known = engine, wanted
        return engine
