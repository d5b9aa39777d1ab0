"""Which images are explained, and which training images look like them."""

import numpy as np
import pytest

from vestry.attribution.nearest import chosen_images, mean_and_deviation, nearest_images
from vestry.attribution.settings import ExplanationSettings
from vestry.audit.unit_vectors import Directions
from vestry.data.image_set import ImageSet
from vestry.schema.results import Votes
from vestry.schema.scores import Mistakes


def chosen_of(images, mistakes):
    vote = {"confidence": 0.9, "top": []}
    votes = [
        {"id": f"t{n}", "truth": n, "votes": {"M": vote | {"label": n}, "N": vote | {"label": 0}}}
        for n in range(4)
    ]
    hardest = [
        {"id": name, "truth": 1, "predicted": 2, "confidence": 0.9, "truth_probability": 0.1}
        for name in ("t1", "w1", "w2", "w3")
    ]
    return chosen_images(
        "M",
        Mistakes.model_validate({"cells": [], "hardest": hardest}),
        Votes.model_validate({"seed": 0, "images": votes}),
        ExplanationSettings(images=images, mistakes=mistakes),
    )


def test_sample_and_mistakes_take_turns_and_none_comes_twice():
    chosen = chosen_of(images=3, mistakes=3)
    assert [(image.id, image.role) for image in chosen] == [
        ("t0", "sample"), ("t1", "mistake"), ("t2", "sample"), ("w1", "mistake"), ("w2", "mistake"),
    ]  # fmt: skip
    assert chosen[2].truth == chosen[2].predicted == 2
    assert chosen_of(images=0, mistakes=0) == []


def test_planted_copies_are_nearest_with_their_labels():
    random = np.random.default_rng(0)
    images = random.integers(0, 200, (60, 9, 9), dtype=np.uint8)
    wanted = random.integers(60, 200, (2, 9, 9), dtype=np.uint8)
    images[17] = wanted[0] + 40  # brighter, else the same
    images[41] = wanted[0] // 2
    images[5] = wanted[1]
    training = ImageSet(
        images, np.arange(60) % 3, ("a", "b", "c"), np.array([f"row/{n}" for n in range(60)])
    )
    found = nearest_images(wanted, training, Directions.of_images(training, 0))
    assert [near.id for near in found[0][:2]] == ["row/17", "row/41"]
    assert [near.label for near in found[0][:2]] == [17 % 3, 41 % 3]
    assert found[0][0].distance == pytest.approx(0, abs=1e-3)
    assert found[1][0].id == "row/5" and len(found[1]) == 3
    assert [near.distance for near in found[1]] == sorted(near.distance for near in found[1])
    assert nearest_images(wanted[:0], training, Directions.of_images(training, 0)) == []


@pytest.mark.parametrize("shape", [(5000, 3, 4), (7, 3, 4, 3)])
def test_mean_and_deviation_are_those_of_all_images_at_once(shape):
    images = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    mean, deviation = mean_and_deviation(images)
    assert mean == pytest.approx(images.mean(axis=0))
    assert deviation == pytest.approx(images.std(axis=0))
