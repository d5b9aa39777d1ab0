import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from made_files import huge_png, pictures, png_chunk, write_class_folders, write_picture
from PIL import Image

from made_drawings import STORED_SO, stored, turned
from vestry.data.image_file import read_header, read_pixels
from vestry.data.paths import MissingDataError
from vestry.data.sources.folder import load
from vestry.errors import DataError
from vestry.export.bundle import Bundle
from vestry.serve.preprocessing import prepare

JPEG = {"quality": 100, "subsampling": 0}


def refused(folder: Path, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        load(folder, "folder:x")
    text = str(caught.value)
    assert "\n" not in text
    for word in words:
        assert word in text


def test_one_folder_a_class(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "dog", "cat")
    source = load(tmp_path, "folder:x")
    assert source.train.classes == ("cat", "dog")
    assert source.train.ids.tolist()[4:6] == ["cat/4.png", "dog/0.png"]
    assert source.train.labels.tolist() == [0] * 5 + [1] * 5
    np.testing.assert_array_equal(source.train.images[5:], pictures(5))
    assert source.test is None and source.notes == ()


def test_train_and_test_above_the_classes(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "train", "a", "b")
    write_class_folders(tmp_path / "test", "b", count=2)
    write_class_folders(tmp_path / "later", "a")
    source = load(tmp_path, "folder:x")
    assert source.train.ids[0] == "train/a/0.png"
    assert source.test is not None
    assert source.test.ids.tolist() == ["test/b/0.png", "test/b/1.png"]
    assert source.test.labels.tolist() == [1, 1]
    assert source.notes == (
        "passed over, since not a picture in a class folder: 5 .png in later/a/",
    )


def test_a_class_may_be_called_train(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "bus", "train")
    assert load(tmp_path, "folder:x").train.classes == ("bus", "train")


def test_the_content_counts_not_the_suffix(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b")
    (tmp_path / "a" / "0.png").rename(tmp_path / "a" / "0.data")
    (tmp_path / "a" / "x.heic").write_bytes(b"ftypheic")
    (tmp_path / "b" / "x.heic").write_bytes(b"ftypheic")
    (tmp_path / "a" / ".hidden").write_text("hidden")
    (tmp_path / "b" / "Thumbs.db").write_text("litter")
    (tmp_path / "__MACOSX" / "a").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "a" / "._0.png").write_text("litter")
    (tmp_path / "b" / "deeper").mkdir()
    (tmp_path / "empty").mkdir()
    (tmp_path / "README").write_text("read me")
    source = load(tmp_path, "folder:x")
    assert len(source.train) == 10 and source.train.ids[0] == "a/0.data"
    assert source.notes == (
        "passed over, since not a picture in a class folder: "
        "2 .heic in 2 folders, 1 without a suffix (README)",
        "not a class, since no image lies in it: 1 (empty)",
    )


def test_jpeg_is_read_as_pillow_reads_it(tmp_path: Path) -> None:
    for name in "ab":
        path = write_picture(tmp_path / name / "0.jpg", pictures(1, 16, 16, 3)[0])
    source = load(tmp_path, "folder:x")
    np.testing.assert_array_equal(source.train.images[1], np.asarray(Image.open(path)))


def test_one_colour_image_makes_all_colour(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b")
    colour = pictures(1, 6, 5, 3)[0]
    write_picture(tmp_path / "b" / "9.png", colour)
    source = load(tmp_path, "folder:x")
    assert source.train.image_shape == (6, 5, 3)
    np.testing.assert_array_equal(source.train.images[-1], colour)
    np.testing.assert_array_equal(source.train.images[0], np.stack([pictures(5)[0]] * 3, axis=2))
    assert source.notes == ("read as colour, though grey: 10 of 11 images",)


def test_a_grey_palette_is_grey_and_holes_are_white(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b", count=1)
    grey = Image.fromarray(pictures(1)[0])
    grey.convert("RGB").quantize(256).save(tmp_path / "a" / "0.png")
    glyph = np.zeros((6, 5, 2), np.uint8)
    glyph[0, :, 1] = 255
    Image.fromarray(glyph).save(tmp_path / "b" / "0.png")
    source = load(tmp_path, "folder:x")
    np.testing.assert_array_equal(source.train.images[0], pictures(1)[0])
    assert source.train.images[1, 0].tolist() == [0] * 5
    assert (source.train.images[1, 1:] == 255).all()
    assert source.notes == ("laid on white, since transparent: 1 of 2 images",)


def test_a_200_megapixel_png_is_refused_by_its_header(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b")
    (tmp_path / "b" / "huge.png").write_bytes(huge_png(20_000, 10_000))
    refused(tmp_path, "huge.png", "20,000 x 10,000 pixels (200 megapixels)", "at most 50")


def test_unlike_sizes_become_that_of_most_or_the_one_asked_for(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b")
    write_picture(tmp_path / "b" / "3.png", pictures(1, 12, 10)[0])
    resized = "resized to 6 x 5 (height x width), whatever their proportions"
    since = "since their sizes differ; `image_size` in [data] sets another"
    assert load(tmp_path, "folder:x").notes == (f"{resized} {since}: 1 of 10 images",)
    assert load(tmp_path, "folder:x", image_size=(6, 5)).notes == (f"{resized}: 1 of 10 images",)
    assert load(tmp_path, "folder:x", image_size=(3, 4)).train.image_shape == (3, 4)


def test_too_few_classes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such folder"):
        load(tmp_path / "nothing", "folder:nothing")
    refused(tmp_path, "no class", "at least two")
    write_class_folders(tmp_path, "only")
    refused(tmp_path, "one class (only)", "at least two")


def test_a_part_without_images_is_refused(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "train", "a", "b")
    (tmp_path / "test").mkdir()
    refused(tmp_path, "test/ holds no")
    write_picture(tmp_path / "test" / "unlabelled.png", pictures(1)[0])
    refused(tmp_path, "test/ holds no", "1 .png (test/unlabelled.png)")


def test_parts_without_class_folders_are_no_classes(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "train", "test")
    refused(tmp_path, "test/, train/ would be the classes", "one folder a class")


@pytest.mark.skipif(os.name == "nt", reason="file names are text on Windows")
def test_a_file_name_that_is_no_text_has_an_id_that_is(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b")
    (tmp_path / "a" / "0.png").rename(os.fsdecode(os.fsencode(tmp_path / "a") + b"/\xff.png"))
    source = load(tmp_path, "folder:x")
    assert source.train.ids[4] == "a/\\xff.png"
    assert len(source.train.fingerprint) == 64


def encoded(form: str) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pictures(1, 16, 16, 3)[0]).quantize(16).convert(
        "P" if form == "PNG" else "RGB"
    ).save(stream, form)
    return stream.getvalue()


@pytest.mark.filterwarnings("default")  # Pillow warns of much that it can still read
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data(), form=st.sampled_from(["PNG", "JPEG"]))
def test_changed_bytes_give_a_data_error_or_a_picture(
    tmp_path: Path, data: st.DataObject, form: str
) -> None:
    content = bytearray(encoded(form))
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "a"
    path.write_bytes(bytes(content))
    try:
        header = read_header(path, "a")
        if header is None:
            return
        pixels = read_pixels(path, "a", colour=True)
    except DataError:
        return
    assert pixels.shape == (header.height, header.width, 3) and pixels.dtype == np.uint8


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_pictures_are_learnt_upright_whatever_their_note(tmp_path: Path, form: str) -> None:
    """All orientations of one picture that is no square are the same row; sizes are those after."""
    upright = Image.fromarray(np.kron([[10, 60, 110], [160, 210, 250]], np.ones((8, 8)))).convert(
        "L"
    )
    for orientation in STORED_SO:
        picture, exif = turned(upright, orientation)
        path = tmp_path / ("a" if orientation % 2 else "b") / f"{orientation}.{form.lower()}"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(stored(picture, form, exif=exif, **JPEG if form == "JPEG" else {}))
    source = load(tmp_path, "folder:x")
    assert source.train.images.shape == (8, 16, 24)
    gap = np.abs(source.train.images.astype(int) - np.asarray(upright))
    assert gap.max() <= (2 if form == "JPEG" else 0)
    assert source.notes == ("set upright by their EXIF orientation: 7 of 8 images",)
    assert source.preparation == "resized"
    assert source.pictures["a/1." + form.lower()] == tmp_path / "a" / f"1.{form.lower()}"


def test_a_png_whose_note_stands_behind_its_pixels(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b", count=1)
    picture, exif = turned(Image.fromarray(pictures(1)[0]), 6)
    content, note = stored(picture, "PNG"), exif.tobytes().removeprefix(b"Exif\0\0")
    end = content.rindex(b"IEND") - 4
    late = content[:end] + png_chunk(b"eXIf", note) + content[end:]
    (tmp_path / "b" / "0.png").write_bytes(late)
    np.testing.assert_array_equal(load(tmp_path, "folder:x").train.images[1], pictures(1)[0])


@pytest.mark.parametrize(
    "note", [b"", b"MM\0*", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"]
)
def test_a_damaged_note_does_not_cost_the_picture(tmp_path: Path, note: bytes) -> None:
    write_class_folders(tmp_path, "a", "b", count=1)
    data = stored(Image.fromarray(pictures(1)[0]), "PNG", exif=b"Exif\0\0" + note)
    (tmp_path / "b" / "0.png").write_bytes(data)
    np.testing.assert_array_equal(load(tmp_path, "folder:x").train.images[1], pictures(1)[0])


MODES = ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    mode=st.sampled_from(MODES),
    sides=st.tuples(st.integers(1, 60), st.integers(1, 60)),
    size=st.tuples(st.integers(1, 40), st.integers(1, 40)),
    orientation=st.integers(1, 8),
    colour=st.booleans(),
    seed=st.integers(0, 2**20),
)
def test_training_and_serving_make_the_same_bytes_of_a_file(
    tmp_path: Path,
    mode: str,
    sides: tuple[int, int],
    size: tuple[int, int],
    orientation: int,
    colour: bool,
    seed: int,
) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (*sides, 4), np.uint8)
    picture = Image.fromarray(noise)
    picture = picture.convert("RGB").quantize(8) if mode == "P" else picture.convert(mode)
    picture, exif = turned(picture, orientation)
    form = "JPEG" if (mode in ("CMYK", "L", "RGB") and seed % 2) or mode == "CMYK" else "PNG"
    holes = {"transparency": 1} if mode == "P" and seed % 2 else {}
    path = tmp_path / "it"
    path.write_bytes(stored(picture, form, exif=exif, **holes))
    header = read_header(path, "it")
    assert header is not None and (header.height, header.width) == sides
    shape = (*size, 3) if colour else size
    bundle = Bundle("Made", ("a", "b"), shape, preparation="resized", border="light")
    trained = read_pixels(path, "it", colour, size)
    served = prepare(path.read_bytes(), "it", bundle, keep_steps=bool(seed % 2)).image
    assert trained.shape == shape and trained.dtype == served.dtype == np.uint8
    np.testing.assert_array_equal(trained, served)
    whole = read_pixels(path, "it", colour)
    assert whole.shape[:2] == (header.height, header.width)
    resized = Image.fromarray(whole).resize(size[::-1], Image.Resampling.BILINEAR)
    if whole.shape[:2] != size:
        np.testing.assert_array_equal(trained, np.asarray(resized))
