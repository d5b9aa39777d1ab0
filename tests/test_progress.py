"""What a run says while it works: rows that stand still on a terminal, few plain lines elsewhere,
nothing when quiet."""

import contextlib
import io
import json
import os
import pty
import re
import threading

import pytest
from rich.cells import cell_len
from rich.console import Console

from vestry.cli.live_display import LiveProgress
from vestry.cli.plain_progress import PlainProgress
from vestry.cli.terminal import is_build, is_terminal, shortened
from vestry.cli.work import Work
from vestry.pipeline.progress import Silence

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
NOTEBOOKS = ["JPY_PARENT_PID", "COLAB_RELEASE_TAG", "COLAB_GPU", "KAGGLE_KERNEL_RUN_TYPE"]


def told(events, seconds=0.0):
    """The plain lines that events give. seconds: between two of them."""
    now, stream = [100.0], io.StringIO()
    report = PlainProgress(stream, lambda: now[0])
    for event in events:
        report(event)
        now[0] += seconds
    return stream.getvalue().splitlines()


def tasks(group, names, found=0):
    groups = dict.fromkeys(names, group)
    return {"event": "tasks", "total": len(names) + found, "found": found, "groups": groups}


def scored(task, right, rows, part=None):
    return {"event": "scored", "task": task, "right": right, "rows": rows, "part": part}


def ended(task, reason=None):
    return {"event": "failed" if reason else "done", "task": task, "reason": reason}


def fold_events(count, name="Net"):
    """Of a model in folds, epoch by epoch."""
    names = [f"{name}, fold {n} of {count}" for n in range(1, count + 1)]
    yield tasks(name, names)
    for task in names:
        yield {"event": "started", "task": task}
        for epoch in range(1, 11):
            yield EPOCH | {"task": task, "epoch": epoch}
        yield {"event": "stage", "task": task, "text": "predicting"}
        yield scored(task, 90, 100, {"kind": "fold"})
        yield ended(task)


def test_a_passing_line_names_model_epoch_losses_speed_and_time_left():
    assert told([EPOCH, EPOCH], seconds=31) == [
        "Net: epoch 3 of 10, loss 0.5000, validation loss 0.6000, "
        "validation accuracy 81.2%, 8,123 images/s, 1 min 15 s left"
    ]
    passing = {
        "event": "images",
        "task": "VGG16, frozen",
        "through": "VGG16",
        "done": 12_288,
        "total": 60_000,
        "images_per_second": 690.2,
        "seconds_left": 69.1,
    }
    assert told([passing] * 2, seconds=31) == [
        "VGG16, frozen: 12,288 of 60,000 images through VGG16, 690 images/s, 1 min 9 s left"
    ]
    trial = EPOCH | {"trial": 2, "trials": 8}
    assert told([trial] * 2, seconds=31)[0].startswith("Net: trial 2 of 8, epoch 3 of 10, loss")


def test_all_fits_of_a_model_are_one_line_with_accuracy_and_time():
    lines = told(fold_events(5), seconds=0.1)
    assert len(lines) == 1
    assert re.fullmatch(r"Net: done in \d\.\d s, validation accuracy 90\.0%", lines[0])


def test_plain_lines_come_every_half_minute_at_most():
    lines = told(fold_events(50), seconds=2)  # 22 minutes
    assert 40 <= len(lines) <= 50
    assert re.search(r"\(\d+ of 50 tasks done\)$", lines[5])


def test_the_accuracy_of_a_model_is_of_what_it_is_chosen_by():
    few = [{"kind": "few", "per_class": size, "seed": 0} for size in (5, 20)]
    events = [tasks("Net", ["a", "b"]), scored("a", 10, 100, few[0]), scored("b", 80, 100, few[1])]
    assert "80.0%" in told([*events, ended("a"), ended("b")])[0]
    own = {"kind": "fold"}  # a cross-validation of its own, beside the rows set aside
    events = [tasks("Net", ["a", "b"]), scored("a", 10, 100, own), scored("b", 80, 100)]
    assert "80.0%" in told([*events, ended("a"), ended("b")])[0]
    assert told([tasks("cost", ["cost"]), ended("cost")]) == ["cost: done in 0 ms"]


def test_a_failure_is_told_once_and_counted():
    names = [f"Net, fold {n} of 3" for n in (1, 2, 3)]
    events = [tasks("Net", names), *(ended(name, "out of memory") for name in names)]
    assert told(events) == ["Net, fold 1 of 3 failed: out of memory", "Net: 3 of 3 failed"]
    assert told([tasks("Net", ["Net"]), ended("Net", "why")]) == ["Net failed: why"]
    events = [tasks("Net", names[:2]), ended(names[0], "why"), ended(names[1])]
    assert told(events)[-1] == "Net: done in 0 ms; 1 of 2 failed"


