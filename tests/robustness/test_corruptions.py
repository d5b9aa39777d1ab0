"""Altered images: what every alteration keeps to, and what each one does."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vestry.robustness.corruption import CORRUPTIONS, LEVELS, Severity, corrupted, severities
from vestry.robustness.corruptions import blur, gaussian

SHAPES = [(8, 8), (28, 28), (5, 9), (1, 1), (6, 4, 3), (64, 48, 3)]


def images(shape, rows=6, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (rows, *shape), dtype=np.uint8)


def names(rows):
    return np.array([f"test/{row}" for row in range(rows)])


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("severity", severities(), ids=lambda severity: severity.name)
def test_shape_and_type_stay_and_the_images_are_left_alone(severity, shape):
    given_images = images(shape)
    before = given_images.copy()
    made = corrupted(given_images, names(6), severity, seed=0)
    assert made.shape == given_images.shape and made.dtype == np.uint8
    assert (given_images == before).all()
    assert (corrupted(given_images, names(6), severity, seed=0) == made).all()


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(severities()),
    st.sampled_from([(8, 8), (5, 9), (6, 4, 3)]),
    st.lists(st.integers(0, 9), min_size=1, max_size=6),
    st.integers(0, 3),
)
def test_a_row_is_altered_alike_whatever_stands_beside_it(severity, shape, rows, seed):
    given_images, ids = images(shape, rows=10), names(10)
    whole = corrupted(given_images, ids, severity, seed)
    chosen = np.array(rows)
    assert (corrupted(given_images[chosen], ids[chosen], severity, seed) == whole[chosen]).all()


def test_large_images_in_parts_are_as_all_at_once(monkeypatch):
    given_images, ids = images((8, 8), rows=20), names(20)
    whole = [corrupted(given_images, ids, severity, 0) for severity in severities()]
    monkeypatch.setattr("vestry.robustness.corruption.CHUNK_VALUES", 3 * 64)
    parts = [corrupted(given_images, ids, severity, 0) for severity in severities()]
    assert all((one == other).all() for one, other in zip(whole, parts, strict=True))


@pytest.mark.parametrize("kind", ["shift", "rotation", "noise", "occlusion"])
def test_what_is_random_follows_from_seed_and_id(kind):
    same = np.repeat(images((16, 16), rows=1), 40, axis=0)
    made = corrupted(same, names(40), Severity(kind, 3), seed=0)
    assert len(np.unique(made, axis=0)) > 1
    assert (corrupted(same, names(40), Severity(kind, 3), seed=1) != made).any()


@pytest.mark.parametrize("kind", CORRUPTIONS)
@pytest.mark.parametrize("side", [8, 28, 96])
def test_every_strength_alters_and_the_strongest_most(kind, side):
    y, x = np.mgrid[:side, :side] / side
    face = (255 * np.exp(-(((y - 0.4) / 0.15) ** 2) - ((x - 0.5) / 0.25) ** 2)).astype(np.uint8)
    same = np.repeat(face[None], 30, axis=0)
    gaps = [
        np.abs(corrupted(same, names(30), Severity(kind, level), 0).astype(float) - same).mean()
        for level in range(1, LEVELS + 1)
    ]
    assert gaps[0] > 0 and max(gaps) == gaps[-1] and gaps[0] == min(gaps)


def test_a_strength_means_the_same_at_every_size():
    def gap(side, kind):
        y, x = np.mgrid[:side, :side] / side
        face = (255 * np.exp(-(((y - 0.4) / 0.2) ** 2) - ((x - 0.5) / 0.25) ** 2)).astype(np.uint8)
        same = np.repeat(face[None], 60, axis=0)
        made = corrupted(same, names(60), Severity(kind, 4), 0)
        return np.abs(made.astype(float) - same).mean()

    for kind in CORRUPTIONS:
        assert gap(24, kind) == pytest.approx(gap(96, kind), rel=0.15), kind


def test_shift_moves_by_its_part_of_a_side():
    image = np.zeros((1, 100, 100), np.uint8)
    image[0, 40:60, 40:60] = 250
    for level, part in enumerate(CORRUPTIONS["shift"].strengths, 1):
        made = corrupted(np.repeat(image, 30, axis=0), names(30), Severity("shift", level), 0)
        for moved in made.astype(float):
            rows, columns = moved.sum(axis=1), moved.sum(axis=0)
            centre = [float(np.arange(100) @ side / side.sum()) for side in (rows, columns)]
            assert np.hypot(centre[0] - 49.5, centre[1] - 49.5) == pytest.approx(
                100 * part, abs=0.3
            )


def test_rotation_turns_to_both_sides_about_the_centre():
    image = np.zeros((1, 101, 101), np.uint8)
    image[0, 50, 60:80] = 200  # a bar to the right of the centre
    made = corrupted(np.repeat(image, 30, axis=0), names(30), Severity("rotation", 5), 0).astype(
        float
    )
    y, x = np.mgrid[:101, :101] - 50
    angles = [np.rad2deg(np.arctan2((m * y).sum(), (m * x).sum())) for m in made]
    assert sorted({round(angle) for angle in angles}) == [-45, 45]


def test_what_comes_in_from_outside_is_the_border():
    white = np.full((20, 12, 12, 3), (250, 240, 230), np.uint8)
    white[:, 4:8, 4:8] = 10
    for kind in ("shift", "rotation"):
        made = corrupted(white, names(20), Severity(kind, 5), 0)
        assert (made[:, 0, 0] == (250, 240, 230)).all()


def test_noise_has_its_deviation():
    grey = np.full((8, 64, 64), 128, np.uint8)
    for level, part in enumerate(CORRUPTIONS["noise"].strengths[:3], 1):
        made = corrupted(grey, names(8), Severity("noise", level), 0).astype(float)
        assert made.std() == pytest.approx(255 * part, rel=0.03)
        assert made.mean() == pytest.approx(128, abs=0.5)


def test_blur_has_its_deviation_and_loses_nothing():
    dot = np.zeros((1, 101, 101), np.float32)
    dot[0, 50, 50] = 1
    for deviation in (0.5, 2.0, 5.0):
        kernel = gaussian(deviation)
        x = np.arange(len(kernel)) - len(kernel) // 2
        assert kernel.sum() == pytest.approx(1) and (kernel > -1e-12).all()
        # Pixels as areas add a sixth of a pixel squared to the variance.
        assert (kernel * x**2).sum() == pytest.approx(deviation**2 + 1 / 6, rel=0.01)
    made = blur(dot, 0.05, np.zeros((1, 2), np.uint64))
    assert made.sum() == pytest.approx(1, rel=1e-4) and made[0, 50, 50] == made.max()


def test_contrast_is_lost_by_its_part():
    given_images = images((40, 40))
    for level, lost in enumerate(CORRUPTIONS["contrast"].strengths, 1):
        made = corrupted(given_images, names(6), Severity("contrast", level), 0).astype(float)
        before = given_images.astype(float)
        assert made.mean(axis=(1, 2)) == pytest.approx(before.mean(axis=(1, 2)), abs=0.5)
        assert made.std() == pytest.approx((1 - lost) * before.std(), rel=0.03)


def test_inversion_takes_the_brightest_first_and_all_at_last():
    ramp = np.arange(256, dtype=np.uint8).reshape(1, 16, 16)
    flat = [corrupted(ramp, names(1), Severity("inversion", n), 0).ravel() for n in range(1, 6)]
    assert (flat[-1] == 255 - ramp.ravel()).all()
    for part, made in zip(CORRUPTIONS["inversion"].strengths, flat, strict=True):
        assert (made != ramp.ravel()).mean() == pytest.approx(part, abs=0.01)
        assert (made[: int(255 * (1 - part))] == ramp.ravel()[: int(255 * (1 - part))]).all()


def test_occlusion_covers_its_part_of_the_area():
    black = np.zeros((30, 40, 60, 3), np.uint8)
    for level, area in enumerate(CORRUPTIONS["occlusion"].strengths, 1):
        made = corrupted(black, names(30), Severity("occlusion", level), 0)
        assert (made > 0).mean(axis=(1, 2, 3)) == pytest.approx(area, rel=0.06)
        assert (made[:, :, :, 0] == made[:, :, :, 2]).all()
