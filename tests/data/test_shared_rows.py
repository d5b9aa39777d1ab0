"""Images that stand in two parts of a study, found before anything is fitted."""

from types import SimpleNamespace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vestry.data.image_set import ImageSet
from vestry.data.sealed import SealedSet
from vestry.data.shared_rows import leak_warnings, shared_rows


def rows(name, values):
    images = np.array([[[value, 0], [0, value // 2]] for value in values], dtype=np.uint8)
    ids = np.array([f"{name}/{row}" for row in range(len(values))], dtype=np.str_)
    labels = np.arange(len(values), dtype=np.int64) % 2
    return ImageSet(images.reshape(-1, 2, 2), labels, ("a", "b"), ids)


def dataset(training, validation, test):
    learnt = rows("training", training)
    apart = learnt if validation is None else rows("validation", validation)
    return SimpleNamespace(
        training=learnt, validation=apart, test=SealedSet(rows("test", test)), folds=None
    )


VALUES = st.lists(st.integers(0, 20), min_size=1, max_size=12)


@given(VALUES, VALUES, VALUES)
def test_every_two_parts_are_held_against_each_other(training, validation, test):
    found = {(s.one, s.other): s for s in shared_rows(dataset(training, validation, test))}
    parts = {"training": training, "validation": validation, "test": test}
    assert len(found) == 3
    for (one, other), shared in found.items():
        wanted = [f"{other}/{row}" for row, v in enumerate(parts[other]) if v in parts[one]]
        assert shared.ids.tolist() == wanted and shared.of == len(parts[other])


def test_rows_that_folds_choose_by_are_no_other_part():
    found = shared_rows(dataset([1, 2], None, [2, 3, 3]))
    assert [(s.one, s.other, len(s)) for s in found] == [("training", "test", 1)]


def test_each_overlap_is_said_with_what_it_means():
    said = leak_warnings(shared_rows(dataset([1, 2], [2, 9], [1, 9])), ["A"])
    assert "1 of 2 test images is" in said[0] and "what it remembers" in said[0]
    assert "A learnt them (refit)" in said[1]
    assert "favour what learns by heart" in said[2]
    assert leak_warnings(shared_rows(dataset([1], [2], [3])), []) == []
    (every,) = leak_warnings(shared_rows(dataset([1, 2], None, [1, 2])), [])
    assert every.startswith("All 2 test images are training images, too")
