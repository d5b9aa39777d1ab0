"""One model on every severity, in the time that it is allowed."""

import time

import numpy as np
import pytest
from pydantic import ValidationError

from vestry.robustness import corrupted_predictions
from vestry.robustness.corrupted_predictions import (
    CorruptedImages,
    affordable,
    predict_corrupted,
)
from vestry.robustness.corruption import corrupted, severities
from vestry.robustness.settings import RobustnessSettings
from vestry.study.settings import Study

ROWS = 600


@pytest.fixture
def drawn():
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (ROWS, 6, 6), dtype=np.uint8)
    return CorruptedImages(images, np.array([f"test/{row}" for row in range(ROWS)]), seed=3)


def brightness(images):
    """A model of two classes: how bright an image is."""
    share = images.reshape(len(images), -1).mean(axis=1) / 255
    return np.stack([share, 1 - share], axis=1).astype(np.float32)


def quiet(event):
    pass


def test_every_version_in_order(drawn):
    events = []
    tables, facts = predict_corrupted(brightness, drawn, RobustnessSettings(), events.append)
    assert tables.shape == (36, ROWS, 2) and tables.dtype == np.float32
    assert facts["rows"] == ROWS and facts["reason"] is None
    assert (tables[0] == brightness(drawn.images)).all()
    for table, severity in zip(tables[1:], severities(), strict=True):
        assert (table == brightness(corrupted(drawn.images, drawn.ids, severity, 3))).all()
    assert events[-1]["done"] == events[-1]["total"] == 35 * ROWS


def test_a_slow_model_gets_fewer_images_and_says_so(drawn):
    def slow(images):
        time.sleep(len(images) * 1e-5)
        return brightness(images)

    tables, facts = predict_corrupted(slow, drawn, RobustnessSettings(seconds=0.01), quiet)
    assert facts["rows"] == 200 and tables.shape[1] == 200
    assert "600 images in 36 versions take longer than the 0.01 s" in facts["reason"]
    whole, _ = predict_corrupted(brightness, drawn, RobustnessSettings(), quiet)
    assert (tables == whole[:, :200]).all()
    _, unlimited = predict_corrupted(slow, drawn, RobustnessSettings(seconds=0), quiet)
    assert unlimited["rows"] == ROWS


def test_rows_that_the_time_allows():
    assert affordable(2000, 6.0, 6 / 36 / 2001) == 2000
    assert affordable(2000, 6.0, 6 / 36 / 1999) == 1500
    assert affordable(2000, 6.0, 6 / 36 / 510) == 500
    assert affordable(2000, 6.0, 1.0) == 200  # never fewer, unless there are fewer
    assert affordable(150, 6.0, 1.0) == 150
    assert affordable(10_000, 0, 1.0) == 10_000


def test_versions_are_kept_only_where_there_is_room(drawn, monkeypatch):
    severity = severities()[0]
    first = drawn.version(severity, 10)
    assert (
        drawn.version(severity, 5).base is first.base
        or (drawn.version(severity, 5) == first[:5]).all()
    )
    assert len(drawn.version(severity, 20)) == 20 and severity.name in drawn.kept
    monkeypatch.setattr(corrupted_predictions, "KEPT_BYTES", 100)
    large = CorruptedImages(drawn.images, drawn.ids, 3)
    assert (large.version(severity, 20) == drawn.version(severity, 20)).all() and not large.kept


def test_settings():
    assert RobustnessSettings().asked(10_000) == 2000
    assert RobustnessSettings(rows="all").asked(10_000) == 10_000
    assert RobustnessSettings(rows=0).asked(10_000) == 10_000
    assert RobustnessSettings(rows=500).asked(360) == 360
    for wrong in ({"rows": -1}, {"rows": "some"}, {"seconds": -1.0}, {"kinds": ["blur"]}):
        with pytest.raises(ValidationError):
            RobustnessSettings(**wrong)


def test_a_study_may_set_them():
    member = {"name": "Net", "estimator": "sklearn.linear_model.RidgeClassifier"}
    study = {"title": "t", "data": {"source": "digits"}, "member": [member]}
    assert Study(**study).robustness == RobustnessSettings()
    given = Study(**study, robustness={"rows": "all", "skip": True})
    assert given.robustness.rows == "all" and given.robustness.skip
