"""Places of a test's own: nothing is read from or written to the user's cache."""

import numpy as np
import pytest

from vestry.data.paths import DataPaths
from vestry.members.kind import FitJob
from vestry.members.model_paths import ModelPaths


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("TORCH_HOME", raising=False)
    monkeypatch.delenv("VESTRY_DATA", raising=False)
    return tmp_path / "cache" / "vestry"


@pytest.fixture
def places(tmp_path, cache):
    return ModelPaths.of(DataPaths.of(base=tmp_path), run=tmp_path / "runs" / "present")


@pytest.fixture
def job(tmp_path, places):
    """A job on random pixels, whose class shows in their brightness."""

    def make(rows=30, on_event=lambda event: None, colour=False, **changes):
        random = np.random.default_rng(0)
        shape = (rows + 20, 10, 9, 3) if colour else (rows + 20, 10, 9)
        labels = np.arange(rows + 20) % 3
        images = random.integers(0, 100, shape) + 70 * labels.reshape(-1, *[1] * len(shape[1:]))
        images = images.astype(np.uint8)
        given = {
            "images": images[:rows],
            "labels": labels[:rows],
            "validation_images": images[rows:],
            "validation_labels": labels[rows:],
            "classes": 3,
            "seed": 0,
            "threads": 1,
            "workspace": tmp_path / "work",
            "on_event": on_event,
            "paths": places,
        }
        return FitJob(**given | changes)

    return make
