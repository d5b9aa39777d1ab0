"""Folds of a whole study, groups that are never parted, and rows taken in their order."""

from itertools import combinations

import hypothesis
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vestry.data.dataset import load_dataset
from vestry.data.folds import Folds, StudyFolds
from vestry.data.groups import Groups, deal
from vestry.data.image_set import ImageSet
from vestry.data.paths import DataPaths
from vestry.data.settings import DataSettings
from vestry.errors import DataError

CLASSES = ("a", "b", "c")


def rows(count: int, groups: list[str] | None = None, seed: int = 0) -> ImageSet:
    random = np.random.RandomState(seed)
    return ImageSet(
        random.randint(0, 256, (count, 4, 4)).astype(np.uint8),
        np.arange(count) % 3,
        CLASSES,
        np.array([f"train/{row:05d}" for row in range(count)]),
        groups=None if groups is None else np.array(groups),
    )


@pytest.fixture
def stored(tmp_path):
    """Writes an .npz of so many rows; gives the places and a maker of settings."""

    def made(count: int = 120, patients: int | None = None, test: int = 0, **more):
        arrays = {"images": rows(count).images, "labels": rows(count).labels}
        if test:
            arrays |= {"test_images": rows(test, seed=1).images, "test_labels": rows(test).labels}
        if patients:
            arrays["patient"] = np.arange(count) // 3 % patients
        np.savez(tmp_path / "rows.npz", **(arrays | more))
        return DataPaths.of(base=tmp_path)

    return made


def settings(**keys) -> DataSettings:
    return DataSettings(source="npz:rows.npz", **keys)


# Folds.


@hypothesis.settings(deadline=None)
@given(
    count=st.integers(30, 90),
    folds=st.integers(2, 6),
    repeats=st.integers(1, 3),
    seed=st.integers(0, 99),
)
def test_every_row_is_held_out_once_a_repeat_and_never_learnt_from_there(
    count, folds, repeats, seed
):
    made = StudyFolds(Folds(folds=folds, repeats=repeats), seed)
    labels = rows(count).labels
    times = np.zeros(count, dtype=int)
    for part in made.parts():
        learnt, held = part.rows(labels)
        assert not set(learnt) & set(held) and len(learnt) + len(held) == count
        times[held] += 1
    assert (times == repeats).all()


def test_a_fold_sets_rows_aside_of_its_own_alone():
    made = StudyFolds(Folds(folds=5, inner=0.25), seed=3)
    whole = rows(60)
    for part in made.parts():
        learnt, held = part.rows(whole.labels)
        own = whole.rows(learnt)
        kept, aside = made.inner.rows(own)
        assert len(aside) == 12 and not set(own.ids[aside]) & set(whole.ids[held])
        assert not set(kept) & set(aside) and len(kept) + len(aside) == len(own)
        assert np.bincount(own.labels[aside], minlength=3).tolist() == [4, 4, 4]


def test_a_study_of_folds_sets_no_rows_aside(stored):
    dataset = load_dataset(settings(validation={"folds": 4}), stored(120, test=30))
    assert dataset.validation is dataset.training and len(dataset.training) == 120
    assert dataset.folds is not None and len(dataset.folds.parts()) == 4
    assert "out-of-fold predictions of all 120 training rows, 4 folds" in dataset.provenance.split
    assert any("chosen by 4 folds of all 120" in note for note in dataset.provenance.notes)


@pytest.mark.parametrize(
    ("count", "keys", "folds"),
    [
        (1_999, {}, True),
        (2_000, {}, False),
        (1_999, {"validation": {"fraction": 0.2}}, False),
        (2_500, {"training_rows": {"count": 500}}, True),
        (2_500, {"validation": {"folds": 3}}, True),
        (300, {"split": {"training": 0.6, "validation": 0.2, "test": 0.2}}, False),
    ],
)
def test_folds_are_what_few_rows_are_chosen_by_unless_the_study_says_otherwise(
    stored, count, keys, folds
):
    dataset = load_dataset(settings(**keys), stored(count, test=30))
    assert (dataset.folds is not None) is folds
    unasked = folds and "validation" not in keys
    said = [note for note in dataset.provenance.notes if "says no `validation`" in note]
    assert len(said) == unasked


