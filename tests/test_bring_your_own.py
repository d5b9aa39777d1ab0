"""A study with a model that was trained elsewhere, by the command."""

import json
import shutil

import numpy as np
import pytest

from made_onnx_models import sklearn_model
from studies_at_hand import LEFT_OUT
from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.data.sources import digits
from vestry.errors import StudyError
from vestry.pipeline.planner import Planner
from vestry.predictions.table import load_table
from vestry.serve.predictor import Predictor
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

STUDY = f"""
title = "Theirs and ours"
{LEFT_OUT}[data]
source = "digits"
validation = {{ fraction = 0.2, take = "last" }}
[[member]]
name = "Theirs"
onnx = "models/theirs.onnx"
[[member]]
name = "Ours"
estimator = "sklearn.naive_bayes.GaussianNB"
[[committee]]
name = "Both"
members = ["Theirs", "Ours"]
"""


@pytest.fixture(scope="module")
def study(tmp_path_factory):
    folder = tmp_path_factory.mktemp("brought")
    (folder / "models").mkdir()
    rows = digits.load().train
    sklearn_model(folder / "models" / "theirs.onnx", rows.images[:800], rows.labels[:800])
    (folder / "own.toml").write_text(STUDY)
    return folder


@pytest.fixture(scope="module")
def run(study, vestry):
    done = vestry("run", "own.toml", cwd=study)
    assert done.returncode == 0, done.stderr
    return study / "runs" / "own", done


def test_it_is_compared_on_the_same_rows_and_sits_in_a_committee(run):
    folder, _ = run
    results = json.loads((folder / "results.json").read_text())
    theirs, ours = (load_table(folder / "members" / n / "test.npz") for n in ("Theirs", "Ours"))
    both = load_table(folder / "committees" / "Both" / "test.npz")
    assert np.array_equal(theirs.ids, ours.ids)
    mean = (theirs.probabilities.astype(float) + ours.probabilities) / 2
    assert np.abs(both.probabilities - mean).max() < 1e-6
    entry = results["members"]["Theirs"]
    assert entry["kind"] == "onnx" and entry["scores"]["test"]["accuracy"] > 0.85
    assert entry["fit_seconds"] == 0 and entry["parameters"] > 0
    assert entry["cost"]["latency"]["median_ms"] > 0 and entry["cost"]["bytes"] > 0


def test_the_page_says_that_it_was_trained_elsewhere(run):
    folder, done = run
    page = (folder / "report.html").read_text()
    assert "Theirs: It was trained elsewhere, on rows that are not known here" in page
    assert "theirs.onnx, written by skl2onnx" in page
    assert "model of 778 parameters from theirs.onnx" in done.stderr


def test_the_committee_becomes_one_file_with_it_inside(run, study, vestry):
    folder, _ = run
    done = vestry(
        "export", folder, "--model", "Both", "--no-temperature", "-o", "both.onnx", cwd=study
    )
    assert done.returncode == 0, done.stderr
    held = load_table(folder / "committees" / "Both" / "validation.npz")
    whole = digits.load().train
    places = {row_id: place for place, row_id in enumerate(whole.ids)}
    images = whole.images[[places[row_id] for row_id in held.ids]]
    given = Predictor(study / "both.onnx")(images)
    assert np.abs(given - held.probabilities).max() < 1e-4


def test_another_file_under_the_same_name_is_another_fit(run, study, tmp_path):
    folder, _ = run
    file = read_study(study / "own.toml")
    places = DataPaths.of(base=tmp_path)
    dataset = load_dataset(file.study.data, places)

    def tasks():
        planner = Planner(file.study, dataset, places, RunFolder(folder), 1)
        return {p.name: p.tasks[0] for p in planner.models({})}

    shutil.copytree(study / "models", tmp_path / "models")
    first = tasks()
    assert all(task.is_done for task in first.values())  # the same file elsewhere is the same fit
    rows = digits.load().train
    sklearn_model(tmp_path / "models" / "theirs.onnx", rows.images[:300], rows.labels[:300])
    second = tasks()
    assert second["Ours"].folder == first["Ours"].folder
    assert not second["Theirs"].is_done and second["Theirs"].folder != first["Theirs"].folder


def test_a_file_that_does_not_fit_ends_the_run_before_any_work(study, vestry):
    (study / "wrong.toml").write_text(STUDY.replace("theirs.onnx", "their.onnx"))
    done = vestry("run", "wrong.toml", cwd=study)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert "model Theirs: onnx = 'models/their.onnx': there is no file" in done.stderr
    assert "did you mean `theirs.onnx`?" in done.stderr
    assert not list((study / "runs" / "wrong").glob("tasks/*"))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("seeds = [0, 1]", "`seeds`: nothing is fitted: the model in the file is finished"),
        ("cross_validation = { folds = 3 }", "`cross_validation`: nothing is fitted"),
        ("images_per_class = [5, 10]", "`images_per_class`: nothing is fitted"),
        ("search = { trials = 3 }", "nothing can be searched for"),
        ("input = { size = { choose = [8, 16] } }", "nothing can be searched for"),
        ("input = { sizes = [8, 8] }", "key `input.sizes` is unknown; did you mean `size`?"),
        ("input = { size = [8] }", "`input.size"),
        ("input = { mean = [1, 2] }", "`input.mean`: one number for all channels, or one a ch"),
        ("input = { deviation = [0] }", "`input.deviation #1`: input should be greater than 0"),
        ('outputs = "logits"', "key `outputs` is unknown; did you mean `output`?"),
        ('output = "scores"', "`output` cannot be 'scores'"),
        ('scale = "unit"', "key `scale` is unknown"),
        ('onnx = "theirs.keras"', "'theirs.keras' is no .onnx file; write one with tf2onnx"),
        ('estimator = "sklearn.svm.SVC"', "it has `estimator` and `onnx`; one says its kind"),
    ],
)
def test_keys_that_say_nothing_that_can_be_done_are_refused(tmp_path, change, said):
    line = 'onnx = "models/theirs.onnx"'
    new = change if change.startswith("onnx") else f"{line}\n{change}"
    path = tmp_path / "wrong.toml"
    path.write_text(STUDY.replace(line, new))
    with pytest.raises(StudyError) as caught:
        read_study(path)
    assert said in str(caught.value) and "model 1 (Theirs)" in str(caught.value)
