"""Occlusion maps: they light up where a model looks, and nowhere else."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.attribution.budget import Budget
from vestry.attribution.occlusion import (
    Patches,
    affordable,
    finer_to_coarser,
    middle_area,
    middle_share,
    occlusion,
    occlusions,
)


def corner_member(images):
    """Looks at the upper left 5 x 5 pixels only: the brighter, the surer of class 1."""
    light = images.reshape(len(images), *images.shape[1:3], -1).mean(axis=3)[:, :5, :5]
    bright = light.mean(axis=(1, 2)) / 255
    return np.stack([1 - bright, bright], axis=1).astype(np.float32)


@pytest.mark.parametrize("shape", [(28, 28), (28, 28, 3), (20, 32)])
def test_a_member_that_looks_at_one_corner_lights_up_there_and_nowhere_else(shape):
    image = np.full(shape, 230, np.uint8)
    cover = np.zeros(shape, np.uint8)
    patches = finer_to_coarser(*shape[:2])[0]
    found = occlusion(corner_member, image, cover, patches.masks())
    # A patch that touches the corner reaches at most this far out of it.
    reach = 5 + patches.size - 1
    assert found.answer == 1 and found.confidence == pytest.approx(230 / 255)
    assert (found.values[reach:] == 0).all() and (found.values[:, reach:] == 0).all()
    assert (found.values[:5, :5] > 0.2).all()
    assert max(np.unravel_index(found.values.argmax(), found.values.shape)) < 5
    # All of the corner covered: everything that the answer rested on is lost.
    assert found.losses.max() == pytest.approx(230 / 255)
    assert found.changed.any() and not found.changed.all()


def test_what_speaks_against_an_answer_is_negative():
    image = np.full((28, 28), 40, np.uint8)  # dark: class 0, and light in the corner is against it
    found = occlusion(
        corner_member, image, np.zeros_like(image), finer_to_coarser(28, 28)[0].masks()
    )
    assert found.answer == 0 and found.losses.max() <= 1e-6 and found.values.min() < -0.05


def test_an_image_that_is_its_cover_loses_nothing():
    image = np.random.default_rng(0).integers(0, 256, (12, 12), dtype=np.uint8)
    found = occlusion(corner_member, image, image, finer_to_coarser(12, 12)[0].masks())
    assert (found.values == 0).all() and not found.changed.any()
    assert middle_share(found.values) is None


@given(st.integers(1, 40), st.integers(1, 40))
def test_every_patch_size_covers_every_pixel(height, width):
    for patches in finer_to_coarser(height, width):
        masks = patches.masks()
        assert len(masks) == patches.places
        assert masks.any(axis=0).all() and masks.any(axis=(1, 2)).all()
        assert masks.sum(axis=(1, 2)).max() <= patches.size**2


def test_the_middle_is_a_quarter_of_the_picture():
    assert middle_area((28, 28)) == 0.25
    only = np.zeros((28, 28), np.float32)
    only[10:12, 10:12] = 1
    assert middle_share(only) == 1
    only[0, 0] = 4
    only[27, 27] = -9  # a gain is no loss
    assert middle_share(only) == 0.5


class Slow:
    """A clock that goes on by what predicting costs, and the member that costs it."""

    def __init__(self, seconds_an_image):
        self.now, self.cost = 0.0, seconds_an_image

    def clock(self):
        return self.now

    def predict(self, images):
        self.now += self.cost * len(images)
        return corner_member(images)


IMAGES = np.random.default_rng(1).integers(0, 256, (4, 28, 28), dtype=np.uint8)


@pytest.mark.parametrize(
    ("seconds", "stride", "images"),
    [(1000, 2, 4), (560, 4, 4), (120, 7, 4), (40, 7, 2), (0.1, 7, 1)],
)
def test_a_budget_makes_maps_coarser_and_then_fewer(seconds, stride, images):
    slow = Slow(0.5)
    budget = Budget(seconds, slow.clock)
    cover = np.zeros((28, 28), np.uint8)
    plan = affordable(slow.predict, IMAGES, cover, budget)
    assert (plan.patches.stride, plan.images) == (stride, images)
    assert plan.is_finest == (stride == 2)
    found = list(occlusions(slow.predict, IMAGES, cover, plan, budget))
    assert len(found) == images
    assert slow.now <= max(seconds, 33 * 0.5 + (plan.patches.places + 1) * 0.5)  # one at least


def test_a_member_that_grows_slow_is_stopped():
    slow = Slow(0.01)
    budget = Budget(20, slow.clock)
    cover = np.zeros((28, 28), np.uint8)
    plan = affordable(slow.predict, IMAGES, cover, budget)
    assert plan.images == 4
    slow.cost = 1.0
    assert len(list(occlusions(slow.predict, IMAGES, cover, plan, budget))) == 1


def test_patches_overlap_alike_inside():
    masks = Patches(28, 28, 6, 2).masks()
    counts = masks.sum(axis=0)
    for row, column in itertools.product(range(28), repeat=2):
        assert counts[row, column] == 9
