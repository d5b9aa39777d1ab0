"""A study on the nodes of a Ray cluster: raylets of this machine, on the loopback, one of them
killed. What every engine promises is in test_engine_contract.py."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from test_engine_contract import alive, needs_ray, task, wait_for

from raylets import Raylets
from studies_at_hand import SMALL_STUDY
from test_run import results_of, without_times
from test_sends_nothing import isolating
from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.engine import ray_cluster, ray_dispatch
from vestry.engine.ray_cluster import connected
from vestry.engine.ray_engine import RayEngine
from vestry.errors import StudyError, VestryError
from vestry.members.networks import device
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.engines import opened_engine
from vestry.pipeline.planner import Planner
from vestry.pipeline.run_study import run_study
from vestry.predictions.table import load_table
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study
from vestry.system.parts import MissingPartError

JOBS = Path(__file__).parent
STUDY = SMALL_STUDY.replace("robustness = { skip = true }", "robustness = { rows = 20 }") + (
    '[[member]]\nname = "Tree"\nestimator = "sklearn.tree.DecisionTreeClassifier"\n'
    "params = { max_depth = { choose = [2, 5, 9] } }\nsearch = { trials = 6, batch = 4 }\n"
    '[[member]]\nname = "Own"\nestimator = "beside.Own"\n'
)
OWN = "from sklearn.naive_bayes import GaussianNB\nclass Own(GaussianNB): pass\n"
LOOPBACK = {"0100007F", "0" * 24 + "01000000", "0" * 16 + "FFFF00000100007F"}
"""127.0.0.1, ::1 and ::ffff:127.0.0.1, as the kernel writes them."""
STARTED_HERE = """
import json, os
from pathlib import Path
from vestry.engine.ray_cluster import connected

def below(process):
    found = {process}
    for place in Path(f"/proc/{process}/task").glob("*/children"):
        for child in place.read_text().split():
            found |= below(child)
    return found

