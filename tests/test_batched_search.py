"""Searches in batches: the same trials on whatever does them, and after whatever cut them short."""

import contextlib
import json
import subprocess
from dataclasses import replace
from types import SimpleNamespace

import pytest

from studies_at_hand import LEFT_OUT
from test_run import results_of, without_times
from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.engine.here import do_here
from vestry.engine.local import LocalEngine
from vestry.engine.task import Growing, Outcome
from vestry.members.networks import trainer
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.fitting import fit_members
from vestry.pipeline.planner import SEARCH, Planner
from vestry.pipeline.tasks import trial
from vestry.predictions.table import load_table
from vestry.storage.run_folder import RunFolder, read_json
from vestry.study.reader import read_study

STUDY = f"""
title = "Batched"
reproducible = true
{LEFT_OUT}[data]
source = "digits"
validation = {{ fraction = 0.2, take = "last" }}
[training]
epochs = 4
[[model]]
name = "Tuned"
layers = [{{ flatten = true }}, {{ dense = {{ choose = [8, 16, 64] }} }}]
learning_rate = {{ between = [1e-4, 1e-1], log = true }}
search = {{ trials = 14, batch = 4, rows = 300, sampler = "tpe" }}
[[model]]
name = "Tree"
estimator = "sklearn.tree.DecisionTreeClassifier"
params = {{ max_depth = {{ choose = [2, 5, 9] }} }}
search = {{ trials = 5, batch = 2 }}
"""
TRIALS = 17  # 14 and the three of the tree: two of its five are repeats


class Here:
    """An engine in this process. last: begins with the last of what waits. stop: it is interrupted
    when so many tasks are done. lose: a task of this name is lost. done: names, in order."""

    shares_disk, cores = True, 1

    def __init__(self, last=False, stop=None, lose=None):
        self.last, self.stop, self.lose = last, stop, lose
        self.shared, self.done = {}, []

    def run(self, tasks, on_event):
        given, waiting = Growing(tasks), []
        while (new := given.new()) or waiting:
            waiting += new
            if self.stop == len(self.done):
                raise KeyboardInterrupt
            task = waiting.pop(-1 if self.last else 0)
            self.done.append(task.name)
            yield Outcome(task, "gone") if task.name == self.lose else do_here(task, on_event)


def fitted(folder, engine, told=None, study=STUDY):
    """The planner's models, and what failed; below `folder`, where a run may lie already."""
    folder.mkdir(exist_ok=True)
    path = folder / "batched.toml"
    path.write_text(study)
    file, places = read_study(path).study, DataPaths.of(None, folder)
    dataset = load_dataset(file.data, places)
    planner = Planner(file, dataset, places, RunFolder(folder / "run"), engine.cores)
    report = (lambda event: None) if told is None else told.append
    return fit_members(planner, None, engine, report)


def found(folder):
    """What searches came to, and the predictions of the models fitted by that."""
    searches, tables = [], {}
    for card in sorted((folder / "run" / "tasks").glob("*/card.json")):
        said = read_json(card)
        if "trials" in said:
            said.pop("files")  # some say how long it took
            searches.append(without_times(said))
        else:
            tables[card.parent.name] = load_table(card.parent / "test.npz").probabilities.tolist()
    return searches, tables


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """One task after the other."""
    folder, engine = tmp_path_factory.mktemp("calm"), Here()
    planned, failed = fitted(folder, engine)
    assert not failed and [model.name for model in planned] == ["Tuned", "Tree"]
    assert len(engine.done) == TRIALS + 2
    return found(folder)


def test_trials_are_those_of_the_study(calm):
    tuned, tree = sorted(calm[0], key=lambda search: -len(search["trials"]))
    assert [trial["number"] for trial in tuned["trials"]] == list(range(14))
    assert tuned["batch"] == 4 and tree["batch"] == 2
    states = {trial["state"] for trial in tuned["trials"]}
    assert states == {"complete", "pruned"}
    scores = [each["score"] for each in tuned["trials"] if each["score"] is not None]
    assert tuned["best"]["score"] == max(scores)
    assert sum("again" in (each["reason"] or "") for each in tree["trials"]) == 2


def test_order_and_cores_change_nothing(calm, tmp_path, forked_workers):
    engines = {"last": Here(last=True), "two": LocalEngine(2, PROCESS_ENVIRONMENT)}
    for name, engine in engines.items():
        assert fitted(tmp_path / name, engine)[1] == {}
        assert found(tmp_path / name) == calm


@pytest.mark.parametrize("stop", [2, 9])
def test_a_search_that_is_cut_short_goes_on_and_ends_the_same(calm, tmp_path, stop):
    """What was done is found, and told as that."""
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "cut", Here(stop=stop))
    rest, told = Here(), []
    assert fitted(tmp_path / "cut", rest, told)[1] == {}
    assert found(tmp_path / "cut") == calm
    assert len(rest.done) == TRIALS + 2 - stop
    first = next(event for event in told if event["event"] == "tasks")
    assert first["found"] > 0 and first["total"] == first["found"] + len(first["groups"])
    left = [path.name for path in (tmp_path / "cut" / "run" / "tasks").glob("*.unfinished")]
    assert left == []


