"""Whether nodes of a Ray cluster share a study's work, and lose nothing where some are killed.

Nodes are raylets on this machine with one core each (`raylets.py`), so that figures are of how work
is shared, not of a network. Prints how much sooner two nodes are done with equal tasks than one,
beside how much sooner two processes are without Ray, which is what this machine can give; and, for
runs in which nodes are killed at random moments while others come, whether all tasks were
done and came to what they do without Ray.

    python benchmarks/ray_nodes.py [--tasks 16] [--repeats 3] [--runs 5] [--kills 4] [--only kills]
"""

import argparse
import os
import queue
import random
import tempfile
import threading
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import numpy as np
import tomli_w

from raylets import Raylets
from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.engine.engine import Engine
from vestry.engine.local import LocalEngine
from vestry.engine.ray_cluster import connected
from vestry.engine.ray_engine import RayEngine
from vestry.engine.task import Event
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.engines import sent_rows
from vestry.pipeline.fitting import fit_members
from vestry.pipeline.planner import Planner
from vestry.predictions.table import load_table
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

STUDY = """
title = "Equal tasks"
[data]
source = "digits"
validation = { fraction = 0.2 }
[[model]]
name = "Net"
layers = [{ conv = 16, kernel = 3 }, { pool = 2 }, { flatten = true }, { dense = 32 }]
threads = 1
[training]
early_stopping = false
"""


def study_of(folder: Path, tasks: int, epochs: int) -> Path:
    """One network with as many seeds as there are tasks."""
    tables = tomllib.loads(STUDY)
    tables["model"][0]["seeds"] = list(range(tasks))
    tables["training"] = {"epochs": epochs}
    path = folder / f"equal-{tasks}-{epochs}.toml"
    path.write_text(tomli_w.dumps(tables))
    return path


def fitted(study: Path, run: Path, engine: Engine, report: Callable[[Event], None]) -> float:
    """Fit all of a study's models; seconds."""
    file = read_study(study).study
    places = DataPaths.of(None, study.parent)
    dataset = load_dataset(file.data, places)
    planner = Planner(file, dataset, places, RunFolder(run), 1)
    with engine, sent_rows(dataset, engine):
        started = time.perf_counter()
        planned, failed = fit_members(planner, None, engine, report)
        seconds = time.perf_counter() - started
    assert not failed, {outcome.task.name: outcome.reason for outcome in failed.values()}
    assert all(task.is_done for model in planned for task in model.fits)
    return seconds


def tables_of(run: Path) -> dict[str, np.ndarray]:
    """Every task's predictions of test rows."""
    found = (run / "tasks").glob("*/test.npz")
    return {path.parent.name: load_table(path).probabilities for path in found}


def same(one: Path, other: Path) -> bool:
    here, there = tables_of(one), tables_of(other)
    return here.keys() == there.keys() and all(
        np.array_equal(here[name], there[name]) for name in here
    )


@contextmanager
def on_nodes(*cores: int) -> Iterator[tuple[Raylets, RayEngine]]:
    with Raylets(*cores) as nodes:
        os.environ.update(nodes.environment)
        with connected(nodes.address, None) as cluster:
            yield nodes, RayEngine(cluster, None, PROCESS_ENVIRONMENT)


def sooner(folder: Path, tasks: int, epochs: int, repeats: int) -> None:
    """Two nodes against one, and two processes against one, by turns."""
    study, ratios = study_of(folder, tasks, epochs), {"nodes": [], "processes": []}
    for number in range(repeats):
        for kind, workers in (("nodes", _nodes), ("processes", _processes)):
            runs = {count: folder / f"{kind}-{count}-{number}" for count in (1, 2)}
            seconds = {count: warm_time(study, runs[count], workers(count)) for count in runs}
            ratios[kind].append(seconds[1] / seconds[2])
            alike = [same(folder / "nodes-1-0", run) for run in runs.values()]
            print(
                f"{kind}: {tasks} tasks in {seconds[1]:.1f} s with one, {seconds[2]:.1f} s with "
                f"two, {ratios[kind][-1]:.2f} times as soon; equal to the first run: {alike}",
                flush=True,
            )
    for kind, found in ratios.items():
        print(f"two {kind} are done {np.median(found):.2f} times as soon as one (median)")