def looked():
    processes = below(str(os.getpid()))
    own = {os.readlink(handle) for process in processes
           for handle in Path(f"/proc/{process}/fd").iterdir() if handle.is_symlink()}
    lines = [line.split() for name in ("tcp", "tcp6", "udp", "udp6")
             for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    # listening, or of UDP: unconnected
    places = [line[1].split(":")[0] for line in lines
              if f"socket:[{line[9]}]" in own and line[3] in ("0A", "07")]
    switch, others = b"RAY_USAGE_STATS_ENABLED=0", processes - {str(os.getpid())}
    told = [p for p in others if switch in Path(f"/proc/{p}/environ").read_bytes()]
    return [places, len(told)]

with connected(None, 1) as cluster:
    while True:
        try:
            print(json.dumps([cluster.nodes().total, *looked()]))
            break
        except OSError:  # one has ended, or a file was closed, while it was looked at
            continue
"""


@pytest.fixture(scope="module")
def nodes():
    """Two nodes of one core, of which the tests kill some."""
    needs_ray()
    with Raylets(1, 1) as started, pytest.MonkeyPatch.context() as patch:
        for name, value in started.environment.items():
            patch.setenv(name, value)
        yield started


@pytest.fixture(scope="module")
def cluster(nodes):
    with connected(nodes.address, None) as cluster:
        yield cluster


@pytest.fixture
def engine(cluster):
    path = os.pathsep.join([str(JOBS), os.environ.get("PYTHONPATH", "")])
    with RayEngine(cluster, None, {"PYTHONPATH": path}) as engine:
        yield engine


@pytest.fixture(scope="module")
def both(nodes, cluster, vestry, tmp_path_factory):
    """A run here and one on nodes, the first of which is killed at its first task; what was told
    of that one."""
    folder, told = tmp_path_factory.mktemp("both"), []
    (folder / "beside.py").write_text(OWN)
    (folder / "small.toml").write_text(STUDY)

    def report(event):
        told.append(event)
        if event["event"] == "started" and not killed and "node_id" in event:
            killed.append(event["node_id"])
            nodes.kill(event["node_id"])

    killed: list[str] = []
    places = DataPaths.of(None, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        file, engine = read_study(Path("small.toml")), RayEngine(cluster, None, PROCESS_ENVIRONMENT)
        run_study(file, places, RunFolder(folder / "far"), engine.cores, report, engine)
    nodes.add(1)
    here = vestry("run", "small.toml", "--cores", "1", "--out", "here", cwd=folder)
    assert here.returncode == 0, here.stderr
    return folder / "here", folder / "far", told


def test_a_run_on_nodes_comes_to_what_a_run_here_does_though_one_is_killed(both):
    here, far, told = both
    assert without_times(results_of(far)) == without_times(results_of(here))
    for table in here.glob("members/*/*.npz"):
        if table.stem in ("validation", "test"):
            one, other = (load_table(run / table.relative_to(here)) for run in (here, far))
            np.testing.assert_array_equal(one.probabilities, other.probabilities)
    (lost,) = [event["text"] for event in told if "is lost" in event.get("text", "")]
    assert "is done again elsewhere" in lost


def test_the_cards_are_the_same_and_nothing_else_is_left(both):
    here, far, _ = both
    names = [sorted(p.name for p in (run / "tasks").iterdir()) for run in (here, far)]
    assert names[0] == names[1] and not [name for name in names[1] if "unfinished" in name]
    for card in (far / "tasks").glob("*/card.json"):
        listed = json.loads(card.read_text()).get("files", [])
        assert {p.name for p in card.parent.iterdir()} == {*listed, "card.json"}


def test_what_only_this_machine_has_is_done_here_and_said(both):
    _, _, told = both
    said = "\n".join(event["text"] for event in told if event["event"] == "note")
    assert "Own is done on this machine, not on nodes: its class stands in beside.py" in said
    assert "cost is done on this machine, not on nodes: it times this machine" in said
    where = {event["task"]: event.get("node_id") for event in told if event["event"] == "started"}
    assert where["Own"] is where["cost"] is None
    away = {"Net", "Linear", "Tree, search, trial 1", "Tree", "Net, altered images"}
    assert {task for task, node in where.items() if node} >= away


def test_nodes_are_told_as_they_come_and_go(both):
    _, _, told = both
    counts = [event["count"] for event in told if event["event"] == "nodes"]
    assert counts[:2] == [2, 1]


def test_a_task_whose_nodes_are_lost_each_time_is_given_up(nodes, engine, tmp_path, monkeypatch):
    monkeypatch.setattr(ray_dispatch, "_LOSSES", 1)

    def report(event):
        if event["event"] == "started":
            nodes.kill(event["node_id"])
            nodes.add(1)

    job = task(tmp_path, "sleep", started=str(tmp_path / "started"))
    (outcome,) = engine.run([job], report)
    assert "its node was lost, 1 times now" in outcome.reason


def test_where_there_is_no_node_tasks_fail_after_a_while(engine, tmp_path):
    engine.patience = 0.5
    engine.cluster.looked = float("inf")  # it does not look again
    found, engine.cluster.found = engine.cluster.found, type(engine.cluster.found)({})
    try:
        outcomes = list(engine.run([task(tmp_path, "write", name) for name in "ab"], print))
    finally:
        engine.cluster.found, engine.cluster.looked = found, -10.0
    assert all("no node has been there for 0.5 s" in outcome.reason for outcome in outcomes)
    assert len(outcomes) == 2


def test_what_follows_from_a_node_may_be_done_here_and_what_follows_from_that_there(
    engine, tmp_path
):
    follows = {"a": ("b", "here"), "b": ("c", "")}
    tasks, told = [task(tmp_path, "write", "a")], []
    for outcome in engine.run(tasks, told.append):
        if outcome.task.name in follows:
            name, here = follows[outcome.task.name]
            tasks.append(replace(task(tmp_path, "write", name), here=here))
    nodes = {e["task"]: "node_id" in e for e in told if e["event"] == "started"}
    assert nodes == {"a": True, "b": False, "c": True}
    assert [task.is_done for task in tasks] == [True] * 3


def test_leaving_early_ends_what_is_at_work_there(engine, tmp_path):
    started = tmp_path / "started"
    outcomes = engine.run(
        [task(tmp_path, "start_others", started=str(started)), task(tmp_path, "write", "good")],
        lambda event: None,
    )
    assert next(outcomes).task.name == "good"
    wait_for(started.exists)
    outcomes.close()
    others = json.loads(started.read_text())
    wait_for(lambda: not any(map(alive, others)))


def test_a_task_that_asks_for_a_gpu_gets_a_node_that_has_one(nodes, engine, tmp_path):
    node, told = nodes.add(1, gpus=1), []
    job = task(tmp_path, "write")
    job = replace(job, gpus=1.0)
    wait_for(lambda: node in engine.cluster.nodes().cores)
    (outcome,) = engine.run([job], told.append)
    assert outcome.reason is None
    assert [e["node_id"] for e in told if e["event"] == "started"] == [node]
    assert [e["text"] for e in told if e["event"] == "nodes"] == ["3 nodes, 3 cores, 1 GPU"]
    nodes.kill(node)
    wait_for(lambda: node not in engine.cluster.nodes().cores)


@pytest.mark.parametrize(
    ("keys", "gpus"), [("", 1.0), ("gpus = 0.5", 0.5), ('device = "cpu"', 0.0)]
)
def test_a_network_that_is_trained_on_cuda_asks_for_a_gpu(tmp_path, monkeypatch, keys, gpus):
    monkeypatch.setattr(device, "_is_there", lambda name: True)
    text = SMALL_STUDY.replace("epochs = 2", 'epochs = 2\ndevice = "cuda"')
    (tmp_path / "small.toml").write_text(text.replace('name = "Net"', f'name = "Net"\n{keys}'))
    study, places = read_study(tmp_path / "small.toml").study, DataPaths.of(None, tmp_path)
    dataset = load_dataset(study.data, places)
    net, linear = Planner(study, dataset, places, RunFolder(tmp_path / "run"), 1).models({})
    assert [task.gpus for task in net.fits] == [gpus]
    assert [task.gpus for task in linear.fits] == [0.0]


def test_tasks_that_wait_for_a_gpu_say_so_hold_up_no_others_and_fail_in_the_end(engine, tmp_path):
    """There is none: all but one of them are kept back, and what takes none is done."""
    wait_for(lambda: not engine.cluster.nodes().gpus)
    asking = [replace(task(tmp_path, "write", f"g{n}"), gpus=1.0, group="Own") for n in range(6)]
    engine.gpu_patience, told, reasons = 5.0, [], {}
    for outcome in engine.run([*asking, task(tmp_path, "write", "plain")], told.append):
        reasons[outcome.task.name] = outcome.reason
    assert next(iter(reasons)) == "plain" and reasons.pop("plain") is None
    said = "no node with as many GPUs as it takes has been there for 5 s; start some, and the same"
    assert len(reasons) == 6 and all(reason.startswith(said) for reason in reasons.values())
    texts = [event["text"] for event in told if event["event"] == "warning"]
    assert texts == ["Own waits for a node with 1 GPU: there is none"]


def test_other_code_on_a_node_is_said_before_any_work(engine, tmp_path):
    job = task(tmp_path, "write")
    job.description["libraries"] = {"numpy": "0.1"}
    (outcome,) = engine.run([job], print)
    assert "has numpy" in outcome.reason and "instead of 0.1: install the same" in outcome.reason
    assert not job.folder.exists() and not job.workspace.exists()


def test_what_is_asked_of_ray_without_it_is_one_sentence(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(MissingPartError) as missing, opened_engine("ray", None, 1):
        pass
    assert str(missing.value).endswith('pip install "vestry[ray]"')
    for name, address, words in (
        ("local", "127.0.0.1:1", "give --engine ray, too"),
        ("dask", None, "there are local and ray"),
    ):
        with pytest.raises(StudyError, match=words), opened_engine(name, address, 1):
            pass


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("127.0.0.1:1", "no Ray cluster answers at 127.0.0.1:1"),
        ("127.0.0.1:99999", "no Ray cluster answers"),
        ("somewhere", "give HOST:PORT, or auto"),
        ("ray://127.0.0.1:1", "run the command on a node of that cluster"),
    ],
)
def test_an_address_where_no_cluster_is_is_said_at_once(address, words):
    needs_ray()
    with pytest.raises(VestryError, match=words), connected(address, None):
        pass


def test_nodes_that_are_slow_to_start_here_are_one_sentence(monkeypatch):
    needs_ray()

    def slow(ray, where):
        raise Exception("The current node timed out during startup.")

    monkeypatch.setattr(ray_cluster, "_connect", slow)
    words = "no Ray cluster answers at this machine: Exception: The current node timed out"
    with pytest.raises(VestryError, match=words), connected(None, 1):
        pass


def left_in_short_place():
    """Ray's folders, where the name of the temporary folder is too long for its sockets."""
    return set(Path("/tmp").glob("vestry-ray-*"))  # noqa: S108 - where they are made


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
@pytest.mark.skipif(isolating() is not None, reason="test_sends_nothing.py has a whole run of it")
def test_nodes_that_are_started_here_listen_on_the_loopback_and_leave_nothing(tmp_path):
    """Also, Ray is told to send no statistics before any of its processes begins."""
    needs_ray()
    for name in ("home", "tmp"):
        (tmp_path / name).mkdir()
    before = left_in_short_place()
    where = {"HOME": str(tmp_path / "home"), "TMPDIR": str(tmp_path / "tmp")}
    done = subprocess.run(
        [sys.executable, "-c", STARTED_HERE],
        env=os.environ | where,
        capture_output=True,
        text=True,
        check=True,
    )
    cores, places, told = json.loads(done.stdout)
    assert cores == 1 and told > 3  # some write their names over what could be read there
    assert len(places) > 3 and set(places) <= LOOPBACK
    left = {*(tmp_path / "home").iterdir(), *(tmp_path / "tmp").iterdir()}
    assert left | left_in_short_place() - before == set()
