import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from made_files import pictures

from vestry.data.image_set import ImageSet, array_ids
from vestry.errors import DataError


def image_set(**changes: object) -> ImageSet:
    fields = {
        "images": pictures(4),
        "labels": np.array([0, 1, 1, 0]),
        "classes": ("a", "b"),
        "ids": array_ids("train", 4),
    }
    return ImageSet(**(fields | changes))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images": pictures(4).astype(np.float32)}, "float32"),
        ({"images": pictures(4, 6, 5, 4)}, "(4, 6, 5, 4)"),
        ({"images": pictures(4, 6, 0)}, "no side may be 0"),
        ({"images": pictures(3)}, "3 images, 4 labels"),
        ({"labels": np.array([0, 1, 2, 0])}, "label 2 of train/00002 is out of range"),
        ({"labels": np.array([0, -1, 1, 0])}, "label -1 of train/00001"),
        ({"classes": ("a",), "labels": np.zeros(4, int)}, "at least 2"),
        ({"classes": ("a", "a")}, "'a'"),
        ({"classes": ("a", "caf\udce9")}, "half a character"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, object], words: str) -> None:
    with pytest.raises(DataError) as caught:
        image_set(**changes)
    assert words in str(caught.value)


def test_the_fingerprint_tells_any_change() -> None:
    plain = image_set()
    pixels = pictures(4)
    pixels[3, 5, 4] ^= 1
    others = [
        image_set(images=pixels),
        image_set(labels=np.array([0, 1, 1, 1])),
        image_set(classes=("a", "c")),
        image_set(images=pictures(4).reshape(4, 5, 6)),
        plain.rows(np.array([1, 0, 2, 3])),
    ]
    assert plain.fingerprint == image_set().fingerprint
    assert len({plain.fingerprint, *(other.fingerprint for other in others)}) == 6


@given(index=st.lists(st.integers(-20, 19), max_size=30).map(lambda rows: np.array(rows, int)))
def test_a_slice_takes_the_same_rows(index: np.ndarray) -> None:
    pixels = np.arange(80, dtype=np.uint8).reshape(20, 2, 2)
    rows = ImageSet(pixels, np.arange(20) % 2, ("a", "b"), array_ids("training", 20))
    taken = rows.rows(index)
    np.testing.assert_array_equal(taken.images, pixels[index])
    np.testing.assert_array_equal(taken.ids, rows.ids[index])


def test_rows_keep_their_ids_and_copy_nothing_where_they_follow() -> None:
    whole = image_set()
    part = whole.rows(np.array([1, 2]))
    assert part.ids.tolist() == ["train/00001", "train/00002"]
    assert np.shares_memory(part.images, whole.images)
    assert whole.rows(np.array([3, 0])).ids.tolist() == ["train/00003", "train/00000"]


def test_ids_are_padded_to_one_length() -> None:
    assert array_ids("test", 2).tolist() == ["test/00000", "test/00001"]
    assert array_ids("test", 100_001)[[0, -1]].tolist() == ["test/000000", "test/100000"]
