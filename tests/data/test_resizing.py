"""Pictures of unlike proportions: stretched, fitted on white, or cropped, in training as later."""

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import pictures, write_class_folders, write_picture
from PIL import Image

from vestry.data.dataset import load_dataset
from vestry.data.image_file import pixels_of, read_pixels
from vestry.data.image_set import Resize
from vestry.data.paths import DataPaths
from vestry.data.resizing import PREPARATION, resized
from vestry.data.settings import DataSettings
from vestry.data.sources.folder import load
from vestry.export.bundle import Bundle
from vestry.pipeline.explore import default_folder
from vestry.serve.preprocessing import prepare

WAYS: tuple[Resize, ...] = ("stretch", "fit", "crop")


def black(width: int, height: int, mode: str = "L") -> Image.Image:
    return Image.new(mode, (width, height), "black")


@pytest.mark.parametrize(("width", "height"), [(40, 20), (20, 40)])
def test_fit_keeps_all_of_a_picture_and_puts_white_around(width: int, height: int) -> None:
    made = np.asarray(resized(black(width, height, "RGB"), (16, 16), "fit"))
    inside = made if width > height else made.transpose(1, 0, 2)
    assert made.shape == (16, 16, 3)
    assert (inside[4:12] == 0).all() and (inside[:4] == 255).all() and (inside[12:] == 255).all()


def test_crop_takes_the_middle_square() -> None:
    stripes = np.repeat(np.array([[10, 20, 30]], np.uint8), 8, axis=0).repeat(8, axis=1)
    assert (np.asarray(resized(Image.fromarray(stripes), (8, 8), "crop")) == 20).all()
    lying = Image.fromarray(np.ascontiguousarray(stripes.T))
    assert (np.asarray(resized(lying, (4, 4), "crop")) == 20).all()


@pytest.mark.parametrize(("width", "height"), [(1, 1000), (1000, 1), (3, 4000)])
def test_of_a_line_something_is_left(width: int, height: int) -> None:
    for way in WAYS:
        assert np.asarray(resized(black(width, height), (16, 16), way)).min() == 0, way


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    sides=st.tuples(st.integers(1, 90), st.integers(1, 90)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    way=st.sampled_from(WAYS),
    mode=st.sampled_from(["L", "RGB", "RGBA", "LA"]),
    colour=st.booleans(),
    seed=st.integers(0, 2**16),
)
def test_a_file_gives_the_same_bytes_in_training_and_predicting(
    sides: tuple[int, int],
    size: tuple[int, int],
    way: Resize,
    mode: str,
    colour: bool,
    seed: int,
) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (*sides, 4), np.uint8)
    stream = io.BytesIO()
    Image.fromarray(noise).convert(mode).save(stream, "PNG")
    shape = (*size, 3) if colour else size
    bundle = Bundle("Made", ("a", "b"), shape, preparation=PREPARATION[way])
    trained = read_pixels(stream.getvalue(), "it", colour, size, way)
    assert trained.shape == shape
    np.testing.assert_array_equal(trained, prepare(stream.getvalue(), "it", bundle).image)


@pytest.mark.parametrize("way", WAYS)
def test_a_large_jpeg_is_decoded_alike_in_training_and_predicting(way: Resize) -> None:
    random = np.random.default_rng(0)
    picture = Image.fromarray(random.integers(0, 256, (30, 45, 3), np.uint8)).resize((1803, 1199))
    stream = io.BytesIO()
    picture.save(stream, "JPEG")
    bundle = Bundle("Made", ("a", "b"), (32, 32, 3), preparation=PREPARATION[way])
    trained = read_pixels(stream.getvalue(), "it", True, (32, 32), way)
    np.testing.assert_array_equal(trained, prepare(stream.getvalue(), "it", bundle).image)
    whole = pixels_of(picture, True, (32, 32), way)  # reduced decoding changes little
    assert np.abs(trained.astype(int) - whole.astype(int)).mean() < 4


def test_what_was_done_is_said_and_kept(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b")
    write_picture(tmp_path / "b" / "9.png", pictures(1, 12, 4)[0])
    for way, words in (
        ("fit", "in proportion, with white around"),
        ("crop", "cropped to their mi"),
    ):
        source = load(tmp_path, "folder:x", (6, 5), resize=way)
        assert source.preparation == PREPARATION[way]
        assert source.notes[0].startswith(f"resized to 6 x 5 (height x width), {words}")


def test_a_study_says_how_and_one_that_stretches_is_what_it_was(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "x", "a", "b", count=20)
    places = DataPaths(None, tmp_path / "cache", tmp_path)
    plain = DataSettings(source="folder:x", image_size=(3, 3))
    fitted = plain.model_copy(update={"resize": "fit"})
    assert "resize" not in plain.model_dump()
    assert DataSettings(**fitted.model_dump()) == fitted
    made = [load_dataset(each, places) for each in (plain, fitted)]
    assert [each.provenance.preparation for each in made] == ["resized", "fitted"]
    assert made[0].provenance.fingerprint != made[1].provenance.fingerprint


def test_where_there_is_nothing_to_resize_it_is_said(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match='resize = "fit" resizes a csv: or folder:'):
        DataSettings(source="digits", resize="fit")
    np.savez(tmp_path / "x.npz", images=pictures(40), labels=np.arange(40) % 2)
    places = DataPaths(None, tmp_path / "cache", tmp_path)
    asked = DataSettings(source="./x.npz", resize="crop", image_size=(3, 3))
    notes = load_dataset(asked, places).provenance.notes
    assert {
        f"{key} was not used: ./x.npz has images of one size" for key in ("image_size", "resize")
    } <= {*notes}


def test_explore_takes_it_too(tmp_path: Path, vestry) -> None:
    write_class_folders(tmp_path / "x", "a", "b", count=12)
    done = vestry("explore", "folder:x", "--image-size", "8", "--resize", "crop", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cropped to their middle: 24 of 24 images" in done.stderr
    page = tmp_path / default_folder("folder:x") / "explore.html"
    assert "cropped to their middle" in page.read_text()
    done = vestry("explore", "digits", "--resize", "crop", cwd=tmp_path)
    assert done.returncode == 2 and "--resize resizes a csv: or folder:" in done.stderr
