"""A command that is forked is what a command is that a user starts: said, written and returned."""

import os
import re

import pytest

from studies_at_hand import SMALL_STUDY
from test_run import results_of, without_times


def entries(folder):
    """The place of everything in the run."""
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_run_says_and_leaves_the_same(vestry, vestry_started, tmp_path):
    found = []
    for name, command in (("forked", vestry), ("started", vestry_started)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "small.toml").write_text(SMALL_STUDY)
        done = command("run", "small.toml", "-q", cwd=tmp_path / name)
        run = tmp_path / name / "runs" / "small"
        said = re.sub(r"[\d.]+ ms", "# ms", done.stdout)  # what predicting took
        found.append((done.returncode, said, done.stderr, entries(run)))
        found[-1] += (without_times(results_of(run)),)
    assert found[0] == found[1] and found[0][0] == 0


@pytest.mark.parametrize(
    "arguments",
    [("run", "nowhere.toml"), ("run",), ("run", "--help"), ("predict", "no.onnx"), ("--version",)],
)
def test_what_it_refuses_and_explains_is_the_same(vestry, vestry_started, tmp_path, arguments):
    forked, started = (each(*arguments, cwd=tmp_path) for each in (vestry, vestry_started))
    assert vars(forked) | {"args": None} == vars(started) | {"args": None}


def test_it_has_an_environment_of_its_own(vestry, tmp_path):
    looks = tmp_path / "elsewhere"
    (tmp_path / "small.toml").write_text(SMALL_STUDY)
    done = vestry("run", "small.toml", "-q", cwd=tmp_path, env={"VESTRY_LOOKS": str(looks)})
    assert done.returncode == 0 and list(looks.iterdir())
    assert os.environ["VESTRY_LOOKS"] != str(looks)
