"""Locks between processes: one has it, a killed one lets go, and nothing of others is touched."""

import subprocess
import sys

import pytest

from vestry.errors import RunError
from vestry.storage.lock import held
from vestry.storage.run_folder import LOCK, is_new, locked

HOLDER = """
import sys
from pathlib import Path
from vestry.storage.lock import held
with held(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder():
    """Starts a process that holds a lock until its input ends."""
    started = []

    def start(path):
        process = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        assert process.stdout.readline() == b"held\n"
        return process

    yield start
    for process in started:
        with process:  # which closes its streams, too
            process.kill()


def test_another_process_is_told_of_and_waited_for(tmp_path, holder):
    other, told = holder(tmp_path / "x.lock"), []

    def taken():
        told.append("taken")
        other.stdin.close()

    with held(tmp_path / "x.lock", taken):
        assert other.wait() == 0
    assert told == ["taken"] and list(tmp_path.iterdir()) == []


def test_a_killed_process_lets_go_and_its_file_holds_nobody_up(tmp_path, holder):
    other = holder(tmp_path / "x.lock")
    other.kill()
    other.wait()
    assert (tmp_path / "x.lock").exists()
    with held(tmp_path / "x.lock", lambda: pytest.fail("nobody has it")):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_folder_is_one_runs_at_a_time(tmp_path, holder):
    holder(tmp_path / LOCK)
    with pytest.raises(RunError, match="another run is at work in"), locked(tmp_path):
        pytest.fail("two have it")
    assert is_new(tmp_path) and is_new(tmp_path / "nowhere")
    (tmp_path / ".part-0123abcd.json").write_text("{")
    assert is_new(tmp_path), "a run was killed before it had a file"
    (tmp_path / "theirs").write_text("x")
    assert not is_new(tmp_path)


def test_a_file_of_somebody_elses_in_its_place_is_left_as_it_was(tmp_path):
    (tmp_path / "x.lock").write_text("mine")
    with held(tmp_path / "x.lock"):
        pass
    assert (tmp_path / "x.lock").read_text() == "mine"


def test_no_link_is_followed(tmp_path):
    (tmp_path / "x.lock").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError), held(tmp_path / "x.lock"):
        pytest.fail("held through a link")
    assert not (tmp_path / "elsewhere").exists()
