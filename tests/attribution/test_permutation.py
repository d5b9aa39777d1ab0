"""Permutation importance: a planted pixel is found, and budgets make blocks."""

import numpy as np
import pytest

from vestry.attribution.budget import Budget
from vestry.attribution.permutation import permutation_importance


def rows(count=200, shape=(8, 8)):
    """Noise in which one pixel alone says the class; the last row never changes."""
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (count, *shape), dtype=np.uint8)
    labels = np.arange(count, dtype=np.int64) % 2
    images[:, 2, 5] = (labels * 200)[(...,) + (None,) * (len(shape) - 2)]
    images[:, -1] = 7
    return images, labels


def reader(images):
    """Reads row 2, column 5 alone."""
    pixel = images[:, 2, 5].reshape(len(images), -1)[:, 0]
    bright = np.where(pixel > 100, 0.9, 0.1)
    return np.stack([1 - bright, bright], axis=1).astype(np.float32)


@pytest.mark.parametrize("shape", [(8, 8), (8, 8, 3)])
def test_the_planted_pixel_is_found_and_no_other(shape):
    images, labels = rows(shape=shape)
    found = permutation_importance(reader, images, labels, 0, Budget(60))
    assert found.block == 1 and found.before == 1.0
    assert (found.blocks, found.constant) == (64, 8)
    # Half of the images get a pixel of the other class.
    assert found.accuracy[2, 5] == pytest.approx(0.5, abs=0.1)
    assert found.probability[2, 5] == pytest.approx(0.8 * found.accuracy[2, 5], abs=1e-6)
    others = np.ones((8, 8), bool)
    others[2, 5] = False
    assert (found.accuracy[others] == 0).all()
    assert np.abs(found.probability[others]).max() < 1e-6


def test_the_same_seed_gives_the_same_and_images_stay_as_they_are():
    images, labels = rows()
    before = images.copy()
    one, other = (permutation_importance(reader, images, labels, 5, Budget(60)) for _ in range(2))
    assert np.array_equal(one.accuracy, other.accuracy)
    assert np.array_equal(images, before)


def test_a_forest_finds_the_planted_pixel():
    from sklearn.ensemble import RandomForestClassifier

    images, labels = rows(400)
    forest = RandomForestClassifier(20, random_state=0, max_features=None)
    forest.fit(images[:200].reshape(200, -1), labels[:200])

    def predict(given):
        return forest.predict_proba(given.reshape(len(given), -1)).astype(np.float32)

    found = permutation_importance(predict, images[200:], labels[200:], 0, Budget(60))
    assert np.unravel_index(found.accuracy.argmax(), (8, 8)) == (2, 5)
    assert found.accuracy[2, 5] > 0.3 and np.delete(found.accuracy.ravel(), 21).max() < 0.1


class Slow:
    def __init__(self):
        self.now = 0.0

    def clock(self):
        return self.now

    def predict(self, images):
        self.now += 0.001 * len(images)
        return reader(images)


@pytest.mark.parametrize(("seconds", "block"), [(20, 1), (5, 2), (1.5, 4), (0.45, 8), (0.01, 8)])
def test_a_budget_makes_blocks(seconds, block):
    images, labels = rows(200)
    slow = Slow()
    found = permutation_importance(slow.predict, images, labels, 0, Budget(seconds, slow.clock))
    assert found.block == block
    assert found.blocks == (8 // block) ** 2
    where = np.s_[2 // block * block :, 5 // block * block :]
    inside = found.accuracy[where][:block, :block]
    assert (inside == inside[0, 0]).all() and inside[0, 0] > 0.3
