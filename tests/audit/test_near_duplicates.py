"""Repeats that are shifted by a pixel or noisy are found, and unlike images are not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planted_images import clean_images, clean_sets, image_set
from vestry.audit.finding import MOST_SHOWN
from vestry.audit.near_duplicates import near_duplicates
from vestry.audit.spectrum import SHIFTS, can_be_shifted, shifted_distance, spectra
from vestry.audit.unit_vectors import Directions, nearest_rows
from vestry.data.paths import DataPaths
from vestry.data.source import load_source

SIDE = 28


def found(sets):
    directions = {split: Directions.of_images(rows, 0) for split, rows in sets.items()}
    return near_duplicates(sets, directions, *sets)


def shifted(image, down, across, mode="constant"):
    """The image moved down and across by at most a pixel; what comes in is black, or the border."""
    padded = np.pad(image, ((1, 1), (1, 1), *((0, 0),) * (image.ndim - 2)), mode=mode)
    height, width = image.shape[:2]
    return padded[1 - down : 1 - down + height, 1 - across : 1 - across + width]


def with_planted(images, test, random):
    """`test` with 20 repeats of `images` in front: shifts and noise of two grey levels."""
    copied = random.choice(len(images), 20, replace=False)
    repeats = [
        shifted(images[row], *SHIFTS[number % 8], mode=("constant", "edge")[number % 2])
        if number < 10
        else np.clip(np.rint(images[row] + random.normal(0, 2, images[row].shape)), 0, 255)
        for number, row in enumerate(copied)
    ]
    return np.concatenate([np.array(repeats, np.uint8), test]), copied


def patterns(count, seed):
    images, labels = clean_images(count, seed, SIDE)
    return np.rint(images * 255).astype(np.uint8), labels


def test_all_shifted_and_noisy_repeats_are_found_and_nothing_else():
    (images, labels), (test, _) = patterns(300, 1), patterns(80, 2)
    test, copied = with_planted(images, test, np.random.default_rng(3))
    sets = {
        "train": image_set(images / 255, labels, "train"),
        "test": image_set(test / 255, np.arange(len(test)) % 3, "test"),
    }
    finding = found(sets)
    pairs = {group.places[0].row: group.places[1].row for group in finding.groups}
    assert pairs == dict(enumerate(copied.tolist()))
    assert (finding.count, finding.facts["shifted"]) == (20, 10)
    assert all(group.value < 1e-3 for group in finding.groups if group.places[0].row < 10)


def test_every_id_is_told_though_few_are_shown():
    images, labels = patterns(90, 1)
    test = np.array([shifted(image, 1, 0) for image in images])
    sets = {
        "train": image_set(images / 255, labels, "train"),
        "test": image_set(test / 255, labels, "test"),
    }
    told = found(sets).as_record(sets)
    assert (told.count, len(told.groups)) == (90, MOST_SHOWN)
    assert told.ids == [f"test/{row:05d}" for row in range(90)]


def test_small_images_are_not_shifted():
    assert can_be_shifted((16, 40, 3)) and not can_be_shifted((8, 40))
    finding = found(clean_sets())
    assert (finding.count, finding.facts["shifted"]) == (0, None)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 1000), shift=st.sampled_from(SHIFTS), colour=st.booleans())
def test_a_shift_leaves_no_distance_and_little_of_the_spectrum(seed, shift, colour):
    random = np.random.default_rng(seed)
    shape = (4, 20, 17, *((3,) if colour else ()))
    images = random.normal(size=shape).cumsum(axis=1).cumsum(axis=2).astype(np.float32)
    images -= images.mean(axis=tuple(range(1, images.ndim)), keepdims=True)
    moved = np.array([shifted(image, *shift, mode="edge") for image in images])
    every = np.arange(4)
    assert shifted_distance(moved, images, every).max() < 1e-3
    assert shifted_distance(moved, images, every[::-1]).min() > 0.1
    assert (nearest_rows(spectra(moved), spectra(images), 1)[:, 0] == every).all()


def test_the_distance_of_shifts_is_that_of_comparing_all_nine_windows():
    random = np.random.default_rng(0)
    one, other = random.normal(size=(2, 6, 18, 18)).astype(np.float32)

    def unit(part):
        part = part - part.mean()
        return part / np.linalg.norm(part)

    by_hand = [
        min(
            np.linalg.norm(unit(a[1:-1, 1:-1]) - unit(b[1 + d : 17 + d, 1 + c : 17 + c]))
            for d, c in SHIFTS
        )
        for a, b in zip(one, other[::-1], strict=True)
    ]
    assert shifted_distance(one, other, np.arange(6)[::-1]) == pytest.approx(by_hand, abs=1e-5)


def test_constant_images_are_no_repeats_of_each_other():
    flat = np.zeros((3, 18, 18), np.float32)
    assert shifted_distance(flat, flat, np.arange(3)).tolist() == [2.0] * 3
    assert np.isfinite(spectra(flat)).all()


def test_planted_repeats_are_found_among_real_images(fashion_mnist):
    source = load_source("fashion-mnist", DataPaths.of(data=fashion_mnist))
    train, test = source.train.rows(np.arange(6000)), source.test.rows(np.arange(800))
    images, _ = with_planted(train.images, test.images[20:], np.random.default_rng(5))
    sets = {"train": train, "test": image_set(images / 255, test.labels % 3, "test")}
    told = found(sets).as_record(sets)
    assert set(told.ids) >= {f"test/{row:05d}" for row in range(20)}
    assert told.count <= 23  # there are few in the source itself
