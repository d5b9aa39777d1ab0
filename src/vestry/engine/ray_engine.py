"""Tasks on the nodes of a Ray cluster, and those that only this machine can do beside them."""

import contextlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from vestry.engine.local import LocalEngine
from vestry.engine.ray_cluster import RayCluster, connected
from vestry.engine.ray_dispatch import Dispatch
from vestry.engine.ray_node import forget
from vestry.engine.ray_parcels import Parcels
from vestry.engine.task import Growing, OnEvent, Outcome, Task, Turns
from vestry.system.platform_calls import available_cores

_TURN_SECONDS = 0.02
_TIDY_SECONDS = 10.0


class RayEngine:
    """As `engine.Engine`. most: how many cores all tasks may take at once; None for all that the
    nodes have. patience: seconds that it waits for a node while there is none; gpu_patience: for
    one with as many GPUs as a task takes. used: nodes that have done something. said, waits: groups
    of which it was said that they stay here, that they wait for a GPU. shown: how many nodes there
    are, as it was told last."""

    shares_disk = False

    def __init__(
        self, cluster: RayCluster, most: int | None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.cluster = cluster
        self.most = most
        self.environment = dict(environment or {})
        self.shared: dict[str, Path] = {}
        self.patience, self.gpu_patience = 60.0, 600.0
        self.parcels = Parcels(cluster.ray)
        self.used: set[str] = set()
        self.said: set[str] = set()
        self.waits: set[str] = set()
        self.shown = ""
        self.here = LocalEngine(min(available_cores(), self.cores), environment)

    @property
    def cores(self) -> int:
        """What every node can give to one task."""
        smallest = self.cluster.nodes().smallest
        return smallest if self.most is None else min(self.most, smallest)

    def __enter__(self) -> Self:
        self.here.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self.here.__exit__()
        self.tidy()
        self.parcels.drop()

    def run(self, tasks: list[Task], on_event: OnEvent) -> Iterator[Outcome]:
        """As the protocol says. Tasks that only this machine can do run beside the others; those
        that want all of its cores come last, alone."""
        given, alone = Growing(tasks), list[Task]()
        away = _Place(lambda tasks: Dispatch(self, tasks, on_event).turns())
        beside = _Place(lambda tasks: self.here.turns(tasks, on_event, _TURN_SECONDS))
        with contextlib.closing(away), contextlib.closing(beside):
            while (new := given.new()) or away.tasks or beside.tasks or alone:
                for text in self.reasons({task.group or task.name: task.here for task in new}):
                    on_event({"event": "note", "text": text})
                alone += [t for t in new if t.here and t.cores >= self.here.cores]
                beside.tasks += [t for t in new if t.here and t.cores < self.here.cores]
                away.tasks += [t for t in new if not t.here]
                if away.tasks or beside.tasks:
                    yield from filter(None, [away.turn(), beside.turn()])
                else:
                    yield from self.here.run([alone.pop(0)], on_event)

    def reasons(self, groups: dict[str, str]) -> list[str]:
        """Why some of them are done on this machine, said once."""
        new = {name: why for name, why in groups.items() if why and name not in self.said}
        self.said |= new.keys()
        return [f"{name} is done on this machine, not on nodes: {why}" for name, why in new.items()]

    def tidy(self) -> None:
        """Have every node remove what it kept, where it still answers."""
        ray, used = self.cluster.ray, self.used & self.cluster.nodes().cores.keys()
        at = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        asked = [
            ray.remote(forget)
            .options(num_cpus=0, scheduling_strategy=at(name, soft=False), max_retries=0)
            .remote(self.cluster.run)
            for name in used
        ]
        if asked:
            ray.wait(asked, num_returns=len(asked), timeout=_TIDY_SECONDS)
        self.used.clear()


@dataclass
class _Place:
    """Where some tasks are done, which may grow in number. start: gives the turns of a list."""

    start: Callable[[list[Task]], Turns]
    tasks: list[Task] = field(default_factory=list)
    turns: Turns | None = None

    def turn(self) -> Outcome | None:
        """An outcome, if there is one after a moment."""
        if not self.tasks:
            return None
        self.turns = self.turns or self.start(self.tasks)
        try:
            return next(self.turns)
        except StopIteration:
            self.turns, self.tasks = None, []
            return None

    def close(self) -> None:
        if self.turns is not None:
            self.turns.close()


@contextlib.contextmanager
def ray_engine(
    address: str | None, cores: int | None, environment: Mapping[str, str] | None = None
) -> Iterator[RayEngine]:
    """An engine on the cluster at `address`, as `connected` has it. cores: as `RayEngine.most`."""
    with connected(address, cores) as cluster:
        yield RayEngine(cluster, cores, environment)
