"""What every engine promises; a new one joins the list of ENGINES."""

import json
import os
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import pytest

import raylets
from vestry.engine.local import LocalEngine
from vestry.engine.ray_cluster import connected
from vestry.engine.ray_engine import RayEngine
from vestry.engine.task import Task, digest

HERE = Path(__file__).parent


def local(cores):
    paths = [str(HERE), *os.environ.get("PYTHONPATH", "").split(os.pathsep)]
    return LocalEngine(cores, {"PYTHONPATH": os.pathsep.join(filter(None, paths))})


def needs_ray():
    """Skip a test where Ray is missing; in CI, which installs it on Linux, fail."""
    if find_spec("ray") is None:
        must = os.environ.get("CI") == "true" and sys.platform == "linux"
        (pytest.fail if must else pytest.skip)('Ray is missing: pip install "vestry[ray]"')


@pytest.fixture(scope="module")
def on_ray():
    """Engines on one node of two cores."""
    needs_ray()
    with raylets.Raylets(head=2) as nodes, pytest.MonkeyPatch.context() as patch:
        for name, value in nodes.environment.items():
            patch.setenv(name, value)
        with connected(nodes.address, None) as cluster:
            yield lambda cores: RayEngine(cluster, cores, local(1).environment)


ENGINES = {"local": lambda request: local, "ray": lambda request: request.getfixturevalue("on_ray")}


@pytest.fixture(params=sorted(ENGINES))
def engine(request):
    return ENGINES[request.param](request)


def task(tmp_path, function, name="t", cores=1, limit=60.0, **context):
    description = {"name": name}
    key = digest(description)
    return Task(
        name=name,
        function=f"jobs:{function}",
        description=description,
        folder=tmp_path / key,
        workspace=tmp_path / f"{key}.unfinished",
        context=context,
        cores=cores,
        time_limit=limit,
    )


def run(engine, tasks):
    events = []
    outcomes = list(engine.run(tasks, events.append))
    return outcomes, [event for event in events if "task" in event]


def test_a_task_is_done_and_its_events_arrive_under_its_name(engine, tmp_path):
    job = task(tmp_path, "write", "one")
    assert not job.is_done
    (outcome,), events = run(engine(1), [job])
    assert outcome.reason is None and job.is_done
    assert {"event": "stage", "text": "writing", "task": "one"} in events
    assert [e["event"] for e in events] == ["started", "stage", "done"]


def test_many_events_arrive_in_order_and_while_the_task_is_at_work(engine, tmp_path):
    heard, told = tmp_path / "heard", []

    def take(event):
        told.append(event.get("text"))
        if event.get("text") == "299":
            heard.touch()

    (outcome,) = engine(1).run([task(tmp_path, "tell", heard=str(heard))], take)
    assert outcome.reason is None
    assert [text for text in told if text and text.isdigit()] == [str(n) for n in range(301)]


def test_one_that_fails_gives_its_reason_and_the_others_go_on(engine, tmp_path):
    jobs = [task(tmp_path, "fail", "bad"), task(tmp_path, "write", "good")]
    outcomes, _ = run(engine(1), jobs)
    reasons = {outcome.task.name: outcome.reason for outcome in outcomes}
    assert reasons == {"bad": "ValueError: the reason", "good": None}
    details = next(o.details for o in outcomes if o.reason)
    assert "jobs.py" in details


def test_one_that_outlasts_its_limit_is_ended_and_the_others_go_on(engine, tmp_path):
    slow = task(tmp_path, "sleep", "slow", limit=0.5, started=str(tmp_path / "started"))
    outcomes, _ = run(engine(1), [slow, task(tmp_path, "write", "good")])
    reasons = {outcome.task.name: outcome.reason for outcome in outcomes}
    assert "time limit of 0.5 s" in reasons["slow"] and reasons["good"] is None
    assert [outcome.task.name for outcome in outcomes if outcome.is_late] == ["slow"]


def test_one_whose_process_dies_is_listed_with_its_last_words(engine, tmp_path):
    outcomes, _ = run(engine(1), [task(tmp_path, "die", "mortal"), task(tmp_path, "write", "good")])
    by_name = {outcome.task.name: outcome for outcome in outcomes}
    assert "exit code 7" in by_name["mortal"].reason
    assert "last words" in by_name["mortal"].details
    assert by_name["good"].reason is None


def test_tasks_of_one_core_share_two_cores_and_one_of_two_has_them_alone(engine, tmp_path):
    here = {"mine": str(tmp_path / "a"), "other": str(tmp_path / "b")}
    there = {"mine": here["other"], "other": here["mine"]}
    together = [
        task(tmp_path, "both_at_once", "a", **here),
        task(tmp_path, "both_at_once", "b", **there),
    ]
    outcomes, events = run(engine(2), [*together, task(tmp_path, "write", "wide", cores=2)])
    assert [outcome.reason for outcome in outcomes] == [None] * 3
    order = [(event["event"], event["task"]) for event in events if event["event"] != "stage"]
    assert order.index(("started", "wide")) > order.index(("done", "a"))
    assert order.index(("started", "wide")) > order.index(("done", "b"))


def test_a_task_that_wants_more_cores_than_there_are_still_runs(engine, tmp_path):
    (outcome,), _ = run(engine(1), [task(tmp_path, "write", cores=64)])
    assert outcome.reason is None


