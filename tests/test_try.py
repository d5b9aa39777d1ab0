"""`vestry try` and `vestry init`: from images to a study and a page, in the time that is given."""

import json
import os
import re
import signal
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from test_recovery import wait_for
from vestry.data.paths import DataPaths
from vestry.engine.local import LocalEngine
from vestry.errors import StudyError
from vestry.members.networks.machine import PROCESS_ENVIRONMENT
from vestry.pipeline.tryout import loading, try_source
from vestry.pipeline.tryout.allotment import allot
from vestry.pipeline.tryout.candidates import Candidate, candidates
from vestry.pipeline.tryout.draft import file_for, name_of, trial_lines
from vestry.pipeline.tryout.loading import load_in_workers
from vestry.pipeline.tryout.screening import Rung, Trial, screen
from vestry.pipeline.tryout.try_source import better_half, rung_rows
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

pytestmark = pytest.mark.usefixtures("forked_workers")

RUNG = Rung(1_000, False, 5, 100, 20.0)


def trial(name: str, accuracy: float | None, seconds: float, network: bool = False) -> Trial:
    family = "network" if network else "linear"
    return Trial(Candidate(name, family, "", ""), RUNG, accuracy, seconds)


@pytest.mark.parametrize("shape", [(8, 8), (28, 28), (32, 32, 3), (64, 48, 3), (5, 90)])
@pytest.mark.parametrize("rows", [40, 5_000, 60_000])
def test_every_candidate_is_a_model_that_fits_the_images(tmp_path, shape, rows):
    from vestry.members.kind import PlanContext
    from vestry.members.model_paths import ModelPaths

    chosen, _ = candidates(shape, rows)
    assert len({each.family for each in chosen}) >= 3
    text = 'title = "T"\n[data]\nsource = "digits"\n'
    path = tmp_path / "s.toml"
    path.write_text(text + "\n".join(each.text(3) for each in chosen))
    context = PlanContext(shape, ("a", "b"), ModelPaths.of(), None)
    for entry in read_study(path).study.models:
        assert entry.model_kind.plan(context).describe(entry)


@given(
    st.lists(
        st.tuples(st.none() | st.floats(0, 1), st.floats(0.01, 60), st.booleans()),
        min_size=1,
        max_size=9,
    ),
    st.integers(100, 60_000),
    st.integers(1, 26),
    st.floats(5, 3_600),
)
def test_what_is_kept_is_the_best_that_the_time_is_enough_for(rows, images, fits, seconds):
    trials = [trial(f"m{n}", *row) for n, row in enumerate(rows)]
    trials.sort(key=lambda each: -1 if each.accuracy is None else -each.accuracy)
    found = allot(trials, images, fits, seconds)
    names = {each.candidate.name for each in trials}
    kept = [each.name for each in found.kept]
    assert set(kept) | set(found.dropped) == names and not set(kept) & set(found.dropped)
    assert all(each.accuracy is not None for each in trials if each.candidate.name in kept)
    assert bool(kept) == any(each.accuracy is not None for each in trials)
    if len(kept) > 1:
        epochs = found.passes or 0
        spent = sum(
            each.seconds_for(images) * fits * (epochs if each.candidate.is_network else 1)
            for each in trials
            if each.candidate.name in kept
        )
        assert spent <= seconds


def test_where_time_is_short_for_all_a_late_answer_goes_before_a_wrong_one():
    trials = [trial("good", 0.96, 3), trial("near", 0.94, 2), trial("quick", 0.67, 0.5)]
    assert [each.name for each in allot(trials, 1_650, 60, 5).kept] == ["near"]


def test_whether_the_best_of_the_trials_is_kept():
    trials = [trial("good", 0.96, 3), trial("quick", 0.67, 0.5)]
    assert not allot(trials, 1_000, 6, 15).has_best_of(trials)
    assert allot(trials, 1_000, 1, 15).has_best_of(trials)
    assert allot([trial("x", None, 9)], 1_000, 1, 15).has_best_of([])


def test_a_cheap_model_is_kept_beside_a_dear_one_that_takes_nearly_all_the_time() -> None:
    dear, level = trial("dear", 0.82, 4, network=True), trial("level", 0.82, 0.5)
    alone = allot([dear], 1_000, 1, 16.5)  # 15 epochs of 0.8 s in 12.4 s
    both = allot([dear, level], 1_000, 1, 16.5)
    assert [each.name for each in both.kept] == ["dear", "level"]
    assert (alone.passes, both.passes) == (15, 14)


def test_folds_that_are_fitted_side_by_side_leave_time_for_more() -> None:
    trials = [trial("good", 0.9, 4, network=True), trial("next", 0.8, 4, network=True)]
    passes = [allot(trials, 500, 6, 400, cores=cores).passes for cores in (1, 2, 4)]
    assert passes[0] < passes[1] < passes[2]
    alone = [allot(trials, 500, 1, 80, cores=cores).passes for cores in (1, 4)]
    assert alone[0] == alone[1]


