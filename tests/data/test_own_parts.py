"""What a source's own validation rows are used for, as the study says."""

from pathlib import Path

import numpy as np
import pytest
from made_files import nowhere, pictures, write_picture
from pydantic import ValidationError

from vestry.data.dataset import Dataset, load_dataset, resolved
from vestry.data.settings import DataSettings
from vestry.data.split_record import ids_of, split_record
from vestry.data.summary import data_summary, samples
from vestry.errors import DataError

COUNTS = {"train": 20, "val": 6, "test": 4}


def write_parts(folder: Path, *parts: str, classes: str = "ab") -> None:
    for part in parts:
        for number, name in enumerate(classes):
            for row, pixels in enumerate(pictures(COUNTS[part])):
                changed = pixels + np.uint8(10 * number + len(part))
                write_picture(folder / part / name / f"{row}.png", changed)


def loaded(folder: Path, **values: object) -> Dataset:
    settings = DataSettings.model_validate({"source": "folder:."} | values)
    return load_dataset(settings, nowhere(folder))


def parts_of(dataset: Dataset) -> dict[str, set[str]]:
    """The part of the source that each split's ids are from."""
    ids = split_record(dataset)["ids"]
    return {split: {text.split("/")[0] for text in ids_of(runs)} for split, runs in ids.items()}


def summary(dataset):
    return data_summary(dataset, samples(dataset.training, 4, 2, 0))


def rules(dataset: Dataset) -> dict[str, str]:
    return {name: split.rule for name, split in summary(dataset).splits.items()}


def test_all_three_parts_are_used_as_they_are(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val", "test")
    dataset = loaded(tmp_path)
    assert dataset.provenance.rows == {"training": 40, "validation": 12, "test": 8}
    assert parts_of(dataset) == {"training": {"train"}, "validation": {"val"}, "test": {"test"}}
    assert rules(dataset) == {
        "training": "the source's own 40 rows",
        "validation": "the source's own 12 rows",
        "test": "the source's own 8 rows",
    }
    assert "val/ holds the source's own validation rows" in dataset.provenance.notes[0]


def test_without_test_rows_they_are_cut_from_the_training_rows(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val")
    dataset = loaded(tmp_path)
    assert dataset.provenance.rows == {"training": 32, "validation": 12, "test": 8}
    assert parts_of(dataset) == {"training": {"train"}, "validation": {"val"}, "test": {"train"}}
    assert "8 drawn at random by class" in rules(dataset)["test"]
    assert not set(dataset.training.ids) & set(dataset.test.ids)


def test_they_can_be_the_test_rows(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val")
    dataset = loaded(tmp_path, source_validation="test", validation={"fraction": 0.2})
    assert dataset.provenance.rows == {"training": 32, "validation": 8, "test": 12}
    assert parts_of(dataset) == {"training": {"train"}, "validation": {"train"}, "test": {"val"}}
    assert "12 validation rows are the test rows, as the study asks" in str(
        dataset.provenance.notes
    )


def test_the_studys_own_validation_goes_before_them(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val", "test")
    dataset = loaded(tmp_path, validation={"count": 10})
    assert dataset.provenance.rows == {"training": 30, "validation": 10, "test": 8}
    assert parts_of(dataset)["validation"] == {"train"}
    assert "own 12 validation rows are not used" in str(dataset.provenance.notes)
    both = loaded(tmp_path, validation={"count": 10}, source_validation="validation")
    assert both.provenance.rows == {"training": 40, "validation": 12, "test": 8}
    assert "the setting `validation` was not used" in str(both.provenance.notes)


def test_a_split_pools_them_too(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val", "test")
    dataset = loaded(tmp_path, split={"training": 0.5, "validation": 0.25, "test": 0.25})
    assert dataset.provenance.rows == {"training": 30, "validation": 15, "test": 15}
    assert {part for parts in parts_of(dataset).values() for part in parts} == set(COUNTS)
    assert "the source's training, validation and test rows pooled" in dataset.provenance.split


def test_training_rows_and_classes_work_beside_them(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val", "test", classes="abc")
    dataset = loaded(
        tmp_path,
        training_rows={"fraction": 0.5, "take": "random"},
        test_rows={"count": 4},
        classes=["c", "a"],
    )
    assert dataset.provenance.rows == {"training": 20, "validation": 12, "test": 4}
    assert dataset.validation.classes == ("c", "a")
    assert dataset.validation.class_counts().tolist() == [6, 6]
    note = next(note for note in dataset.provenance.notes if "only 2 of 3" in note)
    assert note.endswith("40 of 60 training rows, 12 of 18 validation rows and 8 of 12 test rows")
    assert rules(dataset)["training"].startswith("20 drawn at random")


def test_tasks_load_the_same_rows_again(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val")
    for use in ({}, {"source_validation": "test"}, {"validation": {"fraction": 0.3}}):
        settings = DataSettings.model_validate({"source": "folder:."} | use)
        first = load_dataset(settings, nowhere(tmp_path))
        text = resolved(settings, first.provenance).model_dump_json()
        again = load_dataset(DataSettings.model_validate_json(text), nowhere(tmp_path))
        assert again.provenance == first.provenance


def test_what_cannot_be_is_refused(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val", "test")
    with pytest.raises(DataError, match="8 test rows of its own"):
        loaded(tmp_path, source_validation="test")
    with pytest.raises(ValidationError, match="source_validation cannot be given beside it"):
        loaded(
            tmp_path,
            split={"training": 0.5, "validation": 0.25, "test": 0.25},
            source_validation="unused",
        )
    note = loaded(tmp_path, source="digits", source_validation="test").provenance.notes
    assert "source_validation was not used" in str(note)


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_class_that_is_never_learnt_is_refused_or_left_out(tmp_path: Path, part: str) -> None:
    write_parts(tmp_path, "train", "val", "test")
    write_parts(tmp_path, part, classes="abC")
    with pytest.raises(DataError, match="images of C and no training images"):
        loaded(tmp_path)
    assert loaded(tmp_path, classes=["a", "b"]).provenance.rows["training"] == 40


@pytest.mark.parametrize(("part", "split"), [("val", "validation"), ("test", "test")])
def test_a_class_that_is_learnt_and_not_judged_is_said(
    tmp_path: Path, part: str, split: str
) -> None:
    write_parts(tmp_path, "train", classes="abc")
    write_parts(tmp_path, part)
    assert f"No {split} rows of c" in str(loaded(tmp_path).provenance)


def test_damaged_files_are_part_of_what_is_known_of_the_data(tmp_path: Path) -> None:
    write_parts(tmp_path, "train", "val", "test")
    (tmp_path / "val" / "a" / "3.png").write_bytes(b"")
    dataset = loaded(tmp_path)
    assert dataset.provenance.rows["validation"] == 11
    assert "val/a/3.png (0 bytes)" in dataset.provenance.warnings[0]
    assert summary(dataset).files.as_json() == {
        "count": 60,
        "damaged": [{"id": "val/a/3.png", "reason": "0 bytes"}],
    }