def test_what_need_not_be_begun_counts_as_done_and_tells_nothing_of_time():
    """Trials of a search that repeat others, of a batch that was announced."""
    names = [f"Net, search, trial {n}" for n in (1, 2, 3)]
    work = Work(iter(range(100)).__next__)
    spared = [{"event": "spared", "task": name} for name in names[1:]]
    started = {"event": "started", "task": names[0]}
    ends = [
        work.take(event) for event in [tasks("Net", names), started, spared[0], ended(names[0])]
    ]
    assert ends == [None] * 4 and (work.done, work.total) == (2, 3)
    group = work.take(spared[1])
    assert group.is_done and group.took == [2] and work.left() is None
    assert told([tasks("Net", names), ended(names[0]), *spared]) == ["Net: done in 0 ms"]


def test_quiet_says_nothing_but_the_result(small_study, vestry, capsys):
    done = vestry("run", small_study, "--quiet", cwd=small_study.parent)
    assert done.returncode == 0 and done.stderr == ""
    Silence()({"event": "warning", "text": "mind"})
    assert capsys.readouterr().err == "vestry: warning: mind\n"


def test_no_escape_codes_and_few_lines_without_a_terminal(small_study, vestry):
    done = vestry("run", small_study, cwd=small_study.parent)
    assert "\x1b" not in done.stdout + done.stderr
    assert "Net: network of" in done.stderr
    accuracy = re.search(r"^Net: done in .*, validation accuracy (.*)$", done.stderr, re.MULTILINE)
    ranked = json.loads((small_study.parent / "runs/small/results.json").read_text())["ranking"]
    figure = next(row["validation_accuracy"] for row in ranked if row["name"] == "Net")
    assert accuracy[1] == f"{figure:.1%}"
    assert len(done.stderr.splitlines()) <= 15


