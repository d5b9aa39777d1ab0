"""The labelled images that a bundle brings, and what the page is told beside an answer."""

import base64
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from made_bundles import CLASSES, known_images
from vestry.errors import ModelError
from vestry.export.bundle import Bundle, KnownImages
from vestry.serve.answer import Answer
from vestry.serve.known_images import KnownSet
from vestry.serve.preprocessing import prepare_image

GREY = Bundle("Made", CLASSES, (28, 28), ("One", "Two"), "mean", "dark", "photograph")


def pixels_of(url):
    head, _, content = url.partition(",")
    assert head == "data:image/png;base64"
    with Image.open(io.BytesIO(base64.b64decode(content))) as picture:
        return np.asarray(picture)


@pytest.mark.parametrize("shape", [(28, 28), (12, 20), (8, 8, 3)])
def test_entries_are_the_pictures_of_the_strip(shape):
    bundle = replace(GREY, image_shape=shape)
    known = known_images(shape, CLASSES)
    entries = KnownSet.of(known, bundle).entries()
    wanted = np.random.default_rng(1).integers(0, 256, (30 * shape[0], *shape[1:]), np.uint8)
    assert len(entries) == 30
    for place, entry in enumerate(entries):
        assert entry["id"] == f"train/{place}" and entry["label"] == place // 3
        assert entry["class"] == CLASSES[place // 3]
        assert np.array_equal(pixels_of(entry["image"]), wanted.reshape(30, *shape)[place])


def test_the_nearest_are_of_that_class_and_the_same_picture_comes_first():
    known = KnownSet.of(known_images((28, 28), CLASSES), GREY)
    dimmed = (known.images[13] // 2 + 40).astype(np.uint8)
    found = known.nearest(dimmed, 4, 2)
    assert found[0]["id"] == "train/13" and len(found) == 2
    assert found[0]["similarity"] == pytest.approx(1, abs=1e-3)
    assert found[1]["similarity"] < 0.9
    assert {near["label"] for near in known.nearest(dimmed, 7, 9)} == {7}
    assert len(known.nearest(dimmed, 7, 9)) == 3
    blank = known.nearest(np.zeros((28, 28), np.uint8), 0, 1)
    assert blank[0]["similarity"] == 0
    correlation = np.corrcoef(known.images[14].ravel(), dimmed.ravel())[0, 1]
    assert known.nearest(dimmed, 4, 3)[1:] == sorted(
        known.nearest(dimmed, 4, 3)[1:], key=lambda near: -near["similarity"]
    )
    assert any(
        near["similarity"] == pytest.approx(correlation, abs=1e-4)
        for near in known.nearest(dimmed, 4, 3)
    )


def strip_of(height, width):
    stream = io.BytesIO()
    Image.new("L", (width, height)).save(stream, "PNG")
    return base64.b64encode(stream.getvalue()).decode()


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        (KnownImages((0,), (), strip_of(28, 28)), "1 labels and 0 ids"),
        (KnownImages((0,), ("a",), strip_of(56, 28)), "28 x 56 pixels; 1 of 28 x 28"),
        (KnownImages((11,), ("a",), strip_of(28, 28)), "none of its classes"),
        (KnownImages((-1,), ("a",), strip_of(28, 28)), "none of its classes"),
        (KnownImages((0,), ("a",), "not base64"), "cannot be read"),
        (KnownImages((0,), ("a",), strip_of(28, 28)[:60]), "cannot be read"),
        (KnownImages((0,), ("a",), base64.b64encode(b"8BPS").decode()), "not a picture"),
        (KnownImages((0,) * 10_001, ("a",) * 10_001, strip_of(28, 28)), "10001 labels"),
    ],
)
def test_a_strip_that_is_not_what_the_file_says_is_refused(known, reason):
    with pytest.raises(ModelError, match=reason):
        KnownSet.of(known, GREY)


def test_a_file_may_bring_no_images():
    empty = KnownSet.of(KnownImages((), (), ""), GREY)
    assert empty.entries() == [] and empty.nearest(np.zeros((28, 28), np.uint8), 0, 5) == []


def test_details_are_json_with_small_pictures_and_nothing_of_the_files_notes():
    picture = Image.new("RGB", (900, 700), "white")
    picture.paste((20, 40, 60), (300, 200, 500, 600))
    picture.info = {"Comment": "taken at home"}
    prepared = prepare_image(picture, GREY, keep_steps=True)
    probabilities = np.full(10, 0.1, np.float32)
    answer = Answer(GREY, probabilities, np.tile(probabilities, (2, 1)))
    known = KnownSet.of(known_images((28, 28), CLASSES), GREY)
    found = json.loads(json.dumps(answer.details(prepared, known)))
    assert [step["step"] for step in found["strip"]] == [step.name for step in prepared.steps]
    assert np.array_equal(pixels_of(found["strip"][-1]["image"]), prepared.image)
    assert max(pixels_of(found["strip"][0]["image"]).shape) <= 320
    assert b"home" not in base64.b64decode(found["strip"][0]["image"].partition(",")[2])
    assert [near["class"] for near in found["nearest"]] == ["T-shirt/top"] * 3
    assert found["warnings"] == [] and found["untouched"] is False
    assert answer.details(prepared, None)["nearest"] == []


def test_likeness_is_to_the_nearest_other_image():
    known = KnownSet.of(known_images((28, 28), CLASSES), GREY)
    dimmed = (known.images[13] // 2 + 40).astype(np.uint8)
    images = np.stack([known.images[3], dimmed, np.zeros((28, 28), np.uint8)])
    found = known.likeness(images)
    assert found == pytest.approx([1, 1, 0], abs=1e-3)
    apart = known.likeness(images, np.array(["train/3", "elsewhere", "another"]))
    assert apart[0] < 0.5 and apart[1:] == pytest.approx([1, 0], abs=1e-3)
    many = np.tile(images, (70, 1, 1))
    assert known.likeness(many) == pytest.approx(np.tile(found, 70))
    assert KnownSet.of(KnownImages((), (), ""), GREY).likeness(images).tolist() == [-1, -1, -1]
