"""The studies that come with the package: listed, run by name, and in the wheel."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vestry.errors import StudyError
from vestry.study.reader import read_study
from vestry.study.shipped import shipped_studies, study_path

ROOT = Path(__file__).parent.parent
FILES = sorted(path.name for path in (ROOT / "studies").glob("*.toml"))


def test_every_study_is_listed_and_reads(vestry: Callable[..., Any], tmp_path: Path) -> None:
    rows = json.loads(vestry("studies", "--json", cwd=tmp_path).stdout)
    assert [f"{row['name']}.toml" for row in rows] == FILES
    assert all(read_study(study.path).study.title == study.title for study in shipped_studies())
    lines = vestry("studies", cwd=tmp_path).stdout.splitlines()
    assert len(lines) == len(FILES) and all("(" in line for line in lines)


def test_a_study_is_run_by_its_name_from_anywhere(
    vestry: Callable[..., Any], tmp_path: Path
) -> None:
    few = ["--set", "data.source=digits", "--set", "training.epochs=1"]
    few += ["--set", 'data.training_rows={ count = 200, take = "random" }']
    done = vestry("run", "default", *few, "--quiet", cwd=tmp_path)
    assert done.stdout.rstrip().endswith("report.html"), done.stderr
    assert (tmp_path / "runs" / "default" / "results.json").is_file()


def test_a_file_goes_over_a_name_and_a_wrong_name_gets_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert study_path(Path("default")).is_file()
    Path("default").write_text("mine")
    assert study_path(Path("default")) == Path("default")
    assert study_path(Path("some.toml")) == Path("some.toml")  # what is read says that it is absent
    with pytest.raises(StudyError, match=r"a-four-families.*vestry studies"):
        study_path(Path("a-four-familis"))


def test_the_wheel_holds_them(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", tmp_path, ROOT]
    subprocess.run(build, check=True, capture_output=True)
    [wheel] = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as packed:
        names = set(packed.namelist())
        assert {f"vestry/studies/{name}" for name in FILES} <= names
        assert "vestry/serve/ready/committee.onnx" in names
        packed.extractall(tmp_path / "installed")
    asked = (
        "from vestry.study.shipped import shipped_studies as s; print([str(x.path) for x in s()])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asked],
        env={"PYTHONPATH": str(tmp_path / "installed")},
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.count(str(tmp_path / "installed")) == len(FILES)
