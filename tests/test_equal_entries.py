"""One model under two names: a committee of both gains nothing, and that is said before any fit."""

import json

import pytest

from vestry.pipeline.notices import twins
from vestry.study.reader import read_study

STUDY = """
title = "Twins"
[data]
source = "digits"
training_rows = { count = 200 }
[exploration]
skip = true
[explanation]
skip = true
[robustness]
skip = true
[[model]]
name = "One"
estimator = "sklearn.naive_bayes.GaussianNB"
[[model]]
name = "Other"
note = "the same again"
estimator = "sklearn.naive_bayes.GaussianNB"
[[committee]]
name = "Both"
members = ["One", "Other"]
"""


def test_it_is_said_on_the_console_and_on_the_page(tmp_path, vestry):
    (tmp_path / "s.toml").write_text(STUDY)
    done = vestry("run", "s.toml", "--out", "run", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stderr.index("One and Other are the same model") < done.stderr.index("One: done")
    notices = json.loads((tmp_path / "run" / "results.json").read_text())["notices"]
    assert sum("One and Other are the same model" in each["text"] for each in notices) == 1
    assert "One and Other are the same model" in (tmp_path / "run" / "report.html").read_text()


@pytest.mark.parametrize("more", ["seeds = [1]", "params = { var_smoothing = 0.1 }"])
def test_another_seed_or_setting_makes_another_model(tmp_path, more):
    path = tmp_path / "s.toml"
    path.write_text(STUDY.replace('note = "the same again"', more))
    assert twins(read_study(path).study) == []
    path.write_text(STUDY)
    assert len(twins(read_study(path).study)) == 1