def test_large_images_are_tried_in_fewer_rows():
    assert rung_rows((28, 28)) == rung_rows((32, 32, 3)) == [2_000, 10_000]
    assert rung_rows((64, 64)) == [800, 2_500] and rung_rows((224, 224, 3)) == [800, 800]


class Counted(LocalEngine):
    """Keeps the number of every worker's process."""

    processes: ClassVar = set()

    def idle_worker(self):
        worker = super().idle_worker()
        self.processes.add(worker.process.pid)
        return worker


def test_where_folds_leave_no_time_for_the_best_a_fifth_is_set_aside(vestry, tmp_path, monkeypatch):
    """And the study, the page and the console say so; trials and study have the same workers."""
    monkeypatch.setattr(try_source.Allotment, "has_best_of", lambda *_: False)
    monkeypatch.setattr(try_source, "LocalEngine", Counted)
    monkeypatch.setattr(try_source, "_LEAST_FIT", 600.0)  # a busy machine ends no worker
    source = tmp_path / "images.npz"
    random = np.random.default_rng(0)
    labels = np.arange(300) % 3
    images = random.integers(0, 60, (300, 8, 8)) + 60 * labels[:, None, None]
    np.savez(source, images=images.astype(np.uint8), labels=labels)
    asked = try_source.Attempt(
        str(source), 10.0, tmp_path / "s.toml", RunFolder(tmp_path / "run"), DataPaths.of(), 2
    )
    told = []
    finished = try_source.try_source(asked, told.append)
    assert "validation = { fraction = 0.2 }" in asked.study.read_text()
    said = "Models are chosen by a fifth of the training images, set aside"
    assert said in finished.results.about and said in asked.study.read_text()
    assert finished.results.data.splits["validation"].rows == 48  # a fifth of 240
    assert len(Counted.processes) <= 2


def test_what_a_worker_takes_to_load_is_not_taken_from_a_trial(tmp_path, monkeypatch):
    """On a busy machine, or from a cold disk, all models were out before they began to fit."""
    write_few(tmp_path)
    rungs = []

    def screened(data, left, rung, places, engine):
        rungs.append(rung)
        return [Trial(candidate, rung, None, rung.seconds) for candidate in left]

    monkeypatch.setattr(try_source, "load_in_workers", lambda engine, count: 50.0)
    monkeypatch.setattr(try_source, "screen", screened)
    asked = try_source.Attempt(
        str(tmp_path / "few.npz"), 60.0, tmp_path / "s.toml", RunFolder(tmp_path), DataPaths.of(), 1
    )
    with pytest.raises(StudyError, match="no model can be fitted"):
        try_source.try_source(asked, lambda _: None)
    assert [rung.seconds for rung in rungs] == [70.0]


def test_workers_load_what_models_are_fitted_with():
    with Counted(2, PROCESS_ENVIRONMENT) as engine:
        assert load_in_workers(engine, 9) > 0
        assert len(engine.workers) == 2 and not any(worker.task for worker in engine.workers)
    loading.load_modules({}, {}, Path(), Path(), print)


def test_a_network_whose_time_is_up_is_judged_by_the_epochs_it_got_through(tmp_path, monkeypatch):
    """It was said to have failed, however much it had learnt; what fails is still said to."""
    monkeypatch.chdir(tmp_path)
    write_few(tmp_path)
    network = "layers = [{ flatten = true }, { dense = 8 }]\nbatch_size = 8"
    slow = Candidate("Slow", "network", "", network, batch=8)
    wrong = Candidate("Wrong", "linear", "", 'estimator = "sklearn.svm.SVC"\nparams = { C = -1.0 }')
    with LocalEngine(2, PROCESS_ENVIRONMENT) as engine:
        load_in_workers(engine, 2)
        data = '[data]\nsource = "npz:few.npz"\n'
        places = DataPaths.of(base=tmp_path)
        trials = screen(data, [slow, wrong], Rung(72, True, 9_000, 1, 4.0), places, engine)
    found, lost = trials
    assert found.accuracy is not None and 0 < found.cut < 9_000
    assert found.epoch is not None and 0 < found.epoch * found.cut <= 2 * 4.0
    assert (lost.candidate.name, lost.accuracy, lost.cut) == ("Wrong", None, 0)
    said = trial_lines(trials, allot(trials, 72, 1, 60))
    assert f"% on 72 rows, time was up after {found.cut} epochs, 4.0 s" in said[1]
    assert "Wrong: failed on 72 rows" in said[2]


def test_the_better_half_goes_on_and_the_best_of_each_kind():
    trials = [
        trial("a", 0.9, 1), trial("b", 0.8, 1), trial("c", 0.7, 1),
        trial("d", 0.6, 1, network=True), trial("e", None, 20, network=True),
    ]  # fmt: skip
    assert [each.name for each in better_half(trials)] == ["a", "b", "d"]


