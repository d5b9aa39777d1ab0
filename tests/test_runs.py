"""`vestry runs`, and `--open`: finding the answers of earlier runs again."""

import json
import shutil

import pytest

from vestry.cli.browser import open_page
from vestry.errors import printable
from vestry.schema.outline import read_outline
from vestry.schema.reading import read_results

NOWHERE = {"DISPLAY": "", "WAYLAND_DISPLAY": "", "BROWSER": "", "CI": ""}


@pytest.fixture
def runs(finished_run, tmp_path):
    """A folder with a finished run, and what may lie beside it."""
    folder = tmp_path / "runs"
    shutil.copytree(finished_run, folder / "small", symlinks=True)
    shutil.copy(finished_run.parent.parent / "small.toml", tmp_path)
    (folder / "notes").mkdir()
    (folder / "notes/results.json").write_text('{"mine": 1}')
    (folder / "a file").write_text("not a folder")
    return folder


def test_an_outline_says_what_the_results_say(finished_run):
    outline = read_outline(finished_run / "results.json")
    whole = read_results(finished_run / "results.json")
    for name in type(outline).model_fields:
        if name != "data":
            assert getattr(outline, name) == getattr(whole, name), name
    assert outline.data.used == whole.data.used


def test_runs_are_listed_with_their_answers(runs, vestry):
    done = vestry("runs", cwd=runs.parent)
    results = read_results(runs / "small/results.json")
    row, below = done.stdout.splitlines()[1:]
    assert row.startswith("small ") and results.decision.recommended in row
    low, high = results.decision.test.interval
    figure = f"{results.decision.test.accuracy:.1%} ({100 * low:.1f} to {100 * high:.1f})"
    assert figure in row and below.split("; ") == ["    digits", "runs/small/report.html"]
    (facts,) = json.loads(vestry("runs", runs, "--json").stdout)
    assert facts["recommended"] == results.decision.recommended and facts["problem"] is None
    assert (facts["accuracy"], facts["interval"]) == (results.decision.test.accuracy, [low, high])
    named = vestry("runs", cwd=runs, env={"VESTRY_RUNS": str(runs)})
    assert "small" in named.stdout
    assert vestry("runs", "runs/small", cwd=runs.parent).stdout.splitlines()[1:] == [row, below]


def test_a_level_run_has_no_significant_difference(runs, vestry):
    file = runs / "small/results.json"
    results = json.loads(file.read_text())
    results["decision"]["evidence"] = "level"
    file.write_text(json.dumps(results))
    row = vestry("runs", cwd=runs.parent).stdout.splitlines()[1]
    assert "no significant difference" in row and "level" not in row


@pytest.mark.parametrize("half", ["\udcff", "\ud83d", "\ude00"])
def test_half_a_character_is_no_damage(runs, vestry, half):
    """Of paths that are no text, and of escapes in files: shown as it is written."""
    file = runs / "small/results.json"
    results = json.loads(file.read_text())
    results["title"] = f"Half {half}"
    results["data"]["used"] = f"images/{half}"
    results["decision"]["recommended"] = f"Model {half}"
    file.write_text(json.dumps(results))
    done = vestry("runs", cwd=runs.parent)
    shown = printable(half)
    assert done.returncode == 0 and "damaged" not in done.stdout and shown.startswith("\\")
    assert f"images/{shown}" in done.stdout and f"Model {shown}" in done.stdout
    (facts,) = json.loads(vestry("runs", runs, "--json").stdout)
    assert facts["title"] == f"Half {half}" and facts["problem"] is None


def unfinished(run):
    (run / "results.json").unlink()
    return "not finished; if it is not at work now, `vestry run small.toml --out runs/small` goes"