@pytest.mark.parametrize(("count", "folds"), [(9, 3), (12, 4), (15, 5), (60, 5)])
def test_there_are_no_more_folds_than_a_class_has_images(stored, count, folds):
    dataset = load_dataset(settings(), stored(count, test=30))
    assert dataset.folds is not None and len(dataset.folds.parts()) == folds


def test_a_class_of_one_image_is_not_answered_by_models_that_never_saw_it(stored):
    lonely = np.append(np.arange(59) % 2, 2)
    dataset = load_dataset(settings(), stored(60, test=30, labels=lonely))
    assert dataset.folds is None
    assert set(dataset.training.labels) == {0, 1, 2}


def test_too_few_rows_for_the_folds_are_refused_before_any_work(stored):
    with pytest.raises(DataError, match="give fewer folds"):
        load_dataset(settings(validation={"folds": 20}), stored(15, test=30))


@pytest.mark.parametrize(
    "given", [{"folds": 1}, {"folds": 2, "repeats": 0}, {"folds": 2, "inner": 1.0}, {"repeats": 2}]
)
def test_folds_that_cannot_be_are_refused(given):
    with pytest.raises(ValueError, match="validation"):
        settings(validation=given)


# Groups.


@hypothesis.settings(deadline=None)
@given(
    sizes=st.lists(st.integers(1, 6), min_size=8, max_size=40),
    folds=st.integers(2, 4),
    seed=st.integers(0, 99),
)
def test_no_group_is_parted_and_no_part_is_empty(sizes, folds, seed):
    groups = [f"g{number}" for number, size in enumerate(sizes) for _ in range(size)]
    whole = rows(len(groups), groups)
    made = StudyFolds(Folds(folds=folds), seed)
    for part in made.parts():
        learnt, held = part.rows(whole.labels, whole.groups)
        assert not set(whole.groups[learnt]) & set(whole.groups[held])
        assert len(learnt) and len(held)
        own = whole.rows(learnt)
        kept, aside = made.inner.rows(own)
        assert not set(own.groups[kept]) & set(own.groups[aside])


@hypothesis.settings(deadline=None)
@given(
    shares=st.sampled_from([(0.8, 0.2), (0.6, 0.2, 0.2), (0.9, 0.05, 0.05)]),
    seed=st.integers(0, 50),
)
def test_groups_are_dealt_by_class_and_in_the_shares_that_were_asked_for(shares, seed):
    labels = np.repeat(np.arange(4), [400, 400, 200, 200])
    groups = np.array([f"g{row // 4}" for row in range(1_200)])
    part = deal(labels, groups, np.array(shares), seed)
    for number, share in enumerate(shares):
        for label, count in enumerate([400, 400, 200, 200]):
            there = int(((part == number) & (labels == label)).sum())
            assert abs(there - share * count) <= 8  # two groups of four


@pytest.mark.parametrize(
    "keys",
    [
        {"validation": {"folds": 3}, "test": {"fraction": 0.2}},
        {"validation": {"fraction": 0.25}},
        {"split": {"training": 0.6, "validation": 0.2, "test": 0.2}},
    ],
)
@pytest.mark.parametrize("how", [{"column": "patient"}, {"pattern": r"(\d{4})"}])
def test_a_study_of_groups_parts_none(stored, keys, how):
    dataset = load_dataset(settings(groups=how, **keys), stored(600, patients=40))
    groups = {"training": set(dataset.training.groups), "test": set(dataset.test.unsealed().groups)}
    if not dataset.folds:
        groups["validation"] = set(dataset.validation.groups)
    for first, second in combinations(groups.values(), 2):
        assert not first & second
    assert any("none is parted" in note for note in dataset.provenance.notes)


@pytest.mark.parametrize(
    ("how", "problem"),
    [
        ({"pattern": "(patient.*)_"}, "fits none of 120 ids, such as '00000'"),
        ({"pattern": "(0)"}, "all rows are of one group"),
        ({"column": "doctor"}, "gives no column 'doctor'"),
    ],
)
def test_groups_that_say_nothing_are_refused(stored, how, problem):
    with pytest.raises(DataError, match="groups") as raised:
        load_dataset(settings(groups=how), stored(120, patients=20))
    assert problem in str(raised.value)


