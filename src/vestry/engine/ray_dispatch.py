"""One list of tasks on a cluster's nodes: given out, followed, and given to others where a node is
lost."""

import contextlib
import os
import shutil
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from vestry.engine.ray_cluster import Nodes
from vestry.engine.ray_node import ARITHMETIC, perform
from vestry.engine.same_code import code_here
from vestry.engine.shipping import Arrival, Content
from vestry.engine.task import Event, Growing, OnEvent, Outcome, Task, Turns
from vestry.errors import DamagedError, one_line

if TYPE_CHECKING:
    from vestry.engine.ray_engine import RayEngine

_POLL_SECONDS = 0.2
_AHEAD = 2
"""So many times the cores that there are may be asked for: Ray sees what is wanted, and grows."""
_LOSSES = 3
"""A task whose node was lost so often is given up: perhaps it is what the nodes are lost by."""
_REFUSALS = 60
"""So often Ray may send a task to a node that has gone before it could begin there."""
_PAUSE_SECONDS = 1.0
"""Before Ray is asked again: for some seconds it takes a node that has gone for one that is up."""


@dataclass
class _Given:
    """A task that was given to Ray. order: it holds the references to what the task reads."""

    task: Task
    cores: int
    order: dict[str, Any]
    arrival: Arrival
    node: str = ""


