import numpy as np
import pytest
from sklearn.datasets import load_digits

from vestry.data.sources import digits


def test_the_digits_are_those_of_scikit_learn() -> None:
    source = digits.load()
    pixels, labels = load_digits(return_X_y=True)
    assert len(source.train) == 1797 and source.test is None
    np.testing.assert_array_equal(source.train.labels, labels)
    np.testing.assert_allclose(
        source.train.images.reshape(1797, 64), pixels * 255 / 16, rtol=0, atol=0.5
    )
    assert source.train.images.max() == 255 and source.train.ids[-1] == "train/01796"
    assert any("255 / 16" in note for note in source.notes)


def test_they_are_the_same_where_the_file_lies_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    beside = digits.load().train.fingerprint
    monkeypatch.setattr(digits, "stored_table", lambda: None)
    assert digits.load().train.fingerprint == beside
