"""A data source that another package brings: nothing in `src` knows of it, and all works."""

import json

import pytest

from brought_package import brought  # noqa: F401 - a fixture
from studies_at_hand import LEFT_OUT

STUDY = f"""
title = "A source of one's own"
{LEFT_OUT}[data]
source = "stripes:count.txt"
[[model]]
name = "Linear"
estimator = "sklearn.linear_model.RidgeClassifier"
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "count.txt").write_text("200")
    (tmp_path / "own.toml").write_text(STUDY)
    return tmp_path


def test_a_study_is_run_on_it_and_shown(folder, vestry, brought):  # noqa: F811
    done = vestry("run", "own.toml", cwd=folder, env=brought)
    assert done.returncode == 0, done.stderr
    run = folder / "runs" / "own"
    data = json.loads((run / "results.json").read_text())["data"]
    assert data["used"] == "stripes:count.txt" and data["classes"] == ["lying", "standing"]
    assert data["licence"] == "free of rights"
    assert "200 pictures were drawn" in (run / "report.html").read_text()
    exported = vestry("export", run, "--model", "Linear", cwd=folder, env=brought)
    assert exported.returncode == 0, exported.stderr  # its data are found and loaded again


def test_it_is_listed_explored_and_never_written_over(folder, vestry, brought):  # noqa: F811
    rows = json.loads(vestry("data", "list", "--json", env=brought).stdout)
    assert {
        "source": "stripes:FILE",
        "what": "drawn stripes, lying or standing",
        "where": None,
    } in rows
    done = vestry("explore", "stripes:count.txt", "--out", "look", cwd=folder, env=brought)
    assert done.returncode == 0 and (folder / "look" / "explore.html").is_file(), done.stderr
    over = vestry("run", "own.toml", "--out", "count.txt", cwd=folder, env=brought)
    assert over.returncode == 2 and (folder / "count.txt").read_text() == "200"


def test_where_it_is_not_there_its_name_is_unknown(folder, vestry):
    done = vestry("run", "own.toml", cwd=folder)
    assert done.returncode == 2 and "unknown source 'stripes:count.txt'" in done.stderr


def test_a_size_for_what_does_not_resize_is_refused(folder, vestry, brought):  # noqa: F811
    done = vestry("explore", "stripes:count.txt", "--image-size", "8", cwd=folder, env=brought)
    assert done.returncode == 2 and "--image-size resizes a csv: or folder: or" in done.stderr