@pytest.mark.parametrize(
    "how",
    [{"pattern": "("}, {"pattern": "abc"}, {}, {"pattern": "(a)", "column": "b"}, {"column": ""}],
)
def test_groups_that_cannot_be_read_are_refused(how):
    with pytest.raises(ValueError, match=r"groups"):
        DataSettings(source="npz:rows.npz", groups=how)
    if how:
        with pytest.raises(
            ValueError, match=r"regular expression|\(\.\.\.\)|both|character|one of"
        ):
            Groups(**how)


def test_a_source_that_parts_groups_itself_is_warned_of(stored):
    places = stored(120, patients=20, test=30, test_patient=np.arange(30) + 15)
    dataset = load_dataset(settings(groups={"column": "patient"}), places)
    (said,) = [text for text in dataset.provenance.warnings if "have both" in text]
    assert said.startswith("5 groups (15, 16, 17 and others) have both training and test rows")
    assert "5 of 30 test rows" in said
    (note,) = [text for text in dataset.provenance.notes if "groups in" in text]
    assert note == "45 groups in 150 rows, by patient: 5 of them parted by the source"
    (alike,) = [text for text in dataset.provenance.warnings if "independent" in text]
    assert "45 groups, up to 6 rows each" in alike and "too narrow" in alike


def test_groups_are_counted_in_the_rows_that_are_used(stored):
    keys = {"groups": {"column": "patient"}, "training_rows": {"count": 60}}
    dataset = load_dataset(settings(**keys, test={"folds": 3}), stored(600, patients=300))
    (note,) = [text for text in dataset.provenance.notes if "groups in" in text]
    assert (
        note == f"{len(set(dataset.training.groups))} groups in 60 rows, by patient: none is parted"
    )


def test_rows_each_of_its_own_group_are_independent(stored):
    dataset = load_dataset(
        settings(groups={"column": "patient"}), stored(120, patient=np.arange(120))
    )
    assert not [text for text in dataset.provenance.warnings if "independent" in text]


def test_a_sources_own_test_part_is_not_pooled_in_silence(stored):
    places = stored(120, test=30)
    (said,) = load_dataset(settings(test={"folds": 3}), places).provenance.notes[:1]
    assert "pools the source's own parts, 120 training and 30 test rows" in said
    assert "pools the source" not in "".join(load_dataset(settings(), places).provenance.notes)
    alone = load_dataset(settings(test={"folds": 3}), stored(120))
    assert "pools the source" not in "".join(alone.provenance.notes)


def test_more_parts_than_groups_are_refused(stored):
    with pytest.raises(DataError, match="give fewer folds"):
        load_dataset(
            settings(groups={"column": "patient"}, validation={"folds": 9}),
            stored(120, patients=8, test=30, test_patient=np.arange(30) + 100),
        )


# Rows in their order.


def test_a_split_by_order_tests_on_the_last_rows_and_chooses_by_those_before(stored):
    split = {"training": 0.6, "validation": 0.2, "test": 0.2, "by": "order"}
    dataset = load_dataset(settings(split=split), stored(100))
    ids = [rows.ids.tolist() for rows in (dataset.training, dataset.validation, dataset.test)]
    assert [len(own) for own in ids] == [60, 20, 20]
    assert [name for own in ids for name in own] == [f"train/{row:05d}" for row in range(100)]
    assert "in the order of all 100 rows" in dataset.provenance.split


def test_fractions_by_order_take_the_last_rows(stored):
    keys = {name: {"fraction": 0.2, "by": "order"} for name in ("validation", "test")}
    dataset = load_dataset(settings(**keys), stored(100))
    assert dataset.test.ids[0] == "train/00080" and dataset.validation.ids[0] == "train/00064"
    with pytest.raises(ValueError, match="by"):
        settings(validation={"fraction": 0.2, "by": "order", "take": "first"})


def test_an_order_that_would_part_groups_is_refused(stored):
    split = {"training": 0.6, "validation": 0.2, "test": 0.2, "by": "order"}
    places = stored(120, patients=50)
    with pytest.raises(DataError, match="would be parted, such as"):
        load_dataset(settings(split=split, groups={"pattern": r".*(\d)$"}), places)
