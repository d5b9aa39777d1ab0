"""Folders as they are found in the wild: parts under any name, further down, beside litter."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import pictures, write_class_folders, write_picture

from vestry.data.sources.folder import load
from vestry.errors import DataError

TRAIN, VALIDATION, TEST = ("train", "training"), ("val", "valid", "validation"), ("test", "testing")


def any_case(names: tuple[str, ...]) -> st.SearchStrategy[str]:
    return st.sampled_from(names).flatmap(
        lambda name: st.sampled_from([name, name.capitalize(), name.upper()])
    )


@settings(deadline=None, max_examples=30)
@given(
    train=any_case(TRAIN),
    validation=st.none() | any_case(VALIDATION),
    test=st.none() | any_case(TEST),
    above=st.sampled_from(["", "dataset", "archive/dataset"]),
    below=st.sampled_from(["", "images"]),
    litter=st.sampled_from(["__MACOSX", ".git", ".ipynb_checkpoints"]),
)
def test_any_layout_gives_its_parts(
    train: str, validation: str | None, test: str | None, above: str, below: str, litter: str
) -> None:
    with TemporaryDirectory() as made:
        top = Path(made)
        inside = top / above
        counts = {train: 2, validation: 3, test: 4}
        for name in filter(None, (train, validation, test)):
            write_class_folders(inside / name / below, "cat", "dog", count=counts[name])
            (inside / name / ".DS_Store").write_text("litter")
        write_picture(top / litter / "cat" / "0.png", pictures(1)[0])
        source = load(top, "folder:x")
        expected = {"train": 4} | ({"validation": 6} if validation else {})
        expected |= {"test": 8} if test else {}
        assert {part: len(rows) for part, rows in source.parts.items()} == expected
        for part, name in (("train", train), ("validation", validation), ("test", test)):
            if name:
                rows = source.parts[part]
                assert rows.classes == ("cat", "dog")
                assert rows.ids[0] == "/".join(filter(None, (above, name, below, "cat/0.png")))
        said = " ".join(source.notes)
        assert (f"{validation}/ holds the source's own validation rows" in said) == bool(validation)
        assert ("further down" in said) == bool(above or below)
        assert "passed over" not in said


def test_classes_one_level_further_down(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "dataset", "a", "b")
    (tmp_path / "README.md").write_text("read me")
    source = load(tmp_path, "folder:x")
    assert source.train.classes == ("a", "b") and source.train.ids[0] == "dataset/a/0.png"
    assert source.notes == (
        "class folders were found further down, in dataset/",
        "passed over, since not a picture in a class folder: 1 .md (README.md)",
    )


def test_images_in_folders_below_a_class_are_of_that_class(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b", count=2)
    write_class_folders(tmp_path / "a", "monday", "tuesday", count=3)
    source = load(tmp_path, "folder:x")
    assert source.train.class_counts().tolist() == [8, 2]
    assert source.train.ids[2] == "a/monday/0.png"
    assert source.notes == (
        "images in folders below a class folder were taken as that class's: "
        "6 in 2 (a/monday, a/tuesday)",
    )


def test_a_link_in_a_circle_ends(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a", "b", count=2)
    (tmp_path / "a" / "again").symlink_to(tmp_path, target_is_directory=True)
    source = load(tmp_path, "folder:x")
    assert len(source.train) == 4
    assert "1 without a suffix (a/again)" in source.notes[0]


def test_two_folders_for_one_part_are_refused(tmp_path: Path) -> None:
    for name in ("train", "val", "Validation"):
        write_class_folders(tmp_path / name, "a", "b", count=1)
    with pytest.raises(DataError, match="Validation/ and val/, and each would be the validation"):
        load(tmp_path, "folder:x")


@pytest.mark.parametrize("layout", ["", "train", "Training/images", "data/train"])
def test_unread_kinds_are_counted(tmp_path: Path, layout: str) -> None:
    for name in "abc":
        (tmp_path / layout / name).mkdir(parents=True)
        for row in range(400):
            (tmp_path / layout / name / f"{row}.HEIC").write_text("ftyp")
    with pytest.raises(DataError) as caught:
        load(tmp_path, "folder:x")
    assert "1,200 .heic in 3 folders" in str(caught.value)
    assert "no picture" in str(caught.value) or "pictures in it" in str(caught.value)


def test_one_class_beside_one_of_another_kind_says_so(tmp_path: Path) -> None:
    write_class_folders(tmp_path, "a")
    (tmp_path / "b").mkdir()
    for row in range(3):
        (tmp_path / "b" / f"{row}.heic").write_text("ftyp")
    with pytest.raises(DataError, match=r"one class \(a\).*3 \.heic in b/"):
        load(tmp_path, "folder:x")


def test_classes_are_those_of_all_parts(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "train", "a", "b")
    write_class_folders(tmp_path / "val", "b", "c")
    source = load(tmp_path, "folder:x")
    assert source.train.classes == ("a", "b", "c")
    assert source.validation is not None
    assert source.validation.class_counts().tolist() == [0, 5, 5]
