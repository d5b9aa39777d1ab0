"""Parts of the training rows: folds, and few images a class."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from vestry.data.image_set import ImageSet
from vestry.data.subset import CrossValidation, PerClassSubset, fold_of, held_out_whole
from vestry.errors import DataError

label_lists = st.lists(st.integers(0, 3), min_size=12, max_size=120)


@settings(max_examples=60, deadline=None)
@given(label_lists, st.integers(2, 6), st.booleans(), st.integers(0, 5))
def test_every_row_is_held_out_exactly_once(labels, folds, stratified, seed):
    rows = np.array(labels)
    parts = CrossValidation(folds=folds, stratified=stratified, seed=seed).parts()
    held_out = []
    for part in parts:
        learnt, out = part.rows(rows)
        assert not set(learnt) & set(out) and len(learnt) + len(out) == len(rows)
        held_out += out.tolist()
    assert sorted(held_out) == list(range(len(rows)))


@settings(max_examples=60, deadline=None)
@given(label_lists, st.integers(2, 6), st.integers(0, 5))
def test_folds_are_even_in_all_and_stratified_ones_by_class(labels, folds, seed):
    rows = np.array(labels)
    fold = fold_of(rows, folds, True, seed)
    for label in (None, *range(4)):
        own = fold if label is None else fold[rows == label]
        counts = np.bincount(own, minlength=folds)
        assert counts.max() - counts.min() <= 1


@settings(max_examples=60, deadline=None)
@given(label_lists, st.integers(2, 6), st.booleans(), st.integers(1, 3))
def test_classes_that_a_fold_holds_out_whole_are_found(labels, folds, stratified, repeats):
    rows = np.array(labels)
    crossed = CrossValidation(folds=folds, stratified=stratified, repeats=repeats)
    learnt = [set(rows[part.rows(rows)[0]].tolist()) for part in crossed.parts()]
    expected = sorted(set(labels) - set.intersection(*learnt))
    images = np.zeros((len(rows), 2, 2), np.uint8)
    classes = tuple(f"class {label}" for label in range(int(rows.max()) + 2))
    whole = ImageSet(images, rows, classes, np.arange(len(rows)).astype(np.str_))
    assert held_out_whole(crossed.parts(), whole) == expected
    if stratified:
        assert all(labels.count(label) == 1 for label in expected)


def test_repeats_draw_other_folds_and_the_same_seed_the_same():
    labels = np.arange(60) % 3
    first, second = (part for part in CrossValidation(folds=2, repeats=2).parts()[::2])
    assert not np.array_equal(first.rows(labels)[0], second.rows(labels)[0])
    assert np.array_equal(first.rows(labels)[0], first.rows(labels)[0])


def test_more_folds_than_rows_are_refused():
    with pytest.raises(DataError, match="give fewer folds"):
        fold_of(np.zeros(3, dtype=np.int64), 5, True, 0)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10), st.integers(0, 9))
def test_few_images_are_so_many_of_each_class_and_the_larger_part_holds_the_smaller(size, seed):
    labels = np.repeat(np.arange(4), 11)[np.random.RandomState(seed).permutation(44)]
    small, none = PerClassSubset(per_class=size, seed=seed).rows(labels)
    large, _ = PerClassSubset(per_class=11, seed=seed).rows(labels)
    assert np.bincount(labels[small]).tolist() == [size] * 4 and not len(none)
    assert set(small) <= set(large)


def test_a_class_with_too_few_images_is_named():
    with pytest.raises(DataError, match="class 1 has 2 training images"):
        PerClassSubset(per_class=3, seed=0).rows(np.array([0, 0, 0, 1, 1]))


def test_wrong_settings_are_refused():
    for wrong in ({"folds": 1}, {"repeats": 0}, {"fold": 5}):
        with pytest.raises(ValidationError):
            CrossValidation(**wrong)