def warm_time(study: Path, run: Path, workers: AbstractContextManager[Engine]) -> float:
    """Seconds of workers that have fitted a short study before."""
    warm = study_of(study.parent, 2, 1)
    with workers as engine, engine:
        fitted(warm, run.with_name(f"{run.name}-warm"), _Open(engine), _unsaid)
        return fitted(study, run, _Open(engine), _unsaid)


@contextmanager
def _nodes(count: int) -> Iterator[Engine]:
    with on_nodes(*[1] * count) as (_, engine):
        yield engine


def _processes(count: int) -> AbstractContextManager[Engine]:
    return nullcontext(LocalEngine(count, PROCESS_ENVIRONMENT))


class _Open:
    """An engine that stays open when a run is done with it, so that its nodes stay warm."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine

    def __getattr__(self, name: str) -> object:
        return getattr(self.engine, name)

    def __enter__(self) -> Engine:
        return self.engine

    def __exit__(self, *_: object) -> None:
        return None


def killed(folder: Path, tasks: int, epochs: int, runs: int, kills: int, seed: int) -> None:
    """Nodes are killed while they are at work; for each, another comes."""
    random_ = random.Random(seed)  # noqa: S311
    study, wrong = study_of(folder, tasks, epochs), 0
    usual = fitted(study, folder / "calm", LocalEngine(1, PROCESS_ENVIRONMENT), _unsaid) / tasks
    with on_nodes(1, 1) as (nodes, engine):
        for number in range(runs):
            run, killer = folder / f"killed-{number}", _Killer(nodes, tasks, kills, usual, random_)
            seconds = fitted(study, run, engine, killer.take)
            killer.stop()
            is_same = same(folder / "calm", run)
            wrong += not is_same
            print(
                f"run {number}: {killer.killed} nodes killed, {killer.again} tasks done again, "
                f"{len(tables_of(run))} of {tasks} done in {seconds:.1f} s, "
                f"as without Ray: {is_same}",
                flush=True,
            )
    print(f"{wrong} of {runs} runs came to anything else")


class _Killer:
    """Kills the nodes of some tasks, drawn beforehand, each at a random moment of its work."""

    def __init__(
        self, nodes: Raylets, tasks: int, kills: int, usual: float, random_: random.Random
    ) -> None:
        self.nodes, self.killed, self.again, self.started = nodes, 0, 0, 0
        chosen = random_.sample(range(tasks), kills)
        self.moments = {place: random_.uniform(0, usual) for place in chosen}
        self.victims: queue.Queue[tuple[str, float] | None] = queue.Queue()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def take(self, event: Event) -> None:
        self.again += "is done again elsewhere" in event.get("text", "")
        if event["event"] == "started":
            if self.started in self.moments:
                self.victims.put((event["node_id"], self.moments[self.started]))
            self.started += 1

    def work(self) -> None:
        while (victim := self.victims.get()) is not None:
            node, moment = victim
            time.sleep(moment)
            node = node if node in self.nodes.nodes else self.nodes.nodes[0]
            self.nodes.kill(node)
            self.killed += 1
            self.nodes.nodes[self.nodes.nodes.index(node)] = self.nodes.add(1)

    def stop(self) -> None:
        self.victims.put(None)
        self.thread.join()


def _unsaid(_: Event) -> None:
    pass


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=16)
    parser.add_argument("--epochs", type=int, default=300, help="of a task, for the speed")
    parser.add_argument("--killed-epochs", type=int, default=20, help="of a task, for the kills")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--kills", type=int, default=4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", choices=["speed", "kills"])
    given = parser.parse_args()
    print(f"seed {given.seed}, load of this machine {os.getloadavg()[0]:.1f}", flush=True)
    os.environ["VESTRY_LOOKS"] = tempfile.mkdtemp(prefix="looks-")
    with tempfile.TemporaryDirectory(prefix="ray-nodes-") as name:
        folder = Path(name)
        if given.only != "kills":
            sooner(folder, given.tasks, given.epochs, given.repeats)
        if given.only == "speed":
            return
        epochs = given.killed_epochs
        killed(folder, given.tasks, epochs, given.runs, given.kills, given.seed)


if __name__ == "__main__":
    main()