def test_a_killed_command_goes_on_and_ends_the_same(calm, tmp_path, vestry):
    (tmp_path / "batched.toml").write_text(STUDY)
    arguments = ("run", "batched.toml", "--out", "run", "--cores", "2")
    for seconds in (
        0.5,
        0.8,
        1.1,
    ):  # wherever that is in the work, of a quick machine or a slow one
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is killed then
            vestry(*arguments, cwd=tmp_path, timeout=seconds)
    done = vestry(*arguments, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    search = results_of(tmp_path / "run")["members"]["Tuned"]["search"]
    tuned = next(each for each in calm[0] if len(each["trials"]) == 14)
    assert without_times(search) == {key: tuned[key] for key in without_times(search)}
    page = (tmp_path / "run" / "report.html").read_text()
    assert "estimator from those before, 4 at a time, in " in page


def test_a_trial_that_is_lost_fails_its_search_alone_until_it_is_done(calm, tmp_path):
    """To go on without it would make the outcome hang on what it was lost by."""
    told = []
    planned, failed = fitted(tmp_path / "lost", Here(lose="Tuned, search, trial 6"), told)
    assert [model.name for model in planned] == ["Tree"]
    lost, search = sorted(failed.values(), key=lambda outcome: outcome.task.function == SEARCH)
    assert lost.task.name == "Tuned, search, trial 6" and search.reason == "trial 6: gone"
    said = [event["text"] for event in told if event["event"] == "warning"]
    assert said == ["Tuned, search failed: trial 6: gone"]
    spared = [event["task"] for event in told if event["event"] == "spared"]
    assert [f"Tuned, search, trial {number}" for number in range(9, 15)] == spared[-6:]
    again = Here()
    assert fitted(tmp_path / "lost", again)[1] == {}
    assert found(tmp_path / "lost") == calm and len(again.done) == 8


def test_a_trial_whose_files_are_damaged_is_done_again(calm, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "cut", Here(stop=6))
    rows = sorted((tmp_path / "cut").rglob("*.unfinished/*/rows.npz"))[0]
    rows.write_bytes(rows.read_bytes()[:100])
    rest, told = Here(), []
    assert fitted(tmp_path / "cut", rest, told)[1] == {}
    assert found(tmp_path / "cut") == calm and len(rest.done) == TRIALS + 2 - 5
    notes = [event["text"] for event in told if event["event"] == "note"]
    assert len(notes) == 1 and notes[0].endswith("a trial's files are damaged; it is done again")


def test_a_batch_in_which_nothing_works_fails_its_model(tmp_path):
    study = STUDY.replace("choose = [2, 5, 9]", "choose = [-1, -2]")
    _, failed = fitted(tmp_path / "bad", Here(), study=study)
    (outcome,) = failed.values()
    assert outcome.task.function == SEARCH
    assert outcome.reason.startswith("none of 5 trials came to a score: ")


@pytest.fixture
def one_trial(tmp_path, monkeypatch):
    """A trial of the network, as a task that is not done yet; checkpoints come with every epoch."""
    monkeypatch.setattr(trainer, "_FIRST_SECONDS", 0)
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0)
    asked = []

    class Asked(Here):
        def run(self, tasks, on_event):
            asked.extend(tasks)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fitted(tmp_path / "one", Asked())
    return asked[0]


def ending_of(task, on_event=lambda event: None):
    trial.run_trial(task.description, task.context, task.folder, task.workspace, on_event)
    return json.loads((task.folder / "card.json").read_text()) | {"seconds": 0, "files": None}


def test_a_trial_that_is_cut_short_says_what_it_would_have(one_trial, tmp_path):
    def stop(event):
        if event["event"] == "epoch" and event["epoch"] == 3:
            raise KeyboardInterrupt

    whole = ending_of(replace(one_trial, folder=tmp_path / "a", workspace=tmp_path / "b"))
    with pytest.raises(KeyboardInterrupt):
        ending_of(one_trial, stop)
    epochs = []
    assert ending_of(one_trial, epochs.append) == whole
    assert [event["epoch"] for event in epochs if event["event"] == "epoch"] == [3, 4]
    assert sorted(whole["losses"]) == ["1", "2", "3", "4"] and whole["state"] == "complete"
    with (
        (one_trial.folder / "rows.npz").open("rb") as one,
        (tmp_path / "a/rows.npz").open("rb") as other,
    ):
        assert one.read() == other.read()


def test_a_trial_is_stopped_at_its_limits_and_no_others(one_trial):
    losses = dict.fromkeys("234", 1000000000.0)
    one_trial.description["limits"] = losses
    whole = ending_of(one_trial)
    assert whole["state"] == "complete"
    one_trial.description["limits"] = losses | {"3": whole["losses"]["3"] * 0.999}
    pruned = ending_of(one_trial)
    assert pruned["state"] == "pruned" and pruned["score"] is None and pruned["epochs_run"] == 3
    assert pruned["validation_loss"] == whole["losses"]["3"]


def test_trials_do_not_see_test_rows(one_trial, monkeypatch):
    whole = ending_of(one_trial)
    known = trial.task_data

    def without_test(description, context):
        dataset = known(description, context)
        return replace(dataset, test=SimpleNamespace(ids=dataset.test.ids))

    monkeypatch.setattr(trial, "task_data", without_test)
    assert ending_of(one_trial) == whole
