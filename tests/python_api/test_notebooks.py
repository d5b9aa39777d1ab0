"""The notebooks of `docs/` run as they stand, and what docs/python.md shows runs, too."""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from documented import ROOT, blocks
from vestry import Run

NOTEBOOKS = ROOT / "docs" / "notebooks"


def executed(name: str, folder: Path) -> list[dict[str, Any]]:
    """What its cells show, run in `folder`."""
    shutil.copy(NOTEBOOKS / name, folder)
    book = nbformat.read(folder / name, as_version=4)
    assert book.cells[0].source.count("%pip install 'vestry[train]'") == 1
    NotebookClient(book, timeout=240, resources={"metadata": {"path": str(folder)}}).execute()
    outputs = [out for cell in book.cells for out in cell.get("outputs", [])]
    return [out.get("data", {}) for out in outputs]


def test_every_notebook_is_run_here() -> None:
    assert {path.name for path in NOTEBOOKS.glob("*.ipynb")} == {"choose.ipynb", "folder.ipynb"}


def test_from_a_folder_of_images_to_a_model_that_predicts(tmp_path: Path) -> None:
    data = executed("folder.ipynb", tmp_path)
    run = Run(tmp_path / "runs" / "photos")
    assert (tmp_path / "photos.toml").is_file() and (tmp_path / "photos.onnx").is_file()
    assert any(run.recommended in str(one.get("text/html", "")) for one in data)
    assert "'3'" in data[-1]["text/plain"]


def test_a_notebook_gives_the_ranking_of_the_command(
    tmp_path: Path, vestry: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VESTRY_CORES", "1")  # a second worker takes longer to start than to fit
    data = executed("choose.ipynb", tmp_path)
    assert any("image/svg+xml" in one for one in data)
    assert (tmp_path / "digits.onnx").is_file()
    [run] = [one for one in (tmp_path / "runs").iterdir() if (one / "results.json").is_file()]
    study = tmp_path / "runs" / f"{run.name}.study" / f"{run.name}.toml"
    done = vestry("run", study, "--out", tmp_path / "again", "--quiet", "--json")
    ranking = json.loads(done.stdout)["ranking"]
    frame = Run(run).ranking
    assert [row["name"] for row in ranking] == list(frame.index[: len(ranking)])
    assert [row["test_accuracy"] for row in ranking] == list(frame["test_accuracy"])[: len(ranking)]
    whole = "".join(re.findall(r"[^\n]*", "\n".join(str(one.get("text/html", "")) for one in data)))
    assert all(row["name"] in whole for row in ranking)


@pytest.mark.usefixtures("forked_workers")
def test_what_the_document_shows_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    whole = [block for block in blocks("docs/python.md", "python") if "import vestry" in block.text]
    assert whole  # that of torch modules runs in test_given_modules
    for block in whole:
        space: dict[str, object] = {}
        exec(compile(block.text, "docs/python.md", "exec"), space)  # noqa: S102 - our own document
        run = space["run"]
        assert isinstance(run, Run) and run.recommended in run.ranking.index
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
