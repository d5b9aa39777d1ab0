"""The parity gate lets through what is equal, and nothing else."""

import numpy as np
import pytest

from vestry.errors import ModelError
from vestry.export.parity import TOLERANCE, certified

ROWS, CLASSES = 1200, 4
IMAGES = np.random.default_rng(0).integers(0, 256, (ROWS, 6, 6), np.uint8)
SOURCE = np.random.default_rng(1).dirichlet(np.ones(CLASSES), ROWS).astype(np.float32)
PLACES = {image.tobytes(): place for place, image in enumerate(IMAGES)}


def predict(images, change=lambda table: table):
    return change(SOURCE[[PLACES[image.tobytes()] for image in images]].copy())


def altered(table, row, values):
    table[row % len(table)] = values
    return table


def test_an_equal_file_passes_and_says_what_was_measured():
    told = []
    found = certified(predict, IMAGES, SOURCE, lambda done, total: told.append((done, total)))
    assert found == {
        "rows": ROWS,
        "labels_equal": ROWS,
        "ties": 0,
        "largest_gap": 0.0,
        "tolerance": TOLERANCE,
    }
    assert told[-1] == (ROWS, ROWS)


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda t: t[:, [1, 0, 2, 3]], id="two classes swapped"),
        pytest.param(lambda t: altered(t, 3, [np.nan] * CLASSES), id="NaN"),
        pytest.param(lambda t: altered(t, 3, t[4]), id="one row of another image"),
        pytest.param(lambda t: t + np.float32(2e-4), id="probabilities 2e-4 off"),
        pytest.param(lambda t: t[:, :3], id="a class missing"),
        pytest.param(lambda t: t[:-1], id="a row missing"),
    ],
)
def test_a_wrong_file_is_refused(change):
    with pytest.raises(ModelError, match="parity"):
        certified(lambda images: predict(images, change), IMAGES, SOURCE)


def test_nothing_passes_on_no_rows():
    with pytest.raises(ModelError, match="no rows"):
        certified(predict, IMAGES[:0], SOURCE[:0])
