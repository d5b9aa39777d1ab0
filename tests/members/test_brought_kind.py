"""A kind of model and a step of features that another package brings: nothing in `src` knows of
them, and all works."""

import json

import numpy as np
import pytest

from brought_package import brought, brought_here  # noqa: F401 - fixtures
from studies_at_hand import LEFT_OUT, with_everything
from vestry.serve.predictor import Predictor

STUDY = f"""
title = "A kind of one's own"
{LEFT_OUT}[data]
source = "digits"
validation = {{ fraction = 0.2, take = "last" }}
[[model]]
name = "Means"
sharpness = 2.0
seeds = [0, 1]
cross_validation = {{ folds = 2 }}
[[model]]
name = "Found"
sharpness = {{ between = [0.5, 4.0] }}
search = {{ trials = 2 }}
[[model]]
name = "Linear"
estimator = "sklearn.linear_model.RidgeClassifier"
features = [{{ row_means = true }}, {{ pixels = true }}]
[[committee]]
name = "Both"
members = ["Means", "Linear"]
"""


@pytest.fixture(scope="module")
def run(tmp_path_factory, vestry, brought):  # noqa: F811
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.toml").write_text(with_everything(STUDY))
    done = vestry("run", "own.toml", cwd=folder, env=brought)
    assert done.returncode == 0, done.stderr
    assert "Means: nearest of 10 mean images" in done.stderr
    assert "on 72 features (row_means; pixels)" in done.stderr
    return folder / "runs" / "own"


def test_it_is_fitted_compared_and_shown(run):
    results = json.loads((run / "results.json").read_text())
    entry = results["members"]["Means"]
    assert entry["kind"] == "sharpness" and len(entry["seeds"]) == 2
    assert entry["scores"]["test"]["accuracy"] > 0.8
    assert entry["cross_validation"]["folds"] == 2 and entry["cost"]["bytes"] > 0
    assert results["members"]["Found"]["search"]["best"]["values"]["sharpness"] <= 4
    assert results["explanations"]["Means"]["reason"] is None
    assert not [one for one in results["failures"] if one["name"] != "exploration"]
    page = (run / "report.html").read_text()
    assert "nearest mean image" in page and "Means" in page


@pytest.mark.parametrize("name", ["Means", "Both"])
def test_it_is_exported_with_parity_and_served_without_its_package(run, name, vestry, brought):  # noqa: F811
    target = run.parent / f"{name}.onnx"
    done = vestry("export", run, "--model", name, "-o", target, env=brought)
    assert done.returncode == 0, done.stderr
    images = np.zeros((3, 8, 8), np.uint8)
    given = Predictor(target)(images)
    assert given.shape == (3, 10) and np.allclose(given.sum(axis=1), 1, atol=1e-5)


def test_what_it_left_is_taken_away_again(run, vestry, brought, tmp_path):  # noqa: F811
    path = run.parent.parent / "own.toml"
    text = path.read_text()
    without = text[: text.index("[[model]]")] + text[text.rindex("[[model]]") :]
    path.write_text(without[: without.index("[[committee]]")])
    done = vestry("run", path, "--out", run, env=brought)
    path.write_text(text)
    assert done.returncode == 0, done.stderr
    assert not (run / "members" / "Means").exists()


def test_a_study_that_needs_it_says_so_where_it_is_not_there(tmp_path, vestry):
    (tmp_path / "own.toml").write_text(STUDY)
    done = vestry("run", "own.toml", cwd=tmp_path)
    assert done.returncode == 2
    assert (
        "model 1 (Means): it needs one of `estimator`, `layers`, `module`, `backbone`, `onnx`"
        in done.stderr
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("sharpness = nearest_mean.absent:KIND", "No module named"),
        ("sharpness = nearest_mean.model:STORED", "it is no kind"),
        ("other = nearest_mean.same:KIND", "there is a kind 'layers' already"),
    ],
)
def test_a_package_that_brings_none_is_named(line, words, tmp_path, vestry, brought):  # noqa: F811
    home = tmp_path / "broken-1.0.dist-info"
    home.mkdir()
    (home / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n")
    (home / "entry_points.txt").write_text(f"[vestry.kinds]\n{line}\n")
    (tmp_path / "own.toml").write_text(STUDY)
    path = f"{tmp_path}:{brought['PYTHONPATH']}"
    done = vestry("run", "own.toml", cwd=tmp_path, env={"PYTHONPATH": path})
    assert done.returncode == 2 and "broken brings" in done.stderr and words in done.stderr


def test_its_keys_are_in_the_schema_and_reading_them_is_light(tmp_path, vestry, brought):  # noqa: F811
    done = vestry("schema", env=brought)
    assert "NearestMeanEntry" in json.loads(done.stdout)["$defs"]
