"""Rows packed for machines that cannot load them: nothing is lost, test rows stay sealed."""

import numpy as np
import pytest

from vestry.data.dataset import load_dataset
from vestry.data.packed_rows import pack_rows, unpacked_rows
from vestry.data.paths import DataPaths
from vestry.data.sealed import SealedSet
from vestry.data.settings import DataSettings

SETTINGS = {
    "set aside": {"source": "digits", "validation": {"fraction": 0.2}},
    "folds": {"source": "digits", "validation": {"folds": 3}},
    "folds that test": {"source": "digits", "test": {"folds": 3}},
    "groups": {"source": "npz:own.npz", "groups": {"column": "who"}},
    "some classes": {"source": "digits", "classes": ["1", "7"]},
}


@pytest.fixture
def own(tmp_path):
    """Coloured images of groups."""
    draws = np.random.RandomState(0)
    images = draws.randint(0, 256, (120, 5, 4, 3)).astype(np.uint8)
    labels, who = np.arange(120) % 3, np.array([f"p{row // 6}" for row in range(120)])
    np.savez(tmp_path / "own.npz", images=images, labels=labels, who=who)
    return tmp_path


@pytest.mark.parametrize("way", sorted(SETTINGS))
def test_what_is_unpacked_is_what_was_packed(own, way):
    dataset = load_dataset(DataSettings(**SETTINGS[way]), DataPaths.of(None, own))
    pack_rows(dataset, own / "packed")
    found = unpacked_rows(own / "packed")
    for name in ("training", "validation", "test"):
        one, other = getattr(found, name), getattr(dataset, name)
        assert type(one) is type(other) and one.fingerprint == other.fingerprint
        np.testing.assert_array_equal(one.ids, other.ids)
        if not isinstance(one, SealedSet) and other.groups is not None:
            np.testing.assert_array_equal(one.groups, other.groups)
    np.testing.assert_array_equal(found.test.order(3), dataset.test.order(3))
    assert found.folds == dataset.folds and not hasattr(found.test, "labels")
    assert (found.validation is found.training) == (dataset.validation is dataset.training)
    assert found.provenance.fingerprint == dataset.provenance.fingerprint
