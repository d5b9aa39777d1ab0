import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import pictures
from pydantic import ValidationError

from vestry.data.image_set import ImageSet, array_ids
from vestry.data.split import Selection, Splitter, divide
from vestry.errors import DataError

label_lists = st.lists(st.integers(0, 4), min_size=1, max_size=200).map(np.array)
takes = st.sampled_from(["first", "last", "random"])


@st.composite
def divisions(draw: st.DrawFn) -> tuple[np.ndarray, int, str, int]:
    labels = draw(label_lists)
    size = draw(st.integers(0, len(labels)))
    return labels, size, draw(takes), draw(st.integers(0, 2**32 - 1))


def rows(labels: list[int]) -> ImageSet:
    return ImageSet(
        pictures(len(labels)),
        np.array(labels, dtype=np.int64),
        ("a", "b", "c"),
        array_ids("train", len(labels)),
    )


@given(divisions())
def test_parts_are_disjoint_complete_exact_and_repeatable(
    division: tuple[np.ndarray, int, str, int],
) -> None:
    labels, size, take, seed = division
    taken, left = divide(labels, size, take, seed)  # type: ignore[arg-type]
    assert len(taken) == size
    assert sorted([*taken, *left]) == list(range(len(labels)))
    assert (np.diff(taken) > 0).all() and (np.diff(left) > 0).all()
    again, _ = divide(labels, size, take, seed)  # type: ignore[arg-type]
    np.testing.assert_array_equal(taken, again)
    if size and take != "random":
        assert taken[0] == (0 if take == "first" else len(labels) - size)
        assert taken[-1] == taken[0] + size - 1


@given(divisions())
def test_a_random_part_has_each_class_in_proportion_to_one_row(
    division: tuple[np.ndarray, int, str, int],
) -> None:
    labels, size, _, seed = division
    taken, _ = divide(labels, size, "random", seed)
    found = np.bincount(labels[taken], minlength=5)
    fair = np.bincount(labels, minlength=5) * (size / len(labels))
    assert (np.abs(found - fair) < 1 + 1e-9).all()


def test_another_seed_draws_other_rows() -> None:
    labels = np.tile(np.arange(4), 50)
    drawn = {tuple(divide(labels, 40, "random", seed)[0]) for seed in range(5)}
    assert len(drawn) == 5


def test_the_draw_of_today_is_the_draw_of_tomorrow() -> None:
    labels = np.tile(np.arange(3), 5)
    assert divide(labels, 6, "random", 7)[0].tolist() == [0, 4, 7, 9, 11, 14]


@given(count=st.integers(2, 100_000), fraction=st.floats(0.001, 0.999))
def test_a_last_fraction_is_what_keras_takes(count: int, fraction: float) -> None:
    split_at = math.floor(count * (1.0 - fraction))
    assert Selection(fraction=fraction, take="last").size(count) == count - split_at


@pytest.mark.parametrize("take", ["first", "random"])
def test_any_other_fraction_is_rounded(take: str) -> None:
    assert Selection(fraction=0.9, take=take).size(10) == 9  # type: ignore[arg-type]
    assert Selection(fraction=0.25, take=take).size(10) == 3  # type: ignore[arg-type]
    assert Selection(count=4, take=take).size(10) == 4  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({}, "give fraction (between 0 and 1) or count (1 or more)"),
        ({"fraction": 0.2, "count": 3}, "not both"),
        ({"fraction": 0}, "greater than 0"),
        ({"fraction": 1}, "less than 1"),
        ({"fraction": float("nan")}, "fraction"),
        ({"count": 0}, "greater than or equal to 1"),
        ({"count": True}, "valid integer"),
        ({"count": 1, "take": "middle"}, "'first', 'last' or 'random'"),
        ({"count": 1, "rows": 3}, "rows"),
    ],
)
def test_a_selection_that_cannot_be_is_named(values: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Selection(**values)  # type: ignore[arg-type]
    assert words in str(caught.value)


@pytest.mark.parametrize("labels", [[0, 1, 2] * 4, [0] * 4 + [1] * 4 + [2] * 4, [2, 1, 0] * 4])
def test_rows_are_drawn_by_class_in_whatever_order_they_stand(labels: list[int]) -> None:
    splitter, given = Splitter(seed=0), Selection(count=3)
    left, taken = splitter.part(rows(labels), given, "validation")
    assert (taken.class_counts().tolist(), left.class_counts().tolist()) == ([1] * 3, [3] * 3)
    assert splitter.subset(rows(labels), given, "training_rows").class_counts().tolist() == [1] * 3
    assert splitter.words == [
        "validation: 3 drawn at random by class (seed 0) of 12 rows",
        "training_rows: 3 drawn at random by class (seed 0) of 12 rows",
    ]


def test_the_first_and_the_last_are_taken_where_that_is_asked_for() -> None:
    ordered, splitter = rows([0] * 4 + [1] * 4 + [2] * 4), Splitter(seed=0)
    last = Selection(count=3, take="last")
    assert splitter.part(ordered, last, "validation")[1].class_counts().tolist() == [0, 0, 3]
    first = Selection(count=3, take="first")
    assert splitter.subset(ordered, first, "training_rows").ids[-1] == "train/00002"
    assert splitter.words == [
        "validation: the last 3 of 12 rows",
        "training_rows: the first 3 of 12 rows",
    ]


def test_too_many_and_too_few_rows_are_refused() -> None:
    mixed = rows([0, 2, 1] * 4)
    splitter = Splitter(seed=0)
    with pytest.raises(DataError, match="training_rows asks for 13 rows, there are 12"):
        splitter.subset(mixed, Selection(count=13), "training_rows")
    assert len(splitter.subset(mixed, Selection(count=12), "training_rows")) == 12
    with pytest.raises(DataError, match="none of 12 rows"):
        splitter.subset(mixed, Selection(fraction=0.01), "training_rows")
    with pytest.raises(DataError, match="leaves 0"):
        splitter.part(mixed, Selection(count=12), "validation")
    with pytest.raises(DataError, match="takes 0 of 12"):
        splitter.part(mixed, Selection(fraction=0.01), "validation")
