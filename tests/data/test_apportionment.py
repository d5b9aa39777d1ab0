"""Whole shares: exact in all, fair by class, and no class lost without need."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vestry.data.split import Selection, class_shares, divide, largest_remainder


@st.composite
def labelled(draw: st.DrawFn) -> np.ndarray:
    """Labels of classes of which some are rare and some have no rows, in any order."""
    rare = draw(st.lists(st.integers(0, 4), max_size=12))
    large = draw(st.lists(st.integers(5, 150), min_size=1, max_size=5))
    labels = np.repeat(np.arange(len(rare) + len(large)), rare + large)
    return np.random.RandomState(draw(st.integers(0, 99))).permutation(labels)


@given(labelled(), st.floats(0.001, 0.999), st.booleans(), st.integers(0, 2**32 - 1))
def test_any_fraction_is_exact_fair_and_repeatable(
    labels: np.ndarray, fraction: float, leaving: bool, seed: int
) -> None:
    size = Selection(fraction=fraction).size(len(labels))
    taken, left = divide(labels, size, "random", seed, leaving)
    assert len(taken) == size and len(taken) + len(left) == len(set(taken) | set(left))
    counts = np.bincount(labels)
    found = np.bincount(labels[taken], minlength=len(counts))
    assert (np.abs(found * len(labels) - counts * size) <= len(labels)).all()
    again, _ = divide(labels, size, "random", seed, leaving)
    assert taken.tolist() == again.tolist()


@given(labelled(), st.floats(0.001, 0.999))
def test_a_class_is_in_both_parts_wherever_one_row_allows_it(
    labels: np.ndarray, fraction: float
) -> None:
    counts, total = np.bincount(labels), len(labels)
    size = Selection(fraction=fraction).size(total)
    if not size:
        return
    taken = class_shares(counts, size, leaving=True)
    fair = counts * size / total
    # What could be taken off the others, each within one row of its share, and given to them.
    several = counts > 1
    least = np.maximum(np.ceil(fair - 1), several)
    most = np.maximum(np.minimum(np.floor(fair + 1), counts - several), 0)
    if least.sum() <= size <= np.minimum(most, np.where(counts == 1, 0, most)).sum():
        assert (taken[several] > 0).all() and (counts - taken)[several].all()
        assert not taken[counts == 1].any()


@given(labelled(), st.floats(0.001, 0.999))
def test_a_subset_keeps_a_row_of_each_class_wherever_one_row_allows_it(
    labels: np.ndarray, fraction: float
) -> None:
    counts = np.bincount(labels)
    size = Selection(fraction=fraction).size(len(labels))
    least = np.maximum(np.ceil(counts * size / len(labels) - 1), counts > 0)
    if size and least.sum() <= size:
        assert class_shares(counts, size, leaving=False)[counts > 0].all()


def test_where_nothing_is_rare_shares_go_to_the_largest_remainders() -> None:
    assert largest_remainder(np.array([5, 3, 2]), 4).tolist() == [2, 1, 1]
    assert largest_remainder(np.array([1, 1, 1]), 2).tolist() == [1, 1, 0]
    for counts in ([50, 30, 20], [13, 17, 19], [6000] * 10):
        some = np.array(counts)
        for size in (some.sum() // 5, some.sum() // 3):
            shares = class_shares(some, int(size), leaving=True)
            assert shares.tolist() == largest_remainder(some, int(size)).tolist()


def test_rare_classes_are_kept_in_both_parts() -> None:
    counts = np.array([100, 2, 1, 3])
    assert class_shares(counts, 21, leaving=True).tolist() == [19, 1, 0, 1]
    # One row off the large class's share serves one of the rare ones, and no more.
    assert class_shares(counts, 6, leaving=False).tolist() == [5, 0, 0, 1]
