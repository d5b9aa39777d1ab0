"""A stored member on altered test images, as a run asks it: in a worker process, once."""

import json

import numpy as np
import pytest

from studies_at_hand import SMALL_STUDY
from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.engine.local import LocalEngine
from vestry.engine.task import Outcome
from vestry.errors import DataError, MemberError
from vestry.evaluation.robustness import robustness
from vestry.pipeline.planner import Planner
from vestry.pipeline.tasks.corruption import (
    corruption_task,
    corruption_tasks,
    read_all_predictions,
    read_predictions,
    run_corruption,
)
from vestry.predictions.table import load_table
from vestry.robustness.corruption import corrupted, severities
from vestry.robustness.settings import RobustnessSettings
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

SETTINGS = RobustnessSettings(rows=300, seconds=0)


class Asked:
    """The small study's members, fitted, and what they were asked."""

    def __init__(self, folder):
        (folder / "small.toml").write_text(SMALL_STUDY)
        study = read_study(folder / "small.toml").study
        places = DataPaths(None, folder / "cache", folder, (), folder / "looks")
        self.dataset = load_dataset(study.data, places)
        self.run = RunFolder(folder / "run")
        planner = Planner(study, self.dataset, places, self.run, 1)
        self.context = planner.context
        self.fitted = {member.name: member.tasks[0] for member in planner.models({})}
        self.do(self.fitted.values())
        self.tasks, self.reasons = self.asked(SETTINGS)
        self.events = self.do(self.tasks.values())

    def asked(self, settings):
        return corruption_tasks(settings, self.dataset, self.fitted, self.context, self.run)

    @staticmethod
    def do(tasks):
        events = []
        outcomes = list(LocalEngine(1).run(list(tasks), events.append))
        assert not [outcome.details for outcome in outcomes if outcome.reason]
        return events


@pytest.fixture(scope="module")
def asked(tmp_path_factory, forked_workers):
    return Asked(tmp_path_factory.mktemp("asked"))


def test_clean_answers_are_those_of_the_test_table(asked):
    order = asked.dataset.test.order(0)[:300]
    for name, task in asked.tasks.items():
        made = read_predictions(task.folder)
        table = load_table(asked.fitted[name].folder / "test.npz")
        assert (made.ids == table.ids[order]).all()
        assert made.probabilities.shape == (36, 300, 10)
        assert made.probabilities[0] == pytest.approx(table.probabilities[order], abs=1e-4)
        facts = made.facts
        assert (facts["rows"], facts["asked"], facts["there"]) == (300, 300, len(table))


def test_altered_images_are_harder_and_the_same_for_all(asked):
    predictions, failed = read_all_predictions(asked.tasks, {})
    test = asked.dataset.test.unsealed()
    truth = dict(zip(test.ids.tolist(), test.labels.tolist(), strict=True))
    results = robustness(predictions, {}, truth, test.classes)
    assert not failed and list(results.asked) == ["Net", "Linear"]
    linear = results.asked["Linear"]
    assert linear.clean > 0.8 and linear.mean_area < linear.clean - 0.1
    assert linear.accuracy["noise"][0] > linear.accuracy["noise"][4]
    stored = [np.load(task.folder / "pictures.npz") for task in asked.tasks.values()]
    assert (stored[0]["images"] == stored[1]["images"]).all()
    first = asked.dataset.test.images[asked.dataset.test.order(0)[:1]]
    ids = asked.dataset.test.ids[asked.dataset.test.order(0)[:1]]
    assert results.image.id == ids[0]
    for picture, severity in zip(stored[0]["images"], severities(), strict=True):
        assert (picture == corrupted(first, ids, severity, 0)[0]).all()


def test_progress_is_reported(asked):
    kinds = [event["event"] for event in asked.events]
    assert "stage" in kinds and kinds.count("images") == 70 and "failed" not in kinds


def test_it_is_found_again_and_other_settings_are_another_task(asked):
    again, _ = asked.asked(SETTINGS)
    assert all(task.is_done for task in again.values())
    assert all(task.cores == asked.fitted[name].cores for name, task in again.items())
    other, _ = asked.asked(RobustnessSettings(rows=300, seconds=0, seed=1))
    assert not any(task.is_done for task in other.values())
    assert asked.asked(RobustnessSettings(skip=True)) == ({}, {})


def test_a_model_that_was_not_stored_is_not_asked(asked, tmp_path):
    card = json.loads((asked.fitted["Linear"].folder / "card.json").read_text())
    (tmp_path / "card.json").write_text(json.dumps(card | {"stored": None, "stored_note": "no"}))
    bare = type(asked.fitted["Linear"])("x", "", {}, tmp_path, tmp_path)
    with pytest.raises(MemberError, match="no"):
        corruption_task(SETTINGS, asked.dataset, bare, asked.context, asked.run)
    tasks, reasons = corruption_tasks(
        SETTINGS, asked.dataset, {"Bare": bare}, asked.context, asked.run
    )
    assert tasks == {} and reasons == {"Bare": "no"}


def test_what_failed_has_its_reason(asked):
    tasks, _ = asked.asked(RobustnessSettings(rows=7))
    failed = {task.folder.name: Outcome(task, "killed") for task in tasks.values()}
    assert read_all_predictions(tasks, failed) == ({}, {"Net": "killed", "Linear": "killed"})


def test_damaged_predictions_are_an_error(asked, tmp_path):
    whole = asked.tasks["Net"].folder
    (tmp_path / "card.json").write_bytes((whole / "card.json").read_bytes())
    (tmp_path / "tables.npz").write_bytes((whole / "tables.npz").read_bytes()[:-500])
    with pytest.raises(DataError, match="damaged"):
        read_predictions(tmp_path)


def test_other_data_is_refused(asked, tmp_path):
    description = asked.tasks["Net"].description | {"data": "other"}
    context = asked.tasks["Net"].context
    with pytest.raises(DataError, match="changed since"):
        run_corruption(description, context, tmp_path, tmp_path, print)
