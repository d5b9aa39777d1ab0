"""Features before estimators as a user has them: in a study, on the page, in an exported file."""

import json

import numpy as np
import pytest

STUDY = """title = "Features"
[data]
source = "npz:bars.npz"
validation = { fraction = 0.25 }
[exploration]
skip = true
[robustness]
skip = true
[[model]]
name = "SVM"
estimator = "sklearn.svm.SVC"
params = { C = 10.0 }
features = [{ hog = 4, bins = 12, signed = true }, { pixels = true, weight = 0.5 }, { pca = 500 }]
[[model]]
name = "Boosting"
estimator = "sklearn.ensemble.HistGradientBoostingClassifier"
params = { max_iter = 5 }
features = [{ hog = 4, bins = 12, signed = true }]
[[model]]
name = "Searched"
estimator = "sklearn.linear_model.LogisticRegression"
features = [{ hog = { choose = [3, 4] } }, { pca = { between = [5, 20] } }]
search = { trials = 2 }
[[committee]]
name = "Both"
rule = "mean"
members = ["SVM", "Boosting"]
[decision]
must_explain = true
"""


def write_bars(folder):
    random = np.random.default_rng(0)
    labels = np.arange(240) % 3
    images = random.integers(0, 90, (240, 12, 12)).astype(np.uint8)
    for image, label in zip(images, labels, strict=True):
        place = random.integers(2, 10)
        image[place if label else slice(None), slice(None) if label else place] = 230
        if label == 2:
            image[:, ::3] = 200
    np.savez(folder / "bars.npz", images=images, labels=labels)


@pytest.fixture(scope="module")
def finished(vestry, tmp_path_factory):
    folder = tmp_path_factory.mktemp("features")
    write_bars(folder)
    (folder / "study.toml").write_text(STUDY)
    done = vestry("run", "study.toml", cwd=folder, timeout=280)
    assert done.returncode == 0, done.stderr
    return folder, done, json.loads((folder / "runs" / "study" / "results.json").read_text())


def test_a_study_says_what_images_go_through(finished):
    _, done, results = finished
    words = "hog 4, bins 12, signed true; pixels, weight 0.5; pca 500"
    assert f"sklearn.svm.SVC on 336 features ({words})" in done.stderr
    members = results["members"]
    assert members["SVM"]["definition"][0] == f"{words}: 143 features"
    assert any("pca 500 became 143" in note for note in members["SVM"]["notes"])
    assert all(member["scores"]["validation"]["accuracy"] > 0.8 for member in members.values())


def test_a_linear_model_of_features_does_not_explain_itself(finished):
    decision = finished[2]["decision"]
    assert decision["admissible"] == []
    assert {model["name"] for model in decision["excluded"]} >= {"Searched", "SVM"}


@pytest.mark.parametrize("model", ["SVM", "Boosting", "Both"])
def test_the_exported_file_predicts_what_the_run_said(vestry, finished, tmp_path, model):
    folder, _, _ = finished
    file = tmp_path / "model.onnx"
    done = vestry("export", "runs/study", "--model", model, "-o", str(file), cwd=folder)
    assert done.returncode == 0, done.stderr
    assert file.is_file()


def test_what_does_not_fit_is_said_before_any_work(vestry, tmp_path):
    write_bars(tmp_path)
    for old, new, said in (
        ("hog = 4", "hog = 12", "model SVM: features: cells of 12 pixels make 1 x 1"),
        ("hog = 4", "hgo = 4", "unknown step `hgo`; did you mean `hog`"),
        ("signed", "sign", "key `features #1.sign` is unknown; did you mean `signed`"),
        ("features =", 'scale = "unit"\nfeatures =', "leave it out beside `features`"),
    ):
        (tmp_path / "study.toml").write_text(STUDY.replace(old, new, 1))
        done = vestry("run", "study.toml", cwd=tmp_path)
        assert done.returncode == 2, (new, done.stderr)
        assert said in done.stderr
