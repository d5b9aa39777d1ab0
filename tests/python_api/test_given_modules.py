"""Torch modules handed over in Python: by class and parameters, or trained in this process."""

import tomllib
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits
from torch import nn

import own_modules
import vestry
from documented import blocks
from vestry.members.estimators.onnx_member import session
from vestry.predictions.table import load_table
from vestry.python_api import given_modules
from vestry.python_api.given_modules import module_keys

IMAGES, LABELS = load_digits().images[:400].astype(np.uint8) * 15, load_digits().target[:400]


class Known(nn.Module):
    def __init__(self, width: int, rate: float = 0.5) -> None:
        super().__init__()
        self.width, self.rate = width, rate
        self.layers = nn.Sequential(nn.Flatten(), nn.Linear(64, width), nn.Linear(width, 10))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.layers(x) * (1 + self.rate)
        return scores


class Hidden(Known):
    """Its factor is a parameter of its own, and not among what it was called with."""

    def __init__(self, factor: float = 1.0) -> None:
        super().__init__(16)
        self.factor = nn.Parameter(torch.tensor([factor]))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = super().forward(x) * self.factor
        return scores


def models() -> dict[str, Any]:
    torch.manual_seed(0)
    return {
        "Class": {"module": Known, "params": {"width": 8}, "epochs": 2},
        "Object": Known(width=12),
        "Hidden": Hidden(3.0),
        "Layers": nn.Sequential(nn.Flatten(), nn.Linear(64, 10)),
    }


def choose(folder: Path, given: dict[str, Any]) -> vestry.Run:
    left_out = {"exploration": {"skip": True}, "explanation": {"skip": True}}
    left_out["robustness"] = {"skip": True}
    parts = left_out | {"data": {"validation": {"fraction": 0.25}}, "training": {"epochs": 4}}
    return vestry.choose(
        IMAGES, LABELS, given, out=folder / "runs" / "own", cores=1, quiet=True, **parts
    )


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> vestry.Run:
    return choose(tmp_path_factory.mktemp("given"), models())


def study(run: vestry.Run) -> Path:
    return run.folder.parent / "own.study" / "own.toml"


def test_all_forms_are_trained_here_and_exported(run: vestry.Run) -> None:
    entries = run.results.members
    assert set(entries) == set(models())
    for name, entry in entries.items():
        assert any("own process" in note for note in entry.notes)
        file = session(run.export(model=name).read_bytes())
        answers = file.run(["probabilities"], {"images": IMAGES[:50]})[0]
        assert answers.shape == (50, 10)
    assert "factor, which keep the values" in " ".join(entries["Hidden"].definition)
    assert len(run.history.query("model == 'Class'")) == 2
    assert entries["Object"].parameters == 65 * 12 + 13 * 10


def test_the_same_call_finds_its_fits_and_an_edited_one_does_not(run: vestry.Run) -> None:
    def times() -> dict[str, int]:
        folders = {name: run.folder / "members" / name for name in models()}
        return {n: (f / "card.json").resolve().stat().st_mtime_ns for n, f in folders.items()}

    before = times()
    choose(run.folder.parent.parent, models())
    assert times() == before
    edited = nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False))
    keys = [module_keys(given)["module"] for given in (models()["Layers"], edited)]
    assert keys[0] != keys[1]


def test_what_a_class_builds_on_is_part_of_what_it_is() -> None:
    def path(rate: float) -> str:
        class Inner(nn.Module):
            def forward(self, x: torch.Tensor) -> torch.Tensor:
                return x * rate

        class Base(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.inner, self.last = Inner(), nn.Linear(64, 10)

        class Net(Base): ...

        return str(module_keys(Net)["module"]) + str(module_keys(nn.Sequential(Net()))["module"])

    assert path(0.5) == path(0.5) != path(0.25)


def test_no_weights_of_the_object_reach_its_fit(run: vestry.Run, tmp_path: Path) -> None:
    """What was trained before may have seen the test rows."""
    given = models()
    with torch.no_grad():
        for each in ("Object", "Layers"):
            for parameter in given[each].parameters():
                parameter.fill_(7.0)
    again = choose(tmp_path, {name: given[name] for name in ("Object", "Layers")})
    for name in again.results.members:
        one, other = (load_table(r.folder / "members" / name / "test.npz") for r in (run, again))
        assert np.array_equal(one.probabilities, other.probabilities)
    assert given["Object"].layers[1].weight.detach().eq(7.0).all()  # and none of the fit's, it


def test_another_process_says_who_can_fit_it(run: vestry.Run, vestry: Any, tmp_path: Path) -> None:
    done = vestry("run", study(run), "--out", tmp_path / "r")
    assert done.returncode == 2 and "handed over in a Python session" in done.stderr


def test_what_other_processes_find_is_written_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(own_modules.__file__).parent)
    assert module_keys(own_modules.Small) == {"module": "own_modules.Small"}
    assert module_keys(nn.Linear(64, 10, bias=False))["module"].startswith("here.Linear_")
    monkeypatch.setattr(given_modules, "_is_found", lambda kind: True)
    keys = module_keys(Known(5, rate=0.25))
    assert keys == {"module": f"{__name__}.Known", "params": {"width": 5, "rate": 0.25}}


def test_the_study_says_what_was_given(run: vestry.Run) -> None:
    entries = tomllib.loads(study(run).read_text())["model"]
    assert [entry["module"].partition("_")[0] for entry in entries] == [
        *("here.Known", "here.Known", "here.Hidden", "here.Sequential")
    ]


def test_the_example_of_the_documents_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (text,) = [block.text for block in blocks("docs/python.md", "python") if "Small" in block.text]
    skipped = {name: {"skip": True} for name in ("exploration", "robustness", "explanation")}
    door = partial(vestry.choose, out=tmp_path / "runs" / "doc", cores=1, quiet=True, **skipped)
    names: dict[str, Any] = {"__name__": "notebook", "X": IMAGES, "y": LABELS}
    exec(text, names | {"vestry": SimpleNamespace(choose=door)})  # noqa: S102 - our own
    assert (tmp_path / "small.onnx").is_file()
