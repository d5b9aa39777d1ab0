"""Killed, interrupted, out of disk: nothing is lost, done twice or half there."""

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from studies_at_hand import SMALL_STUDY
from test_run import results_of, without_times

resource = pytest.importorskip("resource")  # not every system has it

LONGER = SMALL_STUDY.replace("epochs = 2", "epochs = 30") + (
    '[[member]]\nname = "Other"\nlayers = [{ flatten = true }, { dense = 64 }, { dropout = 0.3 }]\n'
)


def start(folder, *arguments, **options):
    return subprocess.Popen(
        [sys.executable, "-m", "vestry", "run", "longer.toml", *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
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


def test_ctrl_c_keeps_what_was_finished_and_says_so(longer):
    process = start(longer, "--set", "member.Other.epochs=100000", start_new_session=True)
    wait_for(lambda: list((longer / "runs").glob("longer/tasks/*/card.json")))
    os.kill(process.pid, signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "interrupted; what was finished is kept" in errors and "Traceback" not in errors


def test_two_runs_do_not_share_a_folder(longer, vestry):
    process = start(longer, "--set", "member.Other.epochs=100000", start_new_session=True)
    try:
        wait_for(lambda: list((longer / "runs").glob("longer/tasks/*")))
        second = vestry("run", "longer.toml", cwd=longer)
        assert second.returncode == 1 and "another run is at work" in second.stderr
    finally:
        os.kill(process.pid, signal.SIGINT)
        process.communicate(timeout=30)


def test_a_full_disk_is_one_line_and_nothing_is_written_over(longer, vestry):
    short = ("--set", "training.epochs=1")
    assert vestry("run", "longer.toml", *short, cwd=longer).returncode == 0
    before = (longer / "runs/longer/results.json").read_bytes()

    def little_room():  # every write beyond 20 kB fails, as on a full disk
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    process = start(longer, *short, "--set", "votes.rows=20", preexec_fn=little_room)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1 and "Traceback" not in errors
    assert "File too large" in errors.splitlines()[-1]
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
