"""A large folder from the study to the exported file: decoded once, whoever asks for it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from vestry.audit.settings import ExplorationSettings
from vestry.data import decoding, image_cache
from vestry.data.paths import DataPaths
from vestry.data.reading import Reading
from vestry.pipeline.explore import explore_source
from vestry.pipeline.export import ExportOptions, export_run
from vestry.pipeline.run_study import run_study
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import read_study

pytestmark = pytest.mark.usefixtures("forked_workers")

STUDY = """title = "Photos"
robustness = { skip = true }
explanation = { skip = true }
[data]
source = "folder:photos"
image_size = [12, 12]
[[model]]
name = "Linear"
estimator = "sklearn.linear_model.LogisticRegression"
params = { max_iter = 20 }
"""


def write_photos(folder: Path) -> None:
    random = np.random.default_rng(0)
    for label, name in enumerate(("ants", "bees")):
        (folder / name).mkdir(parents=True)
        for row in range(40):
            pixels = random.integers(0, 200, (14, 17, 3), np.uint8)
            pixels[..., label] += 50
            Image.fromarray(pixels).save(folder / name / f"{row:02}.jpg")


def test_a_run_an_export_and_an_exploration_decode_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(image_cache, "LARGE", 500)
    write_photos(tmp_path / "photos")
    (tmp_path / "photos.toml").write_text(STUDY)
    places = DataPaths(None, tmp_path / "cache", tmp_path, looks=tmp_path / "looks")
    told: list[dict[str, Any]] = []

    def run(name: str) -> Any:
        folder = RunFolder(tmp_path / name)
        return run_study(read_study(tmp_path / "photos.toml"), places, folder, 1, told.append)

    first = run("first")
    read = [event for event in told if event["event"] == "download"]
    assert read[-1]["received"] == read[-1]["total"] == 80

    def refused(*_: object) -> None:
        raise AssertionError("decoded again")

    monkeypatch.setattr(decoding, "read_pixels", refused)
    told.clear()
    second = run("second")
    assert any("80 images were decoded before" in event.get("text", "") for event in told)
    assert second.results.data == first.results.data
    assert second.results.ranking == first.results.ranking
    exported = export_run(tmp_path / "first", "Linear", None, ExportOptions(), places, told.append)
    assert exported.bundle.certificate["files"], "held against the picture files themselves"
    explored = explore_source(
        "folder:photos",
        places,
        tmp_path / "explored",
        ExplorationSettings(),
        1,
        told.append,
        Reading((12, 12)),
    )
    assert explored.results.data.files == first.results.data.files
    monkeypatch.setenv(image_cache.LIMIT_VARIABLE, "0")
    with pytest.raises(AssertionError, match="decoded again"):
        run("third")
