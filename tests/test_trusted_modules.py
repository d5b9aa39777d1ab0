"""`vestry run --trusted-modules`: what a study names of other packages is not imported."""

import pytest

from brought_package import brought  # noqa: F401 - a fixture
from studies_at_hand import LEFT_OUT

HEAD = f"""
title = "Others'"
{LEFT_OUT}[data]
source = "digits"
training_rows = {{ count = 300 }}
validation = {{ fraction = 0.2, take = "last" }}
[[model]]
name = "Bayes"
estimator = "sklearn.naive_bayes.GaussianNB"
"""
OWN = """
from pathlib import Path

Path(__file__).with_name("imported").touch()

from sklearn.naive_bayes import GaussianNB as Net
"""
MODEL = '[[model]]\nname = "Own"\n'
NAMED = {
    "a model": MODEL + 'estimator = "planted.Net"\n',
    "one of those that a search tries": MODEL
    + 'search = { trials = 2 }\nestimator = { choose = ["sklearn.svm.SVC", "planted.Net"] }\n',
    "a head": MODEL + 'backbone = "vgg16"\nweights = "random"\nestimator = "planted.Net"\n',
    "a backbone of a library": MODEL
    + 'backbone = "timm:resnet18"\nestimator = "sklearn.svm.SVC"\n',
}


def study(folder, text, name="others.toml"):
    (folder / "planted.py").write_text(OWN)
    (folder / name).write_text(text)


@pytest.mark.parametrize("where", NAMED)
def test_what_is_not_trusted_is_refused_before_it_is_imported(tmp_path, vestry, where):
    study(tmp_path, HEAD + NAMED[where])
    done = vestry("run", "others.toml", "--trusted-modules", "sklearn, numpy", cwd=tmp_path)
    assert done.returncode == 2 and "model 2 (Own) would import" in done.stderr, done.stderr
    assert "not among --trusted-modules (numpy, sklearn)" in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"planted.py", "others.toml"}


def test_a_study_that_this_one_builds_on_is_held_to_it_too(tmp_path, vestry):
    study(tmp_path, HEAD + NAMED["a model"], "before.toml")
    (tmp_path / "others.toml").write_text('after = ["before.toml"]\n' + HEAD)
    done = vestry("run", "others.toml", "--trusted-modules", "sklearn", cwd=tmp_path)
    assert done.returncode == 2 and "before.toml: model 2 (Own)" in done.stderr, done.stderr
    assert not (tmp_path / "imported").exists()


def test_what_is_trusted_is_run(tmp_path, vestry):
    study(tmp_path, HEAD + NAMED["a model"])
    done = vestry("run", "others.toml", "--trusted-modules", "planted,sklearn", cwd=tmp_path)
    assert done.returncode == 0 and (tmp_path / "imported").exists(), done.stderr


def test_an_installed_package_that_brings_things_is_asked_for_too(tmp_path, vestry, brought):  # noqa: F811
    study(tmp_path, HEAD)
    given = ("run", "others.toml", "--trusted-modules", "sklearn")
    done = vestry(*given, cwd=tmp_path, env=brought)
    assert done.returncode == 2 and "nearest_mean is not among" in done.stderr, done.stderr


@pytest.mark.parametrize("names", ["sklearn.svm", "sklearn,,numpy", "../planted"])
def test_names_that_are_none_are_said(tmp_path, vestry, names):
    study(tmp_path, HEAD)
    done = vestry("run", "others.toml", "--trusted-modules", names, cwd=tmp_path)
    assert done.returncode == 2 and "is no top-level package" in done.stderr, done.stderr