class Watched(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize("name", [*NOTEBOOKS, "JPY_SESSION_NAME", "CI", "NO_COLOR"])
def test_notebooks_builds_and_plain_terminals_count_as_no_terminal(name):
    assert is_terminal(Watched(), {"TERM": "xterm"})
    assert not is_terminal(Watched(), {"TERM": "xterm", name: "1"})
    assert is_terminal(Watched(), {"TERM": "xterm", name: ""})
    assert not is_terminal(Watched(), {"TERM": "dumb"})
    assert not is_terminal(io.StringIO(), {"TERM": "xterm"})


def test_a_build_is_one_unless_it_says_no():
    assert is_build({"CI": "true"}) and is_build({"CI": "1"})
    assert not is_build({"CI": "false"}) and not is_build({"CI": "0"}) and not is_build({})


def test_in_a_notebook_a_run_prints_plain_and_rare_lines(small_study, on_a_terminal):
    screen = on_a_terminal("run", small_study, given={NOTEBOOKS[0]: "1"})  # the others: above
    assert "\x1b" not in screen and "Net: done in" in screen
    assert len(screen.splitlines()) < 35, "its table included"


@pytest.mark.parametrize("width", [60, 110])  # others, as they are drawn: below
def test_a_terminal_shows_rows_whose_lines_fit(small_study, on_a_terminal, width):
    command = ["run", small_study, "--set", "training.epochs=100", "--cores", "1"]
    screen = on_a_terminal(*command, given={"COLUMNS": str(width)})
    screen = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", screen)
    assert re.search(r"^Net +\S*━.*epoch +\d+/100 +\d+\.\d% +\d+:\d\d", screen, re.MULTILINE)
    assert re.search(r"^all tasks .* 3/3", screen, re.MULTILINE), "two fits, and what they cost"
    assert re.search(r"^Net +done in \S+ \w+, validation \d+\.\d%", screen, re.MULTILINE)
    assert ("images/s" in screen) == (width >= 110)


@pytest.fixture
def on_a_terminal(vestry, monkeypatch, tmp_path):
    """Everything that a command writes to a terminal."""
    for name in (*NOTEBOOKS, "JPY_SESSION_NAME", "CI", "NO_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, given):
        leader, follower = pty.openpty()
        written = []
        reader = threading.Thread(target=read_all, args=(leader, written))
        reader.start()
        env = {"TERM": "xterm"} | given
        done = vestry(*arguments, cwd=tmp_path, env=env, terminal=os.ttyname(follower))
        os.close(follower)
        reader.join()
        os.close(leader)
        screen = b"".join(written).decode().replace("\r\n", "\n").replace("\r", "\n")
        assert done.returncode == 0, screen
        return screen

    return run


def read_all(leader, written):
    """Until nobody has the other end open any more."""
    with contextlib.suppress(OSError):
        while part := os.read(leader, 65536):
            written.append(part)


# Rows as they are drawn, at widths where columns come and go.

LONG = "A convolutional network, wide and deep (B)"


def drawn(live, width):
    live.console.width = width
    out = Console(width=width, file=io.StringIO(), color_system=None)
    out.print(live.drawn())
    return out.file.getvalue().rstrip("\n").split("\n")


def watched():
    return LiveProgress(Console(file=io.StringIO(), width=80))


@pytest.mark.parametrize("width", [40, 60, 80, 109, 110, 120, 200])
def test_no_row_wraps_and_columns_stand_still(width):
    live, heads, counts = watched(), set(), []
    events = [
        tasks(LONG, [LONG]),
        *fold_events(12, "网络网络网络网络网络网络"),
        {"event": "started", "task": LONG},
        EPOCH | {"task": LONG, "epoch": 1, "epochs": 1000, "seconds_left": 86_000.0},
        EPOCH | {"task": LONG, "epoch": 1000, "epochs": 1000, "images_per_second": 1_234_567.0},
        {"event": "stage", "task": LONG, "text": "looking for training images like its mistakes"},
    ]
    for event in events:
        live(event)
        lines = drawn(live, width)
        assert max(map(cell_len, lines)) <= width
        if lines != [""]:  # before anything has begun
            heads.add(lines[0])
            counts.append(len(lines))
    assert len(heads) == 1, "no column moves"
    assert counts == sorted(counts) and counts[-1] == 3, "no row moves up again"
    names = {"model", "step", "validation", "left"} | ({"fit"} if width >= 80 else set())
    names |= {"images/s"} if width >= 110 else set()
    assert width < 60 or set(heads.pop().split()) == names


def test_a_row_says_name_step_validation_and_time_left():
    live = watched()
    for event in (
        tasks(LONG, [LONG, "b"]),
        {"event": "started", "task": LONG},
        EPOCH | {"task": LONG},
    ):
        live(event)
    _, row, whole = drawn(live, 120)
    assert re.fullmatch(
        r"A convoluti…ep \(B\) ━+╸? +1/2 epoch 3/10 +81\.2% +\d+:\d\d +8,123 *", row
    ), row
    assert re.match(r"all tasks +━*╸? +0/2 ", whole)
    assert "8,123" not in drawn(live, 109)[1] and "1/2" not in drawn(live, 79)[1].split("━")[-1]


def test_lines_above_the_rows_fit_sixty_columns():
    console = Console(file=io.StringIO(), width=60, force_terminal=False)
    live = LiveProgress(console)
    for event in (tasks(LONG, [LONG]), {"event": "started", "task": LONG},
                  scored(LONG, 100, 100), ended(LONG)):  # fmt: skip
        live(event)
    lines = console.file.getvalue().splitlines()
    assert re.fullmatch(r"A convoluti…ep \(B\) done in \d+ ms, validation 100\.0%", lines[-1])


def test_nodes_of_a_cluster_are_shown_as_they_come_and_go_and_trials_as_fits():
    live = watched()
    names = [f"Net, search, trial {n}" for n in range(1, 9)]
    nodes = [{"event": "nodes", "count": n, "text": f"{n} nodes"} for n in (2, 1)]
    live(tasks("Net, search", names))
    for node, name in enumerate(names[:2]):
        live({"event": "started", "task": name, "node": f"10.0.0.{node}", "node_id": str(node)})
    live(EPOCH | {"task": names[1]})
    live(nodes[0])
    _, row, whole = drawn(live, 80)
    assert row.split()[:2] == ["Net,", "search"] and "2/8" in row and "epoch 3/10" in row
    assert whole.startswith("on 2 nodes") and "0/8" in whole
    live(nodes[1])
    assert drawn(live, 80)[-1].startswith("on 1 node ")
    assert told(nodes) == ["Ray: 2 nodes", "Ray: 1 nodes"]


@pytest.mark.parametrize("name", ["short", LONG, "网络" * 20, "é" * 40, "🙂" * 30, "a" + "网" * 9])
def test_a_name_is_shortened_to_cells_and_keeps_its_end(name):
    made = shortened(name, 18)
    assert cell_len(made) <= 18
    assert made == name if cell_len(name) <= 18 else made.endswith(name[-2:])


def test_loading_is_told_where_it_takes_long():
    events = [
        {"event": "download", "file": "folder:d", "received": done, "total": 200}
        for done in (50, 100, 150, 200)
    ]
    assert told(events, seconds=16) == ["folder:d: 75% loaded"]


def test_the_row_of_what_is_loaded_goes():
    live = watched()
    for done, rows in ((1, True), (2, False)):
        live({"event": "download", "file": "a", "received": done, "total": 2})
        assert bool(live.loading) == rows
