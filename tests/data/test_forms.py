"""Data as other libraries write them: read from a bare path, and said what they were taken for."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from made_files import idx_bytes, nowhere, pictures, write_class_folders, write_gzip, write_picture
from PIL import Image

from made_forms import png, write_parquet
from vestry.data.image_set import Source
from vestry.data.paths import MissingDataError
from vestry.data.source import load_source, source_kind
from vestry.errors import DataError, StudyError

SQUARE = pictures(12, 8, 8)
COLOUR = pictures(12, 8, 8, 3)
LABELS = np.arange(12) % 3


def load(tmp_path: Path, name: str, column: str | None = None) -> Source:
    return load_source(f"./{name}", nowhere(tmp_path), column=column)


# Arrays.


def test_medmnists_layout(tmp_path: Path) -> None:
    np.savez(
        tmp_path / "breast.npz",
        train_images=SQUARE, train_labels=LABELS[:, None].astype(np.uint8),
        val_images=SQUARE[:6], val_labels=LABELS[:6, None].astype(np.uint8),
        test_images=SQUARE[6:], test_labels=LABELS[6:, None].astype(np.uint8),
    )  # fmt: skip
    source = load(tmp_path, "breast.npz")
    assert source.notes[0] == "breast.npz was taken for a NumPy file (npz:)"
    assert {part: len(rows) for part, rows in source.parts.items()} == {
        "train": 12, "validation": 6, "test": 6,
    }  # fmt: skip
    assert source.train.labels.tolist() == LABELS.tolist()


def test_kmnists_pairs_of_files(tmp_path: Path) -> None:
    for part, rows in (("train", 12), ("test", 6)):
        np.savez(tmp_path / f"k49-{part}-imgs.npz", SQUARE[:rows])
        np.savez(tmp_path / f"k49-{part}-labels.npz", LABELS[:rows].astype(np.uint8))
    for name in ("k49-train-imgs.npz", "k49-train-labels.npz", "."):
        source = load(tmp_path, name)
        assert source.test is not None and len(source.test) == 6
        np.testing.assert_array_equal(source.train.images, SQUARE)


def test_one_array_without_its_labels_is_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "x-train-imgs.npz", SQUARE)
    with pytest.raises(DataError, match=r"arr_0.*NAME-train-labels\.npz"):
        load(tmp_path, "x-train-imgs.npz")


@pytest.mark.parametrize("kind", ["text", "bytes", "from 1", "gaps", "one-hot", "float", "bool"])
def test_labels_as_people_store_them(tmp_path: Path, kind: str) -> None:
    names = np.array(["ant", "bee", "cat"])
    given, classes = {
        "text": (names[LABELS], ("ant", "bee", "cat")),
        "bytes": (names[LABELS].astype("S"), ("ant", "bee", "cat")),
        "from 1": (LABELS + 1, ("1", "2", "3")),
        "gaps": (np.array([3, 7, 9])[LABELS], ("3", "7", "9")),
        "one-hot": (np.eye(3)[LABELS], ("0", "1", "2")),
        "float": (LABELS.astype(np.float64), ("0", "1", "2")),
        "bool": (LABELS == 1, ("0", "1")),
    }[kind]
    np.savez(tmp_path / "a.npz", images=SQUARE, labels=given)
    source = load(tmp_path, "a.npz")
    assert source.train.classes == classes
    expected = (LABELS == 1).astype(int) if kind == "bool" else LABELS
    assert source.train.labels.tolist() == expected.tolist()


def test_labels_from_1_with_names_are_numbered_from_0(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=SQUARE, labels=LABELS + 1, classes=np.array(list("abc")))
    source = load(tmp_path, "a.npz")
    assert source.train.labels.tolist() == LABELS.tolist()
    assert any("from 1 to 3" in note for note in source.notes)


@pytest.mark.parametrize(
    ("images", "expected"),
    [
        (np.moveaxis(COLOUR, -1, 1), COLOUR),
        (SQUARE[:, None], SQUARE),
        (SQUARE[..., None], SQUARE),
        (SQUARE.reshape(12, 64), SQUARE),
        (COLOUR.reshape(12, 192), COLOUR),
        (SQUARE.astype(np.int64), SQUARE),
        (SQUARE / 255, SQUARE),
        (np.concatenate([COLOUR, np.full((12, 8, 8, 1), 255, np.uint8)], axis=3), COLOUR),
    ],
)
def test_images_in_any_usual_order_of_axes(
    tmp_path: Path, images: np.ndarray, expected: np.ndarray
) -> None:
    np.savez(tmp_path / "a.npz", images=images, labels=LABELS)
    np.testing.assert_array_equal(load(tmp_path, "a.npz").train.images, expected)


def test_what_is_transparent_is_white(tmp_path: Path) -> None:
    holes = np.concatenate([COLOUR, np.zeros((12, 8, 8, 1), np.uint8)], axis=3)
    np.savez(tmp_path / "a.npz", images=holes, labels=LABELS)
    source = load(tmp_path, "a.npz")
    assert (source.train.images == 255).all() and any("on white" in note for note in source.notes)


# IDX.


def test_emnists_names_mapping_and_turn(tmp_path: Path) -> None:
    before = "emnist-letters-"
    for part, rows in (("train", 12), ("test", 6)):
        lying = np.ascontiguousarray(np.swapaxes(SQUARE[:rows], 1, 2))
        labels = (LABELS[:rows] + 1).astype(np.uint8)
        write_gzip(tmp_path / f"{before}{part}-images-idx3-ubyte.gz", idx_bytes(lying))
        write_gzip(tmp_path / f"{before}{part}-labels-idx1-ubyte.gz", idx_bytes(labels))
    (tmp_path / f"{before}mapping.txt").write_text("1 65 97\n2 66 98\n3 67 99\n")
    source = load(tmp_path, ".")
    assert source.train.classes == ("A/a", "B/b", "C/c") and source.test is not None
    np.testing.assert_array_equal(source.train.images, SQUARE)
    assert source.train.labels.tolist() == LABELS.tolist()
    assert any("set upright" in note for note in source.notes)


def test_two_sets_in_one_folder_are_named(tmp_path: Path) -> None:
    for name in ("emnist-mnist-", "emnist-digits-"):
        write_gzip(tmp_path / f"{name}train-images-idx3-ubyte.gz", idx_bytes(SQUARE))
    with pytest.raises(DataError, match="several sets"):
        load(tmp_path, ".")


# CSV.


@pytest.mark.parametrize("header", [True, False])
@pytest.mark.parametrize("pixels", [SQUARE, COLOUR])
def test_kaggles_pixels_in_columns(tmp_path: Path, header: bool, pixels: np.ndarray) -> None:
    flat = pixels.reshape(len(pixels), -1)
    names = [f"pixel{number}" for number in range(flat.shape[1])]
    frame = pd.DataFrame(flat, columns=names)
    frame.insert(0, "label", LABELS)
    frame.to_csv(tmp_path / "sign_train.csv", index=False, header=header)
    frame[:6].to_csv(tmp_path / "sign_test.csv", index=False, header=header)
    source = load(tmp_path, "sign_train.csv")
    np.testing.assert_array_equal(source.train.images, pixels)
    assert source.test is not None and source.test.labels.tolist() == LABELS[:6].tolist()
    assert any("sign_test.csv" in note for note in source.notes)


def test_kaggles_test_file_without_labels_is_left_and_said(tmp_path: Path) -> None:
    frame = pd.DataFrame(SQUARE.reshape(12, -1))
    frame.to_csv(tmp_path / "test.csv", index=False)
    frame.insert(0, "label", LABELS)
    frame.to_csv(tmp_path / "train.csv", index=False)
    source = load(tmp_path, "train.csv")
    assert source.test is None and any("other columns" in note for note in source.notes)


def manifest(tmp_path: Path) -> pd.DataFrame:
    for row, pixels in enumerate(SQUARE):
        write_picture(tmp_path / "pics" / f"{row}.png", pixels)
    return pd.DataFrame(
        {
            "path": [f"pics/{row}.png" for row in range(12)],
            "label": np.array(["ant", "bee", "cat"])[LABELS],
            "split": ["train"] * 6 + ["valid"] * 3 + ["test"] * 3,
            "patient": [f"p{row // 2}" for row in range(12)],
            "age": 7,
        }
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_list_of_files_with_split_and_group(tmp_path: Path, separator: str) -> None:
    manifest(tmp_path).to_csv(tmp_path / "all.csv", index=False, sep=separator)
    source = load(tmp_path, "all.csv", column="patient")
    assert [len(rows) for rows in source.parts.values()] == [6, 3, 3]
    assert source.train.classes == ("ant", "bee", "cat")
    assert source.train.groups is not None and source.train.groups[:3].tolist() == [
        "p0",
        "p0",
        "p1",
    ]
    assert "columns that were not read: age" in source.notes
    np.testing.assert_array_equal(source.train.images, SQUARE[:6])


def test_a_list_without_suffixes_and_with_numbers_as_labels(tmp_path: Path) -> None:
    frame = manifest(tmp_path)
    frame["path"] = frame["path"].str.removesuffix(".png")
    frame["label"] = np.array([2, 9, 10])[LABELS]
    frame[["path", "label"]].to_csv(tmp_path / "all.csv", index=False)
    assert load(tmp_path, "all.csv").train.classes == ("2", "9", "10")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "empty"),
        ("path,age\nx.png,3\n", "no column is a label"),
        ("path,label\n", "no rows"),
        ("path,label\na.png,x\na.png,y\n", "a second time"),
        ("path,label,split\na.png,x,holdout\n", "'holdout' is not known"),
        ("path,label\na.png\n", "line 2 has 1 fields"),
        ("label,p0,p1,p2,p3\n1,2,3,4\n", "line 2 has 4 fields"),
        ("label,p0,p1,p2,p3\n1,2,3,4,x\n", "line 2 holds a pixel that is no number"),
        ("label,p0,p1,p2\n1,2,3,4\n", "no square image"),
        ("p0,p1,p2,p3\nx,y,z,w\n", "no column is a label"),
        ("label,p0,p1,p2,p3\n0,1,2,3,999\n1,0,0,0,0\n", "0 to 255"),
    ],
)
def test_what_is_wrong_in_a_csv_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        load(tmp_path, "a.csv")
    assert "a.csv" in str(caught.value)


def test_files_that_are_not_there_are_counted(tmp_path: Path) -> None:
    frame = manifest(tmp_path)
    for row in range(6):
        (tmp_path / "pics" / f"{row}.png").unlink()
    frame.to_csv(tmp_path / "all.csv", index=False)
    with pytest.raises(DataError, match="6 of 12 image files cannot be read"):
        load(tmp_path, "all.csv")


# Parquet, as Hugging Face's `datasets` writes it.


def test_hugging_faces_folder_of_shards(tmp_path: Path) -> None:
    for name, rows in {
        "train-00000-of-00002": slice(0, 4),
        "train-00001-of-00002": slice(4, 8),
        "validation-00000-of-00001": slice(8, 10),
        "test-00000-of-00001": slice(10, 12),
    }.items():
        path = tmp_path / "set" / "data" / f"{name}.parquet"
        write_parquet(path, COLOUR[rows], LABELS[rows], ["ant", "bee", "cat"])
    source = load(tmp_path, "set")
    assert [len(rows) for rows in source.parts.values()] == [8, 2, 2]
    assert source.train.classes == ("ant", "bee", "cat")
    np.testing.assert_array_equal(source.train.images, COLOUR[:8])
    assert len(np.unique(source.train.ids)) == 8


def test_one_parquet_file_and_a_list_of_paths(tmp_path: Path) -> None:
    write_parquet(tmp_path / "one.parquet", COLOUR, LABELS)
    np.testing.assert_array_equal(load(tmp_path, "one.parquet").train.images, COLOUR)
    manifest(tmp_path).to_parquet(tmp_path / "list.parquet")
    source = load(tmp_path, "list.parquet", column="patient")
    assert [len(rows) for rows in source.parts.values()] == [6, 3, 3]
    assert source.train.groups is not None


@pytest.mark.parametrize(
    ("write", "words"),
    [
        (lambda path: path.write_bytes(b"PAR1 no"), "not a readable Parquet file"),
        (lambda path: pd.DataFrame({"a": [1]}).to_parquet(path), "a column `image`"),
        (
            lambda path: pd.DataFrame({"image": [b"no"] * 2, "label": [0, 1]}).to_parquet(path),
            "2 of 2 image files cannot be read",
        ),
        (
            lambda path: pd.DataFrame({"image": ["a"], "label": [1.5]}).to_parquet(path),
            "label 1.5",
        ),
    ],
)
def test_what_is_wrong_in_parquet_is_named(tmp_path: Path, write, words: str) -> None:  # type: ignore[no-untyped-def]
    write(tmp_path / "a.parquet")
    with pytest.raises(DataError, match=words):
        load(tmp_path, "a.parquet")


# Pictures of the usual formats.


@pytest.mark.parametrize("form", ["PNG", "WEBP", "BMP", "PPM", "GIF", "TIFF"])
def test_every_format_gives_its_pixels(tmp_path: Path, form: str) -> None:
    suffix = {"TIFF": "tif", "PPM": "pgm"}.get(form, form.lower())
    lossless = {"lossless": True} if form == "WEBP" else {}
    for name in "ab":
        for row in range(3):
            write_picture(tmp_path / name / f"{row}.{suffix}", SQUARE[row], **lossless)
    source = load(tmp_path, ".")
    grey = source.train.images if source.train.images.ndim == 3 else source.train.images[..., 0]
    np.testing.assert_array_equal(grey[:3], SQUARE[:3])


def test_sixteen_bits_and_animations_are_read_and_said(tmp_path: Path) -> None:
    deep = SQUARE[0].astype(np.uint16) * 257
    frames = [Image.fromarray(pixels) for pixels in SQUARE[:3]]
    for name in "ab":
        write_picture(tmp_path / name / "deep.png", deep)
        write_picture(tmp_path / name / "deep.tif", deep)
        frames[0].save(tmp_path / name / "m.gif", save_all=True, append_images=frames[1:])
    source = load(tmp_path, ".")
    for row in range(6):
        np.testing.assert_array_equal(source.train.images[row], SQUARE[0])
    assert "the upper 8 of 16 bits a channel taken: 4 of 6 images" in source.notes
    assert "the first picture of an animation taken: 2 of 6 images" in source.notes


def test_pictures_of_many_sizes_are_resized_and_that_is_said(tmp_path: Path) -> None:
    for name in "ab":
        for row in range(4):
            write_picture(tmp_path / name / f"{row}.png", pictures(1, 8 + row, 9)[0])
    source = load(tmp_path, ".")
    assert source.train.image_shape == (64, 64)
    assert any("`image_size` in [data] sets another: 8 of 8" in note for note in source.notes)
    write_class_folders(tmp_path, "a", "b", count=20)
    assert load(tmp_path, ".").train.image_shape == (6, 5)


# Archives.


def packed(tmp_path: Path, form: str) -> Path:
    write_class_folders(tmp_path / "pets" / "train", "a", "b")
    write_class_folders(tmp_path / "pets" / "test", "a", "b", count=2)
    target = tmp_path / f"pets.{form}"
    if form == "zip":
        with zipfile.ZipFile(target, "w") as archive:
            for path in sorted((tmp_path / "pets").rglob("*.png")):
                archive.write(path, path.relative_to(tmp_path))
    else:
        with tarfile.open(target, f"w:{form.partition('.')[2]}") as archive:
            archive.add(tmp_path / "pets", "pets")
    return target


@pytest.mark.parametrize("form", ["zip", "tar", "tar.gz", "tar.xz"])
def test_an_archive_of_class_folders(tmp_path: Path, form: str) -> None:
    name = packed(tmp_path, form).name
    source = load(tmp_path, name)
    assert [len(rows) for rows in source.parts.values()] == [10, 4]
    assert source.notes[1] == f"{name} was read as folder:"
    made = list((tmp_path / "cache" / "unpacked").iterdir())
    load(tmp_path, name)
    assert list((tmp_path / "cache" / "unpacked").iterdir()) == made


@pytest.mark.parametrize("name", ["../out.png", "/out.png", "a/../../out.png", "C:/out.png"])
def test_nothing_leaves_an_archive(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "bad.zip", "w") as archive:
        archive.writestr(name, png(SQUARE[0]))
    with tarfile.open(tmp_path / "bad.tar", "w") as archive_of_tar:
        info = tarfile.TarInfo(name)
        info.size = 3
        archive_of_tar.addfile(info, io.BytesIO(b"abc"))
    for path in ("bad.zip", "bad.tar"):
        with pytest.raises(DataError, match="leads out of it"):
            load(tmp_path, path)
    assert not list((tmp_path / "cache" / "unpacked").iterdir())


def test_links_bombs_and_damage_are_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "link.tar", "w") as archive:
        info = tarfile.TarInfo("a/x.png")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    with zipfile.ZipFile(tmp_path / "bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive_of_zip:
        archive_of_zip.writestr("a/0.png", bytes(200 * 2**20))
    (tmp_path / "broken.zip").write_bytes(packed(tmp_path, "zip").read_bytes()[:400])
    (tmp_path / "text.zip").write_text("<html>")
    for name, words in {
        "link.tar": "is a link", "bomb.zip": "unfold", "broken.zip": "neither|damaged",
        "text.zip": "neither a zip nor a tar",
    }.items():  # fmt: skip
        with pytest.raises(DataError, match=words):
            load(tmp_path, name)


def test_what_is_wrong_inside_an_archive_is_told_of_it_and_not_kept(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "list.zip", "w") as archive:
        archive.writestr("labels.csv", "path,label\na.png,x\n./a.png,y\n")
        archive.writestr("a.png", png(SQUARE[0]))
    with pytest.raises(DataError, match="a second time") as caught:
        load(tmp_path, "list.zip")
    assert str(tmp_path / "list.zip") in str(caught.value) and "unpacked" not in str(caught.value)
    assert not list((tmp_path / "cache" / "unpacked").iterdir())


def test_folders_that_windows_parts_by_backslashes_are_folders(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for name in "ab":
            for row in range(5):
                archive.writestr(f"pets\\{name}\\{row}.png", png(pictures(6)[row]))
    assert load(tmp_path, "pets.zip").train.classes == ("a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("path,label\na.png,x\n./a.png,y\n", "line 3 names './a.png' a second time"),
        ("path,label,split\na.png,x,train\nb.png,y, \n", "line 3: the split is empty"),
        ("label;a;b;c;d\nx;0,5;0;0;1\n", "line 2 .*'0,5'; write decimals with a point"),
        ("label|a|b|c|d\nx|0|z|0|1\n", "line 2 .*'z'$"),
    ],
)
def test_what_is_wrong_in_a_list_or_table_is_named(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "list.csv").write_text(text)
    with pytest.raises(DataError, match=words):
        load(tmp_path, "list.csv")


# Bare paths.


def test_a_bare_path_is_known_by_its_look() -> None:
    for text in ("./pets", "a/b", "pets.npz", "x.csv", "~/pets", "C:\\pets"):
        assert source_kind(text)[0].name == "path"
    for text in ("pets", "fashion", "foldr:x"):
        with pytest.raises(StudyError, match="unknown source"):
            source_kind(text)


def test_what_is_not_there_or_of_no_known_kind_is_said(tmp_path: Path) -> None:
    with pytest.raises(MissingDataError, match="no such file or folder"):
        load(tmp_path, "pets")
    (tmp_path / "notes.doc").write_text("x")
    with pytest.raises(DataError, match="say what it is"):
        load(tmp_path, "notes.doc")


def test_pictures_that_are_no_plain_files_are_left_out_and_never_waited_for(tmp_path: Path) -> None:
    frame = manifest(tmp_path)
    (tmp_path / "pics" / "3.png").unlink()
    os.mkfifo(tmp_path / "pics" / "3.png")
    wide = pd.concat([frame.assign(path=frame["path"])] * 1, ignore_index=True)
    for row in range(20):
        write_picture(tmp_path / "pics" / f"more{row}.png", SQUARE[row % 12])
        wide.loc[len(wide)] = [f"pics/more{row}.png", "ant", "train", "p", 7]
    wide.to_csv(tmp_path / "all.csv", index=False)
    source = load(tmp_path, "all.csv")
    assert source.files is not None and [one.id for one in source.files.damaged] == ["pics/3.png"]


def test_an_archive_reads_nothing_outside_of_it(tmp_path: Path) -> None:
    manifest(tmp_path)
    rows = [f"{tmp_path}/pics/{row}.png,{'ab'[row % 2]}" for row in range(12)]
    with zipfile.ZipFile(tmp_path / "out.zip", "w") as archive:
        archive.writestr("all.csv", "path,label\n" + "\n".join(rows))
    with pytest.raises(DataError, match="names pictures outside of it"):
        load(tmp_path, "out.zip")


def test_a_line_without_an_end_does_not_fill_memory(tmp_path: Path) -> None:
    with (tmp_path / "x.csv").open("wb") as stream:
        stream.truncate(2**26)
    with pytest.raises(DataError, match=r"longer than|field larger"):
        load(tmp_path, "x.csv")


@pytest.mark.parametrize("label", ["1" * 200, "0" * 12])
def test_labels_of_many_digits_are_names(tmp_path: Path, label: str) -> None:
    (tmp_path / "a.csv").write_text(f"label,a,b,c,d\n{label},1,2,3,4\nx,1,2,3,4\n")
    assert set(load(tmp_path, "a.csv").train.classes) == {label, "x"}


@pytest.mark.parametrize("name", ["a\x1b[31m", "c\rd", "n\x00o", "two\nlines", "x" * 201])
def test_a_class_name_that_no_terminal_or_page_should_see_is_refused(
    tmp_path: Path, name: str
) -> None:
    names = np.array(["ant", "bee", name])
    np.savez(tmp_path / "a.npz", images=SQUARE, labels=LABELS, classes=names)
    with pytest.raises(DataError, match="control signs") as caught:
        load(tmp_path, "a.npz")
    assert "\x1b" not in str(caught.value) and "\n" not in str(caught.value)


def test_class_names_of_any_script_are_taken(tmp_path: Path) -> None:
    names = np.array(["\u0915\u094d\u200d\u0937", "\U0001f468\u200d\U0001f469", "\u5b57"])
    np.savez(tmp_path / "a.npz", images=SQUARE, labels=LABELS, classes=names)
    assert load(tmp_path, "a.npz").train.classes == tuple(names)
