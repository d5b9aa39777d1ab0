"""A few image files that cannot be read are left out and named; many are an error."""

import io
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from made_files import huge_png, pictures, write_class_folders, write_picture
from PIL import Image

from vestry.data.sources.folder import load
from vestry.errors import DataError


def png(pixels: np.ndarray) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return stream.getvalue()


def raw_floats() -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.zeros((6, 5), np.float32)).save(stream, "TIFF")
    return stream.getvalue()


GOOD = png(pictures(1)[0])
BAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "cut in the header": (lambda: GOOD[:20], "damaged image header"),
    "cut in the pixels": (lambda: GOOD[:-30], "damaged image"),
    "changed in the pixels": (
        lambda: png(pictures(1, 90, 90)[0])[:4000] + b"\xff" * 4000,
        "damaged image",
    ),
    "another format": (lambda: b"8BPS" + bytes(90), "not a picture"),
    "text": (lambda: b"<html>404</html>", "not a picture"),
    "empty": (lambda: b"", "0 bytes"),
    "floats": (raw_floats, "8 or 16 bits a channel are read"),
    "too large": (lambda: huge_png(20_000, 10_000), "200 megapixels); at most 50"),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_class_folders(tmp_path, "a", "b", count=20)
    return tmp_path


@pytest.mark.parametrize("kind", BAD)
def test_one_of_many_is_left_out_and_named(folder: Path, kind: str) -> None:
    content, reason = BAD[kind]
    (folder / "b" / "7.png").write_bytes(content())
    source = load(folder, "folder:x", image_size=(6, 5))
    assert len(source.train) == 39 and "b/7.png" not in source.train.ids
    np.testing.assert_array_equal(source.train.images[20:22], pictures(20)[[0, 1]] + np.uint8(1))
    assert source.train.image_shape == (6, 5) and source.files is not None
    assert source.files.count == 40
    (file,) = source.files.damaged
    assert file.id == "b/7.png" and reason in file.reason
    (warning,) = source.files.warnings()
    assert warning.startswith("1 of 40 image files cannot be read and was left out: b/7.png (")


@pytest.mark.parametrize("kind", BAD)
def test_more_than_a_twentieth_are_an_error_that_names_them(folder: Path, kind: str) -> None:
    content, reason = BAD[kind]
    for name in ("a/3.png", "b/7.png", "b/8.png"):
        (folder / name).write_bytes(content())
    with pytest.raises(DataError) as caught:
        load(folder, "folder:x", image_size=(6, 5))
    text = str(caught.value)
    assert "3 of 40 image files" in text and "a/3.png (" in text and reason in text
    assert "fresh copy" in text and "\n" not in text


def test_just_a_twentieth_is_left_out(folder: Path) -> None:
    for name in ("a/3.png", "b/7.png"):
        (folder / name).write_bytes(b"")
    source = load(folder, "folder:x")
    assert len(source.train) == 38 and source.files is not None
    assert "2 of 40 image files cannot be read and were left out" in source.files.warnings()[0]


def test_names_are_few_in_words_and_all_in_the_record(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b", count=80)
    for row in range(7):
        (tmp_path / "a" / f"{row}.png").write_bytes(b"")
    files = load(tmp_path, "folder:x").files
    assert files is not None and len(files.as_dict()["damaged"]) == 7
    assert "a/4.png" not in files.warnings()[0].partition(" and 2 more")[2]
    assert files.warnings()[0].endswith(" and 2 more")


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_a_link_to_nothing_is_damaged(folder: Path) -> None:
    (folder / "b" / "7.png").unlink()
    (folder / "b" / "7.png").symlink_to(folder / "gone.png")
    files = load(folder, "folder:x").files
    assert files is not None and "not there" in files.damaged[0].reason


def test_a_damaged_picture_decides_neither_colour_nor_size(folder: Path) -> None:
    colour = png(pictures(1, 6, 5, 3)[0])
    (folder / "b" / "7.png").write_bytes(colour[:-40])
    source = load(folder, "folder:x")
    assert source.train.image_shape == (6, 5) and source.notes == ()


def test_a_class_that_is_lost_is_said(folder: Path) -> None:
    write_picture(folder / "c" / "0.png", pictures(1)[0])
    (folder / "c" / "0.png").write_bytes(GOOD[:-30])
    source = load(folder, "folder:x")
    assert source.train.classes == ("a", "b")
    assert source.notes == ("not a class, since every image in it is damaged: 1 (c)",)


def test_each_part_keeps_its_own_rows(tmp_path: Path) -> None:
    for part in ("train", "val", "test"):
        write_class_folders(tmp_path / part, "a", "b", count=20)
    for name in ("train/b/3.png", "val/a/0.png", "test/b/19.png"):
        (tmp_path / name).write_bytes(GOOD[:-30])
    source = load(tmp_path, "folder:x")
    assert {part: len(rows) for part, rows in source.parts.items()} == {
        "train": 39,
        "validation": 39,
        "test": 39,
    }
    for part, rows in source.parts.items():
        assert {text.split("/")[0] for text in rows.ids} == {part[:3] if "v" in part else part}
        for number, (text, label) in enumerate(zip(rows.ids, rows.labels, strict=True)):
            _, name, file = text.split("/")
            assert name == "ab"[label]
            row = int(file.removesuffix(".png"))
            expected = pictures(20)[row] + np.uint8(label)
            np.testing.assert_array_equal(rows.images[number], expected)


def test_how_much_is_read_is_told(folder: Path) -> None:
    told: list[tuple[str, int, int]] = []
    load(folder, "folder:x", on_progress=lambda *event: told.append(event))
    assert told == [("folder:x", 40, 40)]
