"""What tests of training share: a cache of their own, digits to train on, and colour images."""

import numpy as np
import pytest

from vestry.data.sources import digits
from vestry.members.kind import FitJob
from vestry.members.networks import precision


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("cache"))
        patch.setattr(precision.platformdirs, "user_cache_dir", lambda name: folder)
        yield


@pytest.fixture(scope="module")
def training_rows():
    return digits.load().train.rows(np.arange(1200))


@pytest.fixture(scope="module")
def held_out():
    return digits.load().train.rows(np.arange(1200, 1797))


@pytest.fixture
def job(training_rows, held_out, tmp_path):
    """A fit of digits, on the first `rows` of them."""

    def make(seed=1, on_event=lambda event: None, rows=1200, **changes):
        given = {
            "images": training_rows.images[:rows],
            "labels": training_rows.labels[:rows],
            "validation_images": held_out.images,
            "validation_labels": held_out.labels,
            "classes": 10,
            "seed": seed,
            "threads": 1,
            "workspace": tmp_path,
            "on_event": on_event,
            "ids": training_rows.ids[:rows],
        }
        return FitJob(**given | changes)

    return make


@pytest.fixture
def colour_job(job):
    """A fit of noise in colour, of sides that differ and rows that fill no last batch."""
    images = np.random.default_rng(0).integers(0, 255, (53, 8, 9, 3), dtype=np.uint8)
    labels = np.arange(53) % 4
    validation = {"validation_images": images, "validation_labels": labels}
    return job(images=images, labels=labels, ids=None, classes=4, **validation)