def test_a_study_file_is_named_after_the_source_and_never_written_over(tmp_path):
    assert [name_of(text) for text in ("folder:a/pets/", "npz:x.npz", "digits", "./b.zip")] == [
        "pets", "x.npz", "digits", "b.zip",
    ]  # fmt: skip
    assert file_for("a/pets.tar.gz", tmp_path).name == "pets.toml"
    (tmp_path / "pets.toml").write_text("mine")
    assert file_for("a/pets.tar.gz", tmp_path).name == "pets-2.toml"


def write_few(folder):
    random = np.random.default_rng(0)
    labels = np.arange(90) % 3
    images = random.integers(0, 60, (90, 8, 8)).astype(np.uint8)
    images[np.arange(90), labels * 2] += 150
    np.savez(folder / "few.npz", images=images, labels=labels)


def test_from_images_to_a_page_and_a_study_that_runs_again(vestry, tmp_path):
    write_few(tmp_path)
    done = vestry("try", "few.npz", "--quick", cwd=tmp_path, timeout=280)
    assert done.returncode == 0, done.stderr
    assert "trying" in done.stderr and "the study: few.toml" in done.stderr
    assert done.stdout.splitlines()[-1].endswith("report.html")
    text = (tmp_path / "few.toml").read_text()
    study = tomllib.loads(text)
    assert study["model"] and re.search(r"#   \w.*% on 72 rows, [0-9.]+ s", text)
    (committee,) = study["committee"]
    assert (committee["rule"], committee["by"]) == ("greedy", "accuracy")
    assert committee["members"] == [entry["name"] for entry in study["model"]]
    results = json.loads((tmp_path / "runs" / "few" / "results.json").read_text())
    assert results["data"]["chosen_by"] and results["decision"]["recommended"]
    again = vestry("run", "few.toml", cwd=tmp_path, timeout=280)
    assert again.returncode == 0, again.stderr
    other = vestry("try", "few.npz", "--study", "few.toml", "--quick", cwd=tmp_path)
    assert other.returncode == 2 and "is there already" in other.stderr
    assert (tmp_path / "few.toml").read_text() == text


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_trial_leaves_no_folder_behind(tmp_path, number):
    (tmp_path / "scratch").mkdir()
    process = subprocess.Popen(
        [sys.executable, "-m", "vestry", "try", "digits"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env=os.environ | {"TMPDIR": str(tmp_path / "scratch")},
    )
    trials = (tmp_path / "scratch").glob
    wait_for(lambda: list(trials("vestry-try-*/run/tasks/*")))
    os.kill(process.pid, number)
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert "nothing is kept of that; try again" in errors and "Traceback" not in errors
    assert not list(trials("vestry-try-*"))


def test_init_writes_a_study_that_can_be_read(vestry, tmp_path):
    write_few(tmp_path)
    done = vestry("init", "few.npz", cwd=tmp_path)
    assert done.returncode == 0 and done.stdout.strip() == "few.toml"
    study = read_study(tmp_path / "few.toml").study
    assert {"Linear", "Forest", "SVM", "CNN"} <= {entry.name for entry in study.models}
    assert "3 classes (0, 1, 2)" in (tmp_path / "few.toml").read_text()
    assert vestry("init", "few.npz", "--study", "few.toml", cwd=tmp_path).returncode == 2
    missing = vestry("init", "./nothing", cwd=tmp_path)
    assert missing.returncode == 1 and "no such file or folder" in missing.stderr


@pytest.mark.parametrize("command", ["try", "init"])
@pytest.mark.parametrize("source", ["phto", "", "path:", "npz:"])
def test_a_mistyped_source_is_one_line(vestry, tmp_path, command, source):
    done = vestry(command, source, cwd=tmp_path)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "pydantic" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_study_elsewhere_names_its_source_from_there(vestry, tmp_path):
    folder = tmp_path / "\U0001f600 \x1b x"
    folder.mkdir()
    write_few(folder)
    (tmp_path / "studies").mkdir()
    source = f"npz:{folder.name}/few.npz"
    done = vestry("init", source, "--study", "studies/few.toml", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    study = read_study(tmp_path / "studies" / "few.toml").study
    assert study.data.source == f"npz:../{folder.name}/few.npz"


def test_many_passes_over_few_rows_are_epochs_of_several():
    (network,) = (each for each in candidates((28, 28), 100)[0] if each.name == "Narrow ResNet")
    assert "\nepochs = 12\n" in network.text(12, 100) and "least" not in network.text(12, 100)
    few = tomllib.loads(network.text(290, 100))["model"][0]
    assert few["epochs"] == 40 and few["least_steps"] * few["batch_size"] >= 290 * 100
    assert Rung(100, True, 5, 300, 20.0).passes(32) * 75 / 32 >= 300
    of_2_000 = Rung(2_000, True, 5, 300, 20.0)
    assert of_2_000.passes(32) < of_2_000.passes(64) == of_2_000.passes(128), "no longer trials"
    assert allot([trial("a", 0.9, 1, network=True)], 100, 1, 3_600).passes == 290
    assert allot([trial("a", 0.9, 1, network=True)], 50_000, 1, 1e6).passes == 40