def cut_off(run):
    text = (run / "results.json").read_text()
    (run / "results.json").write_text(text[: len(text) // 2])
    return "its results.json is damaged; `vestry run small.toml --out runs/small` makes it anew"


def of_another_format(run):
    text = (run / "results.json").read_text()
    (run / "results.json").write_text(text.replace('"format": 3', '"format": 2', 1))
    return "its results.json is of format 2; this version reads 3; `vestry run small.toml"


def without_a_key(run):
    results = json.loads((run / "results.json").read_text())
    del results["decision"]["level"]
    (run / "results.json").write_text(json.dumps(results))
    return "its results.json is damaged (decision.level: Field required)"


def a_folder_for_results(run):
    (run / "results.json").unlink()
    (run / "results.json").mkdir()
    return "not finished"


def nested_deeply(run):
    (run / "results.json").write_text("[" * 100_000)
    return "its results.json is damaged"


def without_its_page(run):
    (run / "report.html").unlink()
    return "its page is gone; `vestry report runs/small` draws it again"


def without_its_study(run):
    (run.parent.parent / "small.toml").unlink()
    marker = json.loads((run / "vestry.json").read_text())
    (run / "vestry.json").write_text(json.dumps(marker | {"file": "/gone/small.toml"}))
    (run / "results.json").write_text("")
    return "its results.json is damaged; its command, given again, makes it anew"


DAMAGED = [
    *(unfinished, cut_off, of_another_format, without_a_key, a_folder_for_results),
    *(nested_deeply, without_its_page, without_its_study),
]


@pytest.mark.parametrize("damage", DAMAGED)
def test_unfinished_and_damaged_runs_are_listed_with_how_to_go_on(runs, vestry, damage):
    shutil.copytree(runs / "small", runs / "whole", symlinks=True)
    said = damage(runs / "small")
    done = vestry("runs", cwd=runs.parent)
    assert done.returncode == 0 and done.stderr == ""
    assert said in done.stdout and "runs/whole/report.html" in done.stdout
    facts = {run["name"]: run for run in json.loads(vestry("runs", runs, "--json").stdout)}
    assert set(facts) == {"small", "whole"} and facts["whole"]["problem"] is None
    assert facts["small"]["problem"]


def test_a_folder_without_runs_and_none_at_all(tmp_path, vestry):
    none = vestry("runs", cwd=tmp_path)
    assert none.returncode == 1 and none.stderr.startswith("vestry: there is no folder runs; ")
    (tmp_path / "runs").mkdir()
    empty = vestry("runs", cwd=tmp_path)
    assert (empty.returncode, empty.stdout) == (
        0,
        "No runs in runs; `vestry run STUDY` makes the first.\n",
    )
    assert vestry("runs", "--json", cwd=tmp_path).stdout == "[]\n"


def test_listing_imports_nothing_heavy(runs, vestry):
    code = (
        "import sys; from vestry.cli.app import app; app(['runs'], standalone_mode=False)\n"
        "print(sorted({'torch', 'sklearn', 'numpy', 'scipy'} & set(sys.modules)))"
    )
    import subprocess
    import sys

    done = subprocess.run(
        [sys.executable, "-c", code], cwd=runs.parent, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


# The browser: a command that writes down what it was asked to open.


@pytest.fixture
def browser_log(tmp_path):
    log = tmp_path / "opened.txt"
    script = tmp_path / "browse.sh"
    script.write_text(f'#!/bin/sh\necho "$1" >> "{log}"\n')
    script.chmod(0o755)
    return NOWHERE | {"BROWSER": f"{script} %s"}, log


def test_pages_are_opened_where_that_is_asked_for(runs, vestry, browser_log):
    env, log = browser_log
    done = vestry("run", "small.toml", "--quiet", cwd=runs.parent, env=env)
    assert done.returncode == 0 and not log.exists()
    done = vestry("run", "small.toml", "--quiet", "--open", cwd=runs.parent, env=env)
    assert done.returncode == 0 and done.stderr == ""
    page = (runs / "small/report.html").as_uri()
    assert log.read_text().splitlines() == [page]
    assert vestry("report", runs / "small", "--open", env=env).returncode == 0
    assert log.read_text().splitlines() == [page, page]
    both = vestry("report", runs / "small", "--open", "--format", "md", env=env)
    assert both.returncode == 2 and "--open is for the page" in both.stderr
    looked = vestry("explore", "digits", "--sample", 50, "-q", "--open", cwd=runs.parent, env=env)
    assert looked.returncode == 0
    assert log.read_text().splitlines()[-1].endswith("explorations/digits/explore.html")


@pytest.mark.parametrize(
    ("given", "why"),
    [({}, "there is no display here"), ({"CI": "true", "DISPLAY": ":0"}, "this is a build")],
)
def test_where_nobody_would_see_it_that_is_said(tmp_path, monkeypatch, capsys, given, why):
    monkeypatch.setattr("sys.platform", "linux")
    for name, value in (NOWHERE | given).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("webbrowser.open", lambda _: pytest.fail("opened"))
    open_page(tmp_path / "page.html", wanted=True)
    said = capsys.readouterr().err
    assert said.startswith(f"vestry: the page was not opened: {why}") and "page.html" in said
    open_page(tmp_path / "page.html", wanted=False)
    assert capsys.readouterr().err == ""


def test_a_browser_that_fails_is_said(tmp_path, monkeypatch, capsys):
    for name, value in (NOWHERE | {"BROWSER": "false %s"}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("webbrowser.open", lambda _: False)
    open_page(tmp_path / "page.html", wanted=True)
    assert "no browser would take it; it lies at" in capsys.readouterr().err
