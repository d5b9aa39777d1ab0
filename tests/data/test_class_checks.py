"""Classes that fall unevenly to the splits are told, and splits that are of no use refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_files import nowhere, pictures, write_class_folders

from vestry.data.class_checks import differ
from vestry.data.dataset import Dataset, load_dataset
from vestry.data.settings import DataSettings
from vestry.errors import DataError

RISING = [0] * 30 + [1] * 30 + [2] * 30
MIXED = [0, 1, 2] * 30


def load(
    folder: Path, labels: list[int], own_test: list[int] | None, data: dict[str, object]
) -> Dataset:
    arrays = {"images": pictures(len(labels)), "labels": np.array(labels)}
    if own_test is not None:
        arrays |= {"test_images": pictures(len(own_test)), "test_labels": np.array(own_test)}
    np.savez(folder / "a.npz", **arrays)  # type: ignore[arg-type]
    given = DataSettings.model_validate({"source": "npz:a.npz"} | data)
    return load_dataset(given, nowhere(folder))


@pytest.mark.parametrize(
    "labels",
    [MIXED, RISING, RISING[::-1], [1] * 30 + [0, 2] * 30, [2] * 29 + [0, 1, 2] * 20 + [1]],
    ids=["mixed", "rising", "falling", "a block, then a mixture", "blocks in no order"],
)
@pytest.mark.parametrize(
    "data",
    [
        {},
        {"validation": {"fraction": 0.2}},
        {"training_rows": {"count": 60}},
        {"training_rows": {"fraction": 0.7}, "validation": {"count": 15}, "test": {"count": 15}},
        {"split": {"training": 0.6, "validation": 0.2, "test": 0.2}},
    ],
    ids=str,
)
def test_by_default_every_part_has_every_class_in_its_share(
    tmp_path: Path, labels: list[int], data: dict[str, object]
) -> None:
    dataset = load(tmp_path, labels, None, data)
    assert dataset.provenance.warnings == ()
    whole = np.bincount(labels) / len(labels)
    for part in (dataset.training, dataset.validation, dataset.test):
        counts = part.class_counts()
        assert (np.abs(counts - whole * len(part)) <= 2).all()


def test_a_folder_is_drawn_by_class_and_its_last_rows_are_refused(tmp_path: Path) -> None:
    write_class_folders(tmp_path / "x", "a", "b", count=25)
    asked = DataSettings.model_validate({"source": "folder:x", "validation": {"fraction": 0.2}})
    dataset = load_dataset(asked, nowhere(tmp_path))
    for rows, each in ((dataset.training, 16), (dataset.validation, 4), (dataset.test, 5)):
        assert rows.class_counts().tolist() == [each, each]
    last = {"source": "folder:x", "validation": {"fraction": 0.5, "take": "last"}}
    with pytest.raises(DataError, match=r'no training rows of b .*validation says take = "last"'):
        load_dataset(DataSettings.model_validate(last), nowhere(tmp_path))


@pytest.mark.parametrize(
    ("labels", "data", "words"),
    [
        (
            RISING,
            {"validation": {"fraction": 0.2, "take": "last"}},
            "rows are of 2 alone .* no model can",
        ),
        (RISING[::-1], {"validation": {"fraction": 0.2, "take": "last"}}, "validation rows are of"),
        (RISING, {"validation": {"count": 20, "take": "first"}}, "at random by class"),
        (RISING, {"training_rows": {"count": 40, "take": "first"}}, "no training rows of 2"),
        (RISING, {"test": {"count": 30, "take": "last"}}, 'test says take = "last"'),
        (MIXED, {"validation": {"count": 1}}, "validation rows are of"),
        ([0, 1] * 20 + [2], {"validation": {"count": 31}}, "leave more rows for training"),
    ],
)
def test_what_cannot_be_learnt_or_chosen_by_is_refused_with_the_way_on(
    tmp_path: Path, labels: list[int], data: dict[str, object], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        load(tmp_path, labels, None, data)


@pytest.mark.parametrize(
    ("labels", "test", "data", "words"),
    [
        (
            MIXED,
            [0, 1] * 9,
            {},
            "No test rows of 2 (30 rows in all). They are the source's own test rows",
        ),
        (MIXED, [0, 0], {}, "No test rows of 1 (30 rows in all), 2 (30 rows in all). "),
        (MIXED, [0, 1, 2, 0], {"test_rows": {"count": 2, "take": "first"}}, "test_rows says take"),
        (
            [0, 1] * 20 + [2] * 2,
            [0, 1, 2],
            {"validation": {"count": 2}},
            "No validation rows of 2 (3 rows in all)",
        ),
        (
            [0, 1] * 20 + [2],
            [0, 1, 2],
            {"validation": {"fraction": 0.2}},
            "No validation rows of 2 (2 rows in all). Add images",
        ),
        (
            MIXED + [0, 1] * 15,
            MIXED,
            {"validation": {"fraction": 0.25, "take": "last"}},
            'No validation rows of 2 (60 rows in all). [data] validation says take = "last"',
        ),
        (
            [0, 1, 2] * 20 + [0, 0, 0, 0, 1, 2] * 20,
            MIXED,
            {"validation": {"count": 120, "take": "last"}},
            "other shares of classes than the training rows: 0 is 67% of them and 33% of",
        ),
        (MIXED * 3, [0, 0, 0, 1, 2] * 30, {}, "The test rows have other shares"),
        (
            [0, 0, 0, 0, 1, 2] * 20 + MIXED * 2,
            None,
            {"training_rows": {"count": 120, "take": "first"}},
            "The rows of training_rows have other shares of classes than the source's other",
        ),
    ],
)
def test_classes_that_lack_or_have_other_shares_are_warned_of(
    tmp_path: Path,
    labels: list[int],
    test: list[int] | None,
    data: dict[str, object],
    words: str,
) -> None:
    warnings = load(tmp_path, labels, test, data).provenance.warnings
    assert len(warnings) == 1 and words in warnings[0]


@pytest.mark.parametrize(
    ("labels", "test", "words"),
    [
        ([0, 1] * 20, [0, 2], "there are test images of 2 and no training images"),
        ([0, 2] * 20, [0, 2], "no training rows of 1; .* keep the classes that have some"),
    ],
)
def test_a_source_without_rows_of_a_class_is_refused_with_the_way_on(
    tmp_path: Path, labels: list[int], test: list[int] | None, words: str
) -> None:
    with pytest.raises(DataError, match=words):
        load(tmp_path, labels, test, {})


def test_a_pool_may_have_a_class_from_its_test_rows(tmp_path: Path) -> None:
    split = {"training": 0.5, "validation": 0.25, "test": 0.25}
    dataset = load(tmp_path, [0, 1] * 20, [2] * 20, {"split": split})
    assert dataset.training.class_counts().tolist() == [10, 10, 10]


def test_chosen_classes_without_test_rows_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no test rows of 1, 2"):
        load(tmp_path, MIXED, [0] * 9, {"classes": ["1", "2"]})


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 12), st.integers(2, 80), st.integers(0, 2**32 - 1))
def test_parts_drawn_at_random_are_hardly_ever_an_alarm(classes: int, size: int, seed: int) -> None:
    random = np.random.default_rng(seed)
    counts = random.multinomial(300, random.dirichlet(np.ones(classes)))
    parts = (random.multivariate_hypergeometric(counts, size) for _ in range(20))
    # One draw in a thousand may be one: three of twenty come about once in a million.
    assert sum(differ(part, counts - part) for part in parts) <= 2


def test_what_differs_is_told_from_chance_and_from_trifles() -> None:
    assert differ(np.array([50, 50]), np.array([90, 10]))
    assert not differ(np.array([5, 5]), np.array([9, 1]))
    assert not differ(np.array([50_000, 50_000]), np.array([55_000, 45_000]))
    assert not differ(np.array([0, 0]), np.array([9, 1]))
