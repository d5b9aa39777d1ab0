"""The whole exploration: its figures against plain NumPy, its pictures, and that it repeats."""

import json

import numpy as np
import pytest

from planted_images import CLASSES, clean_images, clean_sets, image_set
from vestry.audit.correlation import UNDEFINED, pixel_correlation
from vestry.audit.exploration import explore
from vestry.audit.pictures import area_weights, small_images, small_size
from vestry.audit.projection import overlap
from vestry.audit.settings import ExplorationSettings
from vestry.audit.unit_vectors import nearest, neighbour_distance, unit_vectors
from vestry.data.image_set import ImageSet, array_ids
from vestry.schema.exploration import OverlapPair

QUICK = ExplorationSettings(sample=90)


@pytest.fixture(scope="module")
def found():
    events = []
    return explore(clean_sets(), QUICK, events.append), events


def test_it_is_json_and_comes_out_the_same_again(found):
    first, _ = found
    again = explore(clean_sets(), QUICK, lambda event: None)
    assert json.dumps(first.results.as_json(), allow_nan=False) == json.dumps(
        again.results.as_json()
    )
    np.testing.assert_array_equal(first.correlation, again.correlation)
    np.testing.assert_array_equal(first.images, again.images)
    other = explore(clean_sets(), QUICK.model_copy(update={"seed": 1}), lambda event: None)
    assert other.results.samples.ids != first.results.samples.ids


def test_every_step_is_reported(found):
    texts = [event["text"] for event in found[1]]
    assert {event["event"] for event in found[1]} == {"stage"}
    assert "computing t-SNE of 90 images" in texts and len(texts) == 8


def test_facts_are_those_of_the_pixels(found):
    sets, facts = clean_sets(), found[0].results.facts
    for split, rows in sets.items():
        got = facts.splits[split]
        assert got.shape == list(rows.images.shape)
        assert got.pixel_range == (rows.images.min(), rows.images.max())
        assert got.pixel_mean == pytest.approx(rows.images.mean())
        assert got.pixel_deviation == pytest.approx(rows.images.std())
        for label in range(3):
            own = rows.images[rows.labels == label]
            assert got.class_means[label] == pytest.approx(own.mean())
            assert got.class_deviations[label] == pytest.approx(own.std())
    assert (facts.dtype, facts.colour, facts.classes) == ("uint8", False, list(CLASSES))


def test_mean_images_and_samples_are_those_of_the_classes(found):
    exploration, rows = found[0], clean_sets()["train"]
    assert exploration.ids == exploration.results.mean_images == ["mean/0", "mean/1", "mean/2"]
    for label in range(3):
        own = rows.images[rows.labels == label]
        np.testing.assert_allclose(exploration.images[label], own.mean(axis=0), atol=0.5)
        drawn = exploration.results.samples.ids[label]
        assert len(set(drawn)) == 10
        assert set(drawn) <= set(rows.ids[rows.labels == label].tolist())


def test_correlation_is_numpys(found):
    rows = clean_sets()["train"]
    expected = np.corrcoef(rows.images.reshape(len(rows), -1), rowvar=False)
    np.testing.assert_allclose(found[0].correlation / 100, expected, atol=0.0051)
    facts = found[0].results.correlation
    flat = expected.reshape(12, 12, 12, 12)
    beside = [flat[i, j, i, j + 1] for i in range(12) for j in range(11)]
    beside += [flat[i, j, i + 1, j] for i in range(11) for j in range(12)]
    assert facts.side_by_side == pytest.approx(np.mean(beside), abs=1e-3)
    assert (facts.constant, facts.averaged_from, facts.rows) == (0, None, 240)


def test_a_pixel_that_never_varies_has_no_correlation():
    images, labels = clean_images(60, 1)
    images[:, 2, 3] = 0.25
    found = pixel_correlation(image_set(images, labels, "train"), 0)
    place = 2 * 12 + 3
    assert (found.matrix[place] == UNDEFINED).all() and (found.matrix[:, place] == UNDEFINED).all()
    assert found.facts.constant == 1
    blank = pixel_correlation(image_set(np.zeros((60, 1, 2)), labels, "train"), 0)
    assert (blank.matrix == UNDEFINED).all() and blank.facts.side_by_side is None


