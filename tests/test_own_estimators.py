"""Estimators of a user's own, beside the study: whatever they do, the others are what they are."""

import json
import os
import shutil
import signal
import time
from pathlib import Path

import numpy as np
import pytest

from studies_at_hand import LEFT_OUT
from vestry.predictions.table import load_table

HEAD = f"""
title = "Own"
{LEFT_OUT}[data]
source = "digits"
training_rows = {{ count = 500 }}
validation = {{ fraction = 0.2, take = "last" }}
"""
NEIGHBOURS = """[[member]]
name = "Neighbours"
estimator = "sklearn.neighbors.KNeighborsClassifier"
"""
HABITS = ("Plain", "Writes", "Changes", "Babbles", "Draws")


def own(name, more=""):
    return f'[[member]]\nname = "{name}"\nestimator = "own_estimators.{name}"\n{more}'


def study(folder, text):
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(Path(__file__).with_name("own_estimators.py"), folder)
    (folder / "own.toml").write_text(HEAD + text)
    return folder


def answers(folder, member):
    return load_table(folder / "runs" / "own" / "members" / member / "test.npz").probabilities


def results(folder):
    return json.loads((folder / "runs" / "own" / "results.json").read_text())


@pytest.fixture(scope="module")
def together(tmp_path_factory, vestry):
    """All of them in one run on one core, so that one comes after the other."""
    seeds = "seeds = [0, 1]\n"
    members = [own(name, seeds if name == "Plain" else "") for name in HABITS]
    folder = study(tmp_path_factory.mktemp("together"), "".join(members) + NEIGHBOURS)
    done = vestry("run", "own.toml", cwd=folder, env={"VESTRY_CORES": "1"})
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("habit", ["Writes", "Changes", "Babbles"])
def test_a_bad_habit_changes_neither_its_own_answers_nor_the_next_fit(together, habit):
    assert np.array_equal(answers(together, habit), answers(together, "Plain"))
    again = results(together)["members"]["Plain"]["scores"]["test"]["accuracy"]
    assert again > 0.7  # rolled labels would leave a tenth


def test_members_after_them_answer_as_they_do_alone(together, tmp_path, vestry):
    alone = study(tmp_path, own("Draws") + NEIGHBOURS)
    done = vestry("run", "own.toml", cwd=alone, env={"VESTRY_CORES": "1"})
    assert done.returncode == 0, done.stderr
    for member in ("Draws", "Neighbours"):
        assert np.array_equal(answers(alone, member), answers(together, member))


def test_no_more_than_fit_and_predict_is_asked_of_an_estimator(tmp_path, vestry):
    folder = study(tmp_path, own("Bare") + NEIGHBOURS)
    done = vestry("run", "own.toml", cwd=folder, env={"VESTRY_CORES": "1"})
    assert done.returncode == 0, done.stderr
    assert np.ptp(answers(folder, "Bare"), axis=0).max() == 0
    card = json.loads((folder / "runs" / "own" / "members" / "Bare" / "card.json").read_text())
    assert card["stored"] is None and "64 flat features" in " ".join(card["definition"])


def test_a_time_limit_ends_all_that_an_estimator_has_started(tmp_path, vestry):
    folder = study(tmp_path, own("Hangs", "time_limit = 8\n") + own("Leaves") + NEIGHBOURS)
    done = vestry("run", "own.toml", cwd=folder, timeout=120)
    assert done.returncode == 3, done.stderr
    assert "time limit of 8 s" in done.stderr and "SystemExit: enough" in done.stderr
    assert list(results(folder)["members"]) == ["Neighbours"]
    assert not any(map(alive, json.loads((folder / "processes.json").read_text())))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_nothing_goes_on_after_the_run_was_ended(tmp_path, vestry_begun, number):
    folder = study(tmp_path, own("Hangs"))
    run = vestry_begun("run", "own.toml", "-q", cwd=folder)
    wait_for(lambda: (folder / "processes.json").exists() or run.has_ended())
    os.kill(run.pid, number)
    ended = run.ended(30)
    assert ended.returncode == (130 if number == signal.SIGINT else -number), ended.stderr
    assert number != signal.SIGINT or "interrupted" in ended.stderr
    processes = json.loads((folder / "processes.json").read_text())
    wait_for(lambda: not any(map(alive, processes)))


def test_files_of_the_users_hide_no_module_of_a_library(tmp_path, vestry):
    folder = study(tmp_path, own("Plain"))
    for name in ("random", "queue", "secrets", "typing_extensions", "numpy", "sklearn", "torch"):
        (folder / f"{name}.py").write_text("raise RuntimeError('my own script')\n")
    done = vestry("run", "own.toml", cwd=folder)
    assert done.returncode == 0, done.stderr


def test_an_estimator_in_a_file_that_is_hidden_is_told_so(tmp_path, vestry):
    text = own("Plain").replace("own_estimators.Plain", "random.Plain")
    folder = study(tmp_path, text + NEIGHBOURS)
    shutil.copy(folder / "own_estimators.py", folder / "random.py")
    done = vestry("run", "own.toml", cwd=folder)
    assert done.returncode == 2
    assert "random.py here is hidden by" in done.stderr and "another name" in done.stderr


def alive(process):
    status = Path(f"/proc/{process}/status")
    return status.exists() and "State:\tZ" not in status.read_text()


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)
