"""What a study's models need of memory, said before any of them is fitted."""

from pathlib import Path

import pytest

from vestry.data.dataset import load_dataset
from vestry.data.paths import DataPaths
from vestry.errors import StudyError
from vestry.pipeline import memory_needs
from vestry.pipeline.memory_needs import check_memory
from vestry.pipeline.planner import Planner
from vestry.pipeline.tryout import candidates
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

STUDY = """title = "Large"
[data]
source = "digits"
validation = { fraction = 0.2 }
[[model]]
name = "Large"
estimator = "sklearn.svm.SVC"
[[model]]
name = "Wider"
estimator = "sklearn.linear_model.LogisticRegression"
scale = "standard"
[[model]]
name = "Small"
layers = [{ flatten = true }, { dense = 8 }]
epochs = 1
"""
FEATURES = 1150 * 64
"""Of the digits that are left for training, 8 x 8 each."""


def planner(folder: Path, cores: int = 1, study: str = STUDY) -> Planner:
    (folder / "study.toml").write_text(study)
    settings, places = read_study(folder / "study.toml").study, DataPaths.of(base=folder)
    data = load_dataset(settings.data, places)
    return Planner(settings, data, places, RunFolder(folder / "run"), cores)


def test_a_fit_that_memory_cannot_hold_is_refused_before_any_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_needs, "usable_memory", lambda: FEATURES * 18)
    with pytest.raises(StudyError) as raised:
        check_memory(planner(tmp_path))
    text = str(raised.value)
    assert text.startswith("model Wider: its fit, of 1,150 training images of 8 x 8 in grey")
    assert all(way in text for way in ("image_size", "training_rows", "network"))
    few = STUDY.replace('scale = "standard"', "images_per_class = [10, 20]")
    assert check_memory(planner(tmp_path, study=few)) == []


def test_several_at_once_are_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_needs, "usable_memory", lambda: FEATURES * 30)
    (warning,) = check_memory(planner(tmp_path, cores=2))
    assert warning.startswith("Wider: fits on 2 cores at once") and "--cores 1" in warning
    assert check_memory(planner(tmp_path)) == []
    monkeypatch.setattr(memory_needs, "usable_memory", lambda: None)
    assert check_memory(planner(tmp_path, cores=64)) == [], "where the system does not say"


def test_what_a_search_may_try_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    searched = STUDY.replace('scale = "standard"', 'scale = { choose = ["unit", "standard"] }')
    searched = searched.replace("scale =", "search = { trials = 2 }\nscale =")
    monkeypatch.setattr(memory_needs, "usable_memory", lambda: FEATURES * 18)
    with pytest.raises(StudyError, match="model Wider"):
        check_memory(planner(tmp_path, study=searched))


def test_what_features_make_of_images_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HOG of 8 x 8 pixels in cells of 2: 9 blocks of 36 numbers."""
    wide = STUDY.replace('scale = "standard"', "features = [{ hog = 2 }, { pca = 10 }]")
    needed = 1150 * (9 * 36 * 4 + 10 * 12)
    monkeypatch.setattr(memory_needs, "usable_memory", lambda: needed)
    with pytest.raises(StudyError, match="model Wider: its fit"):
        check_memory(planner(tmp_path, study=wide))
    monkeypatch.setattr(memory_needs, "usable_memory", lambda: int(needed * 1.2))
    assert check_memory(planner(tmp_path, study=wide)) == []


def test_try_begins_with_what_memory_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(candidates, "usable_memory", lambda: 2**30)
    left, out = candidates.candidates((64, 64, 3), 200_000)
    assert {each.name for each in out} >= {"Linear", "Forest"}
    assert left and all(each.is_network for each in left)
    left, _ = candidates.candidates((28, 28), 5_000)
    assert {each.name for each in left} >= {"Linear", "Forest"}