def test_projections_cover_the_sample_and_separate_what_is_separate(found):
    results = found[0].results
    assert results.sample.rows == 90 and results.sample.of == 240
    assert np.bincount(results.sample.labels).tolist() == [30, 30, 30]
    for name in ("pca", "tsne"):
        assert len(getattr(results, name).x) == len(getattr(results, name).y) == 90
    assert 0 < results.pca.explained[1] <= results.pca.explained[0] < 1
    own = results.overlap.own
    assert all(share > 0.8 for share in own)


def test_settings_and_small_sets_leave_out_projections_with_a_note():
    sets = clean_sets()
    without = explore(sets, QUICK.model_copy(update={"tsne": False}), lambda event: None).results
    assert without.tsne is None and without.pca and "t-SNE was left out" in without.notes[0]
    few = {"train": sets["train"].rows(np.arange(6))}
    tiny = explore(few, QUICK, lambda event: None).results
    assert tiny.pca is None and tiny.overlap is None
    assert any("Too few images" in note for note in tiny.notes)
    same = ImageSet(
        np.full((30, 4, 4), 7, np.uint8), np.arange(30) % 3, CLASSES, array_ids("train", 30)
    )
    assert explore({"train": same}, QUICK, lambda event: None).results.pca is None


def test_overlap_counts_neighbours_of_the_other_class():
    points = np.r_[np.zeros((10, 1)), np.ones((10, 1)), np.full((11, 1), 9)].astype(np.float32)
    points[:, 0] += np.arange(31) * 1e-3
    labels = np.r_[np.zeros(10), np.ones(10), np.full(11, 2)].astype(np.int64)
    found = overlap(points, labels, 4)
    # Each of the first ten has nine own neighbours and one of the second ten, and the reverse.
    assert found.pairs == [OverlapPair(classes=(0, 1), shared=20, share=0.1)]
    assert found.own == [0.9, 0.9, 1.0, None]


@pytest.mark.parametrize("shape", [(40, 40), (64, 20), (1, 3000), (300, 7), (33, 33, 3)])
def test_large_images_are_averaged_by_area(shape):
    height, width = small_size(shape)
    assert height * width <= 1024 and min(height, width) >= 1
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), dtype=np.uint8)
    small = small_images(images)
    assert small.shape == (3, height, width, *shape[2:])
    np.testing.assert_allclose(small.mean(axis=(1, 2)), images.mean(axis=(1, 2)), rtol=1e-3)
    np.testing.assert_allclose(area_weights(7, 7), np.eye(7), atol=1e-6)


def test_neighbours_are_those_of_all_pairs():
    random = np.random.default_rng(0)
    among = unit_vectors(random.normal(5, 2, (50, 8)).astype(np.float32))
    queries = unit_vectors(random.normal(5, 2, (20, 8)).astype(np.float32))
    table = np.linalg.norm(queries[:, None] - among[None], axis=2)
    place, distance = nearest(queries, among)
    np.testing.assert_array_equal(place, table.argmin(axis=1))
    np.testing.assert_allclose(distance, table.min(axis=1), atol=1e-5)
    expected = np.sort(table, axis=1)[:, :5].mean(axis=1)
    np.testing.assert_allclose(neighbour_distance(queries, among, 5, False), expected, atol=1e-4)
    own = np.linalg.norm(among[:, None] - among[None], axis=2)
    expected = np.sort(own, axis=1)[:, 1:6].mean(axis=1)
    np.testing.assert_allclose(neighbour_distance(among, among, 5, True), expected, atol=1e-4)


def test_brightness_and_contrast_do_not_change_a_direction():
    image = np.random.default_rng(0).uniform(20, 90, (1, 30)).astype(np.float32)
    one, other = unit_vectors(image.copy()), unit_vectors(image * 2 + 15)
    np.testing.assert_allclose(one, other, atol=1e-5)
    assert not unit_vectors(np.full((1, 30), 99, np.float32)).any()