def test_tasks_that_are_added_are_begun_before_those_that_wait(engine, tmp_path):
    follows = {"a": "first", "c": "last"}
    tasks, done = [task(tmp_path, "write", name) for name in "abc"], []
    for outcome in engine(1).run(tasks, lambda event: None):
        done.append(outcome.task.name)
        if outcome.task.name in follows:
            tasks.append(task(tmp_path, "write", follows[outcome.task.name]))
        assert outcome.reason is None
    assert done == ["a", "first", "b", "c", "last"]


def test_a_digest_does_not_depend_on_the_order_of_keys_but_on_every_value():
    assert digest({"a": 1, "b": 2}) == digest({"b": 2, "a": 1})
    assert digest({"a": 1, "b": 2}) != digest({"a": 1, "b": 3})


def test_a_warm_worker_does_the_next_task(tmp_path):
    jobs = [task(tmp_path, "write", f"t{i}") for i in range(3)]
    run(local(1), jobs)
    processes = {(job.folder / "card.json").read_text().split('"process": ')[1] for job in jobs}
    assert len(processes) == 1


def card(job):
    return json.loads((job.folder / "card.json").read_text())


FRESH = {"torch.float32", "True", "device(type='cpu')", "'highest'"}


def test_what_a_task_changes_in_its_process_is_set_back_for_the_next(engine, tmp_path):
    order = ["change_everything", "say_state"] * 3
    jobs = [task(tmp_path, function, str(n)) for n, function in enumerate(order)]
    outcomes, _ = run(engine(1), jobs)
    assert [outcome.reason for outcome in outcomes] == [None] * len(jobs)
    changed, said = [card(job) for job in jobs[::2]], [card(job) for job in jobs[1::2]]
    assert [given["unchanged"] for given in changed] == [[]] * 3
    processes = {given["process"] for given in [*changed, *said]}
    assert len(processes) <= 2  # Ray may hold two ready, and takes either
    for process in processes:
        states = [given["state"] for given in said if given["process"] == process]
        assert all(state == states[0] for state in states)
        assert all(set(state) >= FRESH for state in states)


def test_a_process_that_loaded_own_code_does_no_other_task(engine, tmp_path):
    jobs = [task(tmp_path, "load_own_code", name, folder=str(tmp_path)) for name in "ab"]
    outcomes, _ = run(engine(1), jobs)
    assert [outcome.reason for outcome in outcomes] == [None] * 2
    first, second = map(card, jobs)
    assert first["process"] != second["process"] and second["count"] == 1


def test_whatever_is_printed_or_asked_for_does_not_reach_the_engine(engine, tmp_path):
    outcomes, _ = run(engine(1), [task(tmp_path, "babble"), task(tmp_path, "write", "good")])
    assert [outcome.reason for outcome in outcomes] == [None] * 2


@pytest.mark.parametrize("by", ["exit", "interrupt"])
def test_one_that_leaves_the_program_has_failed_for_that_reason(engine, tmp_path, by):
    outcomes, _ = run(engine(1), [task(tmp_path, "leave_by", by=by), task(tmp_path, "write", "g")])
    assert "the reason" in outcomes[0].reason and outcomes[1].reason is None


@pytest.mark.parametrize(("limit", "dies"), [(5.0, False), (60.0, True)], ids=["limit", "death"])
def test_what_a_task_has_started_ends_with_its_process(engine, tmp_path, limit, dies):
    started = tmp_path / "started"
    slow = task(tmp_path, "start_others", limit=limit, started=str(started), dies=dies)
    outcomes, _ = run(engine(1), [slow, task(tmp_path, "write", "good")])
    reasons = {outcome.task.name: outcome.reason for outcome in outcomes}
    assert ("exit code 7" if dies else "time limit") in reasons["t"] and reasons["good"] is None
    others, until = json.loads(started.read_text()), time.monotonic() + 20
    while any(map(alive, others)) and time.monotonic() < until:
        time.sleep(0.05)  # a signal that was sent takes effect when the system gets to it
    assert not any(map(alive, others))


def test_one_that_leaves_its_group_does_not_hold_up_the_others(engine, tmp_path):
    jobs = [task(tmp_path, "leave", "leaves", limit=1.0), task(tmp_path, "write", "good")]
    outcomes, _ = run(engine(1), jobs)
    assert [outcome.reason is None for outcome in outcomes] == [False, True]


@pytest.mark.parametrize("function", ["sleep", "start_others"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_nothing_outlives_the_parent(tmp_path, function, number):
    started = tmp_path / "started"
    script = (
        f"import sys; sys.path[:0] = [{str(HERE)!r}, {str(Path(raylets.__file__).parent)!r}]\n"
        "from pathlib import Path\n"
        "from test_engine_contract import local, task\n"
        f"job = task(Path({str(tmp_path)!r}), {function!r}, started={str(started)!r})\n"
        "list(local(1).run([job], print))\n"
    )
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    parent = subprocess.Popen([sys.executable, "-c", script], **quiet)
    wait_for(started.exists)
    children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children").read_text().split()
    assert len(children) == 2  # the worker, and the guard
    others = json.loads(started.read_text() or "[]")
    os.kill(parent.pid, number)
    parent.wait()
    wait_for(lambda: not any(map(alive, [*children, *others])))


def alive(process):
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def wait_for(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)
