"""Splits anew: pooled, stratified, seeded, and told apart by ids that kept their origin."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import nowhere, pictures
from pydantic import ValidationError

from vestry.data.dataset import Dataset, load_dataset, resolved
from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.paths import DataPaths
from vestry.data.resplit import Fractions, cut, drawn, pooled
from vestry.data.settings import DataSettings
from vestry.data.split_record import ids_of, split_record
from vestry.data.summary import data_summary, samples
from vestry.errors import DataError

SYSTEM_D = {"training": 0.86, "validation": 0.10, "test": 0.04}


def settings(**values: object) -> DataSettings:
    return DataSettings.model_validate({"source": "digits"} | values)


def made(counts: tuple[int, ...], test: tuple[int, ...] | None = None) -> Source:
    def rows(split: str, each: tuple[int, ...]) -> ImageSet:
        labels = np.repeat(np.arange(len(each)), each)
        names = tuple("abcdef"[: len(each)])
        return ImageSet(pictures(len(labels)), labels, names, array_ids(split, len(labels)))

    return Source("made", rows("train", counts), test and rows("test", test), None, ())


def splits(dataset: Dataset) -> dict[str, ImageSet]:
    return {"training": dataset.training, "validation": dataset.validation, "test": dataset.test}


def test_system_d_on_fashion_mnist(published: Path, tmp_path: Path) -> None:
    places = DataPaths(published.parent, tmp_path, tmp_path, ())
    dataset = load_dataset(settings(source="fashion-mnist", split=SYSTEM_D), places)
    assert dataset.provenance.rows == {"training": 60_200, "validation": 7_000, "test": 2_800}
    for rows, each in zip(splits(dataset).values(), (6_020, 700, 280), strict=True):
        assert rows.class_counts().tolist() == [each] * 10
    ids = np.concatenate([rows.ids for rows in splits(dataset).values()])
    assert len(np.unique(ids)) == 70_000
    for rows in splits(dataset).values():  # both of the source's parts, in every split
        assert {name.partition("/")[0] for name in rows.ids.tolist()} == {"train", "test"}
    assert dataset.provenance.split.startswith(
        "test: 2,800 drawn at random by class (seed 0) of all 70,000 rows, the source's training "
        "and test rows pooled; validation: 7,000 drawn"
    )
    record = split_record(dataset)
    assert ids_of(record["ids"]["test"]) == dataset.test.ids.tolist()


def test_each_row_keeps_its_image_label_and_id() -> None:
    source = made((30, 20), (10, 14))
    parts = cut(source, Fractions(**SYSTEM_D), 3)
    known = {
        name: (image.tobytes(), label)
        for rows in (source.train, source.test)
        if rows is not None
        for name, image, label in zip(
            rows.ids.tolist(), rows.images, rows.labels.tolist(), strict=True
        )
    }
    found = 0
    for rows in (parts.training, parts.validation, parts.test):
        for name, image, label in zip(
            rows.ids.tolist(), rows.images, rows.labels.tolist(), strict=True
        ):
            assert known[name] == (image.tobytes(), label)
            found += 1
    assert found == len(known) == 74


def test_counts_of_missing_values_are_pooled_too() -> None:
    source = made((3, 3), (2, 2))
    assert pooled(source).missing is None
    holed = replace(source, train=replace(source.train, missing=np.arange(6)))
    assert pooled(holed).missing.tolist() == [0, 1, 2, 3, 4, 5, 0, 0, 0, 0]  # type: ignore[union-attr]


def test_a_source_without_test_rows_is_cut_too(tmp_path: Path) -> None:
    dataset = load_dataset(settings(split=SYSTEM_D), nowhere(tmp_path))
    assert dataset.provenance.rows == {"training": 1545, "validation": 180, "test": 72}
    summary = data_summary(dataset, samples(dataset.training, 4, 2, 0))
    rules = {name: part.rule for name, part in summary.splits.items()}
    assert rules == {
        "training": "the other 1,545 of all 1,797 rows",
        "validation": "180 drawn at random by class (seed 0) of all 1,797 rows",
        "test": "72 drawn at random by class (seed 0) of all 1,797 rows",
    }


@given(
    st.lists(st.integers(0, 5), min_size=3, max_size=150).map(np.array),
    st.integers(0, 2**32 - 1),
    st.data(),
)
def test_parts_are_disjoint_complete_and_in_proportion(
    labels: np.ndarray, seed: int, data: st.DataObject
) -> None:
    test = data.draw(st.integers(1, len(labels) - 2))
    validation = data.draw(st.integers(1, len(labels) - 1 - test))
    parts = drawn(labels, validation, test, seed)
    assert [len(part) for part in parts] == [len(labels) - validation - test, validation, test]
    assert sorted(np.concatenate(parts).tolist()) == list(range(len(labels)))
    counts = np.bincount(labels)
    for part, size in zip(parts[1:], (validation, test), strict=True):
        fair = counts * size / len(labels)
        assert (np.abs(np.bincount(labels[part], minlength=len(counts)) - fair) < 2).all()
    for part, again in zip(parts, drawn(labels, validation, test, seed), strict=True):
        assert (np.diff(part) > 0).all()
        np.testing.assert_array_equal(part, again)


def test_another_seed_gives_other_rows(tmp_path: Path) -> None:
    prints = [
        load_dataset(settings(split=SYSTEM_D, seed=seed), nowhere(tmp_path)).provenance.fingerprint
        for seed in (0, 0, 1)
    ]
    assert prints[0] == prints[1] != prints[2]


def test_tasks_and_the_saved_study_give_the_same_split(tmp_path: Path) -> None:
    asked = settings(split=SYSTEM_D, classes=["9", "0", "4"])
    dataset = load_dataset(asked, nowhere(tmp_path))
    sent = json.loads(json.dumps(resolved(asked, dataset.provenance).model_dump(mode="json")))
    again = load_dataset(DataSettings.model_validate(sent), nowhere(tmp_path))
    assert again.provenance == dataset.provenance
    without_none = {key: value for key, value in sent.items() if value is not None}
    assert DataSettings.model_validate(without_none) == DataSettings.model_validate(sent)


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"validation": {"fraction": 0.2}}, "so validation cannot be given"),
        ({"test": {"count": 3}, "training_rows": {"count": 3}}, "so training_rows, test cannot"),
        ({"test_rows": {"count": 3}}, "so test_rows cannot"),
        ({"split": {"training": 0.8, "validation": 0.1, "test": 0.2}}, "sum to 1.1, not to 1"),
        ({"split": {"training": 0.9, "validation": 0.1}}, "split.test"),
        ({"split": {"training": 1.0, "validation": 0.1, "test": -0.1}}, "split.training"),
    ],
)
def test_settings_that_cannot_be_are_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        settings(**{"split": SYSTEM_D} | values)
    assert words in str(caught.value)


def test_fractions_of_thirds_sum_to_one() -> None:
    Fractions(training=1 / 3, validation=1 / 3, test=1 / 3)
    with pytest.raises(ValidationError, match="not to 1"):
        Fractions(training=1 / 3, validation=1 / 3, test=1 / 3 + 1e-8)


def test_a_split_without_rows_is_an_error() -> None:
    with pytest.raises(DataError, match="1 validation and 0 test rows of 10"):
        cut(made((5, 5)), Fractions(**SYSTEM_D), 0)