@dataclass
class Dispatch:
    """See above."""

    engine: "RayEngine"
    tasks: list[Task]
    on_event: OnEvent
    given: dict[Any, _Given] = field(default_factory=dict)
    losses: Counter[tuple[str, bool]] = field(default_factory=Counter)
    not_before: dict[str, float] = field(default_factory=dict)
    lacked: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.ray = self.engine.cluster.ray
        self.new = Growing(self.tasks).new
        self.waiting: list[Task] = []
        self.seen = time.monotonic()

    def turns(self) -> Turns:
        try:
            while (new := self.new()) or self.waiting or self.given:
                self.waiting[:0] = new
                self.look_at_nodes()
                self.give_what_fits()
                for generator in self.ready():
                    yield from self.take(generator)
                if time.monotonic() - self.seen > self.engine.patience:
                    reason = f"no node has been there for {self.engine.patience:g} s"
                    all_given = [given.task for given in self.given.values()]
                    yield from self.give_up(all_given + self.waiting, reason)
                yield from self.give_up(*self.without_gpus())
                yield None
        finally:
            for generator in self.given:
                self.cancel(generator)

    def look_at_nodes(self) -> None:
        nodes = self.engine.cluster.nodes()
        if nodes.cores:
            self.seen = time.monotonic()
        if nodes.words() != self.engine.shown:
            self.engine.shown = nodes.words()
            self.on_event({"event": "nodes", "count": len(nodes.cores), "text": nodes.words()})

    def give_what_fits(self) -> None:
        """The next tasks in order that fit into what is free."""
        nodes = self.engine.cluster.nodes()
        most = self.engine.most or _AHEAD * nodes.total
        free = most - sum(given.cores for given in self.given.values())
        now = time.monotonic()
        for task in list(self.waiting):
            cores = min(task.cores, nodes.largest, most)
            if not nodes.cores or cores > free or not self.may_ask_for_gpus(task, nodes):
                continue
            if now >= self.not_before.get(task.name, now):
                self.waiting.remove(task)
                self.give(task, cores)
                free -= cores

    def may_ask_for_gpus(self, task: Task, nodes: Nodes) -> bool:
        """Tasks that wait for a GPU keep no others from the cores; one may ask where there is none,
        so that Ray sees what is wanted."""
        taken = sum(given.task.gpus for given in self.given.values())
        return not task.gpus or not taken or taken + task.gpus <= _AHEAD * nodes.all_gpus

    def without_gpus(self) -> tuple[list[Task], str]:
        """Tasks that have long waited for a node with as many GPUs as they take, and so why they
        are given up. That they wait is said at once."""
        nodes, now = self.engine.cluster.nodes(), time.monotonic()
        idle = [given.task for given in self.given.values() if not given.node] + self.waiting
        most = nodes.most_gpus if nodes.cores else float("inf")
        lacking = {task.name: task for task in idle if task.gpus > most}
        self.lacked = {name: self.lacked.get(name, now) for name in lacking}
        for task in lacking.values():
            group = task.group or task.name
            if group not in self.engine.waits:
                self.engine.waits.add(group)
                text = f"{group} waits for a node with {_gpus(task.gpus)}: there is none"
                self.on_event({"event": "warning", "text": text})
        patience = self.engine.gpu_patience
        late = [task for name, task in lacking.items() if now - self.lacked[name] > patience]
        return late, f"no node with as many GPUs as it takes has been there for {patience:g} s"

    def give(self, task: Task, cores: int) -> None:
        order = self.order(task)
        remote = self.ray.remote(perform).options(
            num_cpus=cores, num_gpus=task.gpus, num_returns="streaming", max_retries=0
        )
        arrival = Arrival(task.workspace / "arriving")
        self.given[remote.remote(order)] = _Given(task, cores, order, arrival)

    def order(self, task: Task) -> dict[str, Any]:
        arithmetic = {n: value for n, value in os.environ.items() if n.startswith(ARITHMETIC)}
        parcels = self.engine.parcels
        return {
            "name": task.name,
            "function": task.function,
            "description": task.description,
            "context": task.context,
            "time_limit": task.time_limit,
            "reads": parcels.of_all(self.engine.shared) | parcels.of_one(task.reads),
            "environment": arithmetic | self.engine.environment,
            "code": code_here(),
            "run": self.engine.cluster.run,
        }

    def ready(self) -> list[Any]:
        """Those that have something to say, each in its turn."""
        if not self.given:
            time.sleep(_POLL_SECONDS)
            return []
        everything = list(self.given)
        found, _ = self.ray.wait(everything, num_returns=1, timeout=_POLL_SECONDS)
        if len(everything) > 1 and found:
            found, _ = self.ray.wait(everything, num_returns=len(everything), timeout=0)
        return list(found)

    def take(self, generator: Any) -> Iterator[Outcome]:
        given = self.given[generator]
        try:
            item = self.ray.get(next(generator))
        except self.ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, self.ray.exceptions.RayError):
                yield from self.lost(generator)  # before it had all that it reads
            else:
                yield self.end(generator, Outcome(given.task, one_line(error.cause), str(error)))
        except (StopIteration, self.ray.exceptions.RayError):
            yield from self.lost(generator)
        else:
            yield from self.follow(generator, item)

    def follow(self, generator: Any, item: list[Event] | bytes) -> Iterator[Outcome]:
        if isinstance(item, bytes):
            self.given[generator].arrival.add(item)
            return
        for event in item:
            yield from self.heed(generator, event)

    def heed(self, generator: Any, event: Event) -> Iterator[Outcome]:
        given = self.given[generator]
        match event["event"]:
            case "file":
                given.arrival.begin(Content(**event["content"]))
            case "done":
                yield self.end(generator, self.settled(given))
            case "failed":
                why = {key: event[key] for key in ("reason", "details", "is_late")}
                yield self.end(generator, Outcome(given.task, **why))
            case _:
                if event["event"] == "started":
                    given.node = event["node"]
                    self.engine.used.add(event["node_id"])
                self.on_event(event | {"task": given.task.name})

    def settled(self, given: _Given) -> Outcome:
        try:
            given.arrival.settle(given.task.folder)
        except (DamagedError, OSError) as error:
            return Outcome(given.task, f"from the node {given.node}: {one_line(error)}")
        shutil.rmtree(given.task.workspace, ignore_errors=True)
        return Outcome(given.task)

    def lost(self, generator: Any) -> Iterator[Outcome]:
        """Its node, or Ray's process there, is gone: another does it, unless that was so often."""
        given = self.given[generator]
        task, kind = given.task, (given.task.name, bool(given.node))
        self.losses[kind] += 1
        most = _LOSSES if given.node else _REFUSALS
        if self.losses[kind] >= most:
            last = given.node or "before it could begin"
            yield self.end(generator, Outcome(task, f"its node was lost, {most} times now: {last}"))
            return
        del self.given[generator]
        given.arrival.close()
        self.waiting.insert(0, task)
        self.not_before[task.name] = time.monotonic() + _PAUSE_SECONDS
        if given.node:
            text = f"the node {given.node} is lost: {task.name} is done again elsewhere"
            self.on_event({"event": "warning", "text": text})

    def end(self, generator: Any, outcome: Outcome) -> Outcome:
        given = self.given.pop(generator)
        given.arrival.close()
        shutil.rmtree(given.arrival.place, ignore_errors=True)
        with contextlib.suppress(OSError):  # there may be a checkpoint of this machine's in it
            outcome.task.workspace.rmdir()
        kind = "failed" if outcome.reason else "done"
        self.on_event({"event": kind, "task": outcome.task.name, "reason": outcome.reason})
        return outcome

    def give_up(self, tasks: list[Task], reason: str) -> Iterator[Outcome]:
        """They fail, whether Ray has them or not."""
        reason += "; start some, and the same command goes on"
        lost = {task.name for task in tasks}
        for generator in [one for one, given in self.given.items() if given.task.name in lost]:
            self.cancel(generator)
            yield self.end(generator, Outcome(self.given[generator].task, reason))
        for task in [task for task in self.waiting if task.name in lost]:
            self.waiting.remove(task)
            self.on_event({"event": "failed", "task": task.name, "reason": reason})
            yield Outcome(task, reason)

    def cancel(self, generator: Any) -> None:
        with contextlib.suppress(Exception):  # whatever Ray says, it is not wanted
            self.ray.cancel(generator, force=True)


def _gpus(count: float) -> str:
    return f"{count:g} GPU{'s' * (count != 1)}"
