"""The cost of a small run's models, measured as a run measures it."""

import json

import numpy as np
import pytest

from vestry.committees.committee_settings import CommitteeSettings
from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.engine.local import LocalEngine
from vestry.engine.task import Task, digest
from vestry.evaluation.predictions import ScoredRun
from vestry.pipeline.tasks.cost import cost_task, measure_costs, read_costs
from vestry.schema.cost import Cost
from vestry.schema.models import ScoredMember
from vestry.storage.run_folder import RunFolder, write_json

pytestmark = pytest.mark.usefixtures("forked_workers")

DATA = DataSettings(source="digits", validation={"fraction": 0.2, "take": "last"})
COMMITTEES = [
    CommitteeSettings(name="Both", members=["Net", "Linear"]),
    CommitteeSettings(name="Stacked", rule="stacking", members=["Net", "Linear"]),
]


@pytest.fixture(scope="module")
def dataset():
    return load_dataset(DATA, DataPaths.of())


@pytest.fixture
def task(finished_run, dataset, tmp_path):
    """The task that measures the finished run's members, into a folder of its own."""

    def make(committees=COMMITTEES, **changed):
        fitted = {name: member_task(finished_run, name) for name in ("Net", "Linear")} | changed
        places = DataPaths.of().as_dict()
        context = {"data": DATA.model_dump(mode="json"), "places": places}
        return cost_task(dataset, fitted, committees, context, RunFolder(tmp_path), 2)

    return make


def member_task(run, name):
    card = json.loads((run / "members" / name / "card.json").read_text())
    folder = run / "tasks" / digest(card["task"])
    assert (folder / "card.json").is_file()
    return Task(name, "", card["task"], folder, folder)


ALL = {each.name: each.members for each in COMMITTEES}


def measure(task):
    measure_costs(task.description, task.context, task.folder, task.workspace, lambda event: None)
    return read_costs(task.folder, ALL)


def test_every_model_and_committee_is_measured_in_a_worker_process(task, finished_run):
    made = task()
    assert made.cores == 2 and not made.is_done
    (outcome,) = LocalEngine(2).run([made], lambda event: None)
    assert outcome.reason is None, outcome.details
    found = read_costs(made.folder, ALL)
    assert set(found["members"]) == {"Net", "Linear"}
    assert set(found["committees"]) == {"Both", "Stacked"}
    for cost in [*found["members"].values(), *found["committees"].values()]:
        assert cost.reason is None and cost.threads == 1
        assert 0 < cost.latency.median_ms <= cost.latency.p99_ms
        assert cost.latency.rounds >= 12 and cost.images_per_second > 0
    net, linear = (found["members"][name].bytes for name in ("Net", "Linear"))
    assert net == (finished_run / "members/Net/weights.safetensors").stat().st_size
    assert linear == (finished_run / "members/Linear/model.onnx").stat().st_size
    assert found["committees"]["Both"].bytes == net + linear
    slowest = max(cost.latency.median_ms for cost in found["members"].values())
    assert found["committees"]["Both"].latency.median_ms > slowest
    assert made.is_done and task().folder == made.folder, "it is found again"
    assert read_costs(made.folder, {})["committees"] == {}, "none of them could be made"
    alone = read_costs(made.folder, {"Both": ["Linear"], "Stacked": ["Net", "Linear"]})
    assert alone["committees"]["Stacked"] == found["committees"]["Stacked"]
    assert alone["committees"]["Both"].bytes == linear, "who has no say need not be there"
    one, other, own = (
        each.latency.median_ms
        for each in (
            alone["committees"]["Both"],
            found["committees"]["Both"],
            found["members"]["Linear"],
        )
    )
    assert own < one < other


def test_other_models_or_committees_are_another_measurement(task, finished_run):
    assert task().folder != task(COMMITTEES[:1]).folder
    twin = member_task(finished_run, "Net")
    assert task(Twin=twin).folder != task().folder


def test_a_member_that_was_not_stored_has_the_reason_and_no_figures(task, finished_run, tmp_path):
    bare = tmp_path / "bare"
    write_json(bare / "card.json", {"stored": None, "stored_note": "ONNX knows no such thing"})
    broken = Task("Linear", "", {"bare": True}, bare, bare)
    found = measure(task(Linear=broken))
    assert found["members"]["Linear"].reason == "ONNX knows no such thing"
    assert found["members"]["Linear"].latency is found["members"]["Linear"].bytes is None
    assert found["committees"]["Both"].reason == "its member Linear could not be measured"
    assert found["members"]["Net"].latency.median_ms > 0


def test_a_committee_without_one_of_its_members_is_left_out(task):
    missing = CommitteeSettings(name="Three", members=["Net", "Linear", "Gone"])
    assert "Three" not in task([*COMMITTEES, missing]).description["committees"]


def test_a_backbone_that_models_share_is_counted_once(tmp_path):
    from vestry.pipeline.tasks.timing import own_files, together

    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.safetensors").write_bytes(bytes(10))
        (tmp_path / name / "backbone-0123456789abcdef.safetensors").write_bytes(bytes(1000))
        np.savez(tmp_path / name / "test.npz", ids=np.arange(3))
    one, other = own_files(tmp_path / "a"), own_files(tmp_path / "b")
    assert sum(one.values()) == 1010
    assert sum(together([one, other]).values()) == 1020


def test_results_take_the_costs_over_and_stay_as_they_are():
    members = {name: ScoredMember.model_construct(note=name, cost=None) for name in "AB"}
    run = ScoredRun(None, members, {}, votes_seed=0)
    cost = Cost(bytes=3, latency=None, images_per_second=None, threads=1, reason=None)
    found = run.with_costs({"members": {"A": cost}}, "the measurement failed").members
    assert (found["A"].note, found["A"].cost) == ("A", cost)
    assert found["B"].cost.reason == "the measurement failed"
    assert members["A"].cost is None
