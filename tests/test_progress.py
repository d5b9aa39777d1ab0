"""What a run says while it works: bars on a terminal, plain lines elsewhere, nothing when quiet."""

import io
import os
import pty
import re
import subprocess
import sys

from rich.console import Console

from vestry.cli.live_display import LiveProgress
from vestry.run.progress import PlainProgress, duration, line_of

EPOCH = {
    "event": "epoch",
    "task": "Net",
    "epoch": 3,
    "epochs": 10,
    "train_loss": 0.5,
    "validation_loss": 0.6,
    "validation_accuracy": 0.8125,
    "images_per_second": 8123.4,
    "seconds_left": 75.0,
}


def test_a_line_names_member_epoch_loss_speed_and_time_left():
    assert line_of(EPOCH) == (
        "Net: epoch 3 of 10, loss 0.5000, validation loss 0.6000, "
        "validation accuracy 81.2%, 8,123 images/s, 1 min 15 s left"
    )
    assert duration(59.4) == "59 s"


def test_images_through_a_trunk_say_how_far_they_are(capsys):
    passing = {
        "event": "images",
        "task": "VGG16, frozen",
        "through": "VGG16",
        "done": 12_288,
        "total": 60_000,
        "images_per_second": 690.2,
        "seconds_left": 69.1,
    }
    assert line_of(passing) == (
        "VGG16, frozen: 12,288 of 60,000 images through VGG16, 690 images/s, 1 min 9 s left"
    )
    report = PlainProgress(sys.stderr)
    for _ in range(9):
        report(passing)
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_plain_lines_do_not_flood(capsys):
    report = PlainProgress(sys.stderr)
    for epoch in range(1, 50):
        report(EPOCH | {"epoch": epoch})
    report({"event": "failed", "task": "Net", "reason": "why"})
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 2 and lines[-1] == "Net: FAILED: why"


def test_quiet_says_nothing_but_the_result(small_study, vestry):
    done = vestry("run", small_study, "--quiet", cwd=small_study.parent)
    assert done.returncode == 0 and done.stderr == ""


def test_no_escape_codes_without_a_terminal(small_study, vestry):
    done = vestry("run", small_study, cwd=small_study.parent)
    assert "\x1b" not in done.stdout + done.stderr
    assert "Net: network of" in done.stderr and "Net: done" in done.stderr


def test_a_terminal_shows_live_bars_with_epoch_loss_speed_and_time_left(small_study):
    screen = on_a_terminal(
        [
            *(sys.executable, "-m", "vestry", "run", str(small_study)),
            *("--set", "training.epochs=40", "--cores", "1"),
        ],
        small_study.parent,
    )
    assert "all tasks" in screen
    pattern = r"Net .*epoch \d+ of 40, loss \d\.\d{3}, [\d,]+ images/s, \d+ s left"
    assert re.search(pattern, screen)
    assert "3 of 3" in screen, "two fits, and what predicting costs"


def on_a_terminal(command, folder):
    """Everything that the command writes to a terminal of 160 columns, without colours."""
    leader, follower = pty.openpty()
    environment = os.environ | {"COLUMNS": "160", "TERM": "xterm", "NO_COLOR": "1"}
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdout=follower, stderr=follower, stdin=follower
    )
    os.close(follower)
    written = b""
    while True:
        try:
            part = os.read(leader, 65536)
        except OSError:  # the other end is closed
            break
        if not part:
            break
        written += part
    os.close(leader)
    assert process.wait(timeout=120) == 0
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", written.decode())


def test_loading_is_told_where_it_takes_long(capsys, monkeypatch):
    now = [100.0]
    monkeypatch.setattr("vestry.run.progress.time.monotonic", lambda: now[0])
    progress = PlainProgress(sys.stderr)
    for done in (50, 100, 150, 200):
        progress({"event": "download", "file": "folder:d", "received": done, "total": 200})
        now[0] += 3
    assert capsys.readouterr().err.splitlines() == ["folder:d: 75% loaded"]


def test_the_bar_of_what_is_loaded_goes():
    live = LiveProgress(Console(file=io.StringIO()))
    for done in (1, 2):
        live({"event": "download", "file": "a", "received": done, "total": 2})
        assert len(live.bars.tasks) == 2 - done
    assert live.ids == {}
