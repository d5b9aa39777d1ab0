"""Killed, interrupted, out of disk: nothing is lost, done twice or half there."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time

import pytest

from studies_at_hand import SMALL_STUDY
from test_run import results_of, without_times

LONGER = SMALL_STUDY.replace("epochs = 2", "epochs = 30") + (
    '[[member]]\nname = "Other"\nlayers = [{ flatten = true }, { dense = 64 }, { dropout = 0.3 }]\n'
)


@pytest.fixture
def longer(tmp_path):
    (tmp_path / "longer.toml").write_text(LONGER)
    return tmp_path


def test_a_run_that_is_killed_ten_times_ends_like_an_undisturbed_one(longer, vestry):
    started = time.monotonic()
    assert vestry("run", "longer.toml", "--out", "calm", cwd=longer).returncode == 0
    whole = time.monotonic() - started
    moments = random.Random(0)  # noqa: S311
    finished = {}
    for _ in range(10):
        with contextlib.suppress(subprocess.TimeoutExpired):  # it is killed then
            moment = moments.uniform(0.1, 0.6) * whole
            vestry("run", "longer.toml", "--out", "killed", cwd=longer, timeout=moment)
        for card in (longer / "killed").glob("tasks/*/card.json"):
            stamp = card.stat().st_mtime_ns
            assert finished.setdefault(card, stamp) == stamp, "fitted twice"
    last = vestry("run", "longer.toml", "--out", "killed", cwd=longer)
    assert last.returncode == 0, last.stderr
    assert "0 of " not in last.stderr, "some were finished before"
    calm, killed = (without_times(results_of(longer / name)) for name in ("calm", "killed"))
    assert killed == calm
    for card, stamp in finished.items():
        assert card.stat().st_mtime_ns == stamp, "fitted twice"
    left = [p.name for p in (longer / "killed").rglob("*")]
    assert not [name for name in left if name.startswith(".part-") or "unfinished" in name]


ENDLESS = ("run", "longer.toml", "--set", "member.Other.epochs=100000")


def test_ctrl_c_keeps_what_was_finished_and_says_so(longer, vestry_begun):
    process = vestry_begun(*ENDLESS, cwd=longer)
    wait_for(lambda: list((longer / "runs").glob("longer/tasks/*/card.json")))
    os.kill(process.pid, signal.SIGINT)
    ended = process.ended(30)
    assert ended.returncode == 130
    said = ended.stderr
    assert "interrupted; what was finished is kept" in said and "Traceback" not in said


def test_two_runs_do_not_share_a_folder(longer, vestry, vestry_begun):
    process = vestry_begun(*ENDLESS, cwd=longer)
    try:
        wait_for(lambda: list((longer / "runs").glob("longer/tasks/*")))
        second = vestry("run", "longer.toml", cwd=longer)
        assert second.returncode == 1 and "another run is at work" in second.stderr
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.ended(30)


def test_a_full_disk_is_one_line_and_nothing_is_written_over(longer, vestry, vestry_begun):
    short = ("--set", "training.epochs=1")
    assert vestry("run", "longer.toml", *short, cwd=longer).returncode == 0
    before = (longer / "runs/longer/results.json").read_bytes()

    further = ("run", "longer.toml", *short, "--set", "votes.rows=20")
    ended = vestry_begun(*further, cwd=longer, file_bytes=20_000).ended(120)
    assert ended.returncode == 1 and "Traceback" not in ended.stderr
    assert "File too large" in ended.stderr.splitlines()[-1]
    assert (longer / "runs/longer/results.json").read_bytes() == before
    assert not list((longer / "runs").rglob(".part-*"))


def test_a_damaged_table_is_made_anew(longer, vestry):
    assert vestry("run", "longer.toml", "--set", "training.epochs=1", cwd=longer).returncode == 0
    for table in (longer / "runs").glob("longer/tasks/*/test.npz"):
        table.write_bytes(table.read_bytes()[:200])
    # What was compared is not compared again; another sample of votes is something new.
    changed = ("--set", "training.epochs=1", "--set", "votes.seed=7")
    done = vestry("run", "longer.toml", *changed, cwd=longer)
    assert done.returncode == 0 and "is done again" in done.stderr, done.stderr


def wait_for(condition, seconds=60):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_results_are_json_that_any_reader_takes(finished_run):
    def refuse(constant):
        raise AssertionError(constant)

    json.loads((finished_run / "results.json").read_text(), parse_constant=refuse)
