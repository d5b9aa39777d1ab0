"""Handwritten digits, 8 x 8, 1,797 rows: real images that come with scikit-learn."""

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet, Source, array_ids
from vestry.data.source_kind import SOURCES, SourceKind

_NAME = "digits"
_CLASSES = tuple(str(digit) for digit in range(10))
_LICENCE = (
    "Optical Recognition of Handwritten Digits, E. Alpaydin and C. Kaynak (1998), UCI Machine "
    "Learning Repository, CC BY 4.0; the copy that comes with scikit-learn"
)
_NOTES = (
    "digits has values 0 to 16; they were scaled to 0 to 255 by round(value * 255 / 16)",
    "digits has no test rows of its own",
)
_BRIGHTEST = 16


def load() -> Source:
    """The 1,797 images of `sklearn.datasets.load_digits`, scaled to bytes."""
    table = _read_table()
    images = np.rint(table[:, :-1] * (255 / _BRIGHTEST)).astype(np.uint8).reshape(-1, 8, 8)
    labels = table[:, -1].astype(np.int64)
    train = ImageSet(images, labels, _CLASSES, array_ids("train", len(labels)))
    return Source(_NAME, train, None, _LICENCE, _NOTES)


def _read_table() -> NDArray[np.float64]:
    """(1797, 65): 64 pixels from 0 to 16, then the label.

    Read beside scikit-learn rather than through it, because importing it costs a second in
    every process; through it where a later version keeps the file elsewhere.
    """
    path = stored_table()
    if path is not None:
        return np.loadtxt(path, delimiter=",", dtype=np.uint8).astype(np.float64)
    from sklearn.datasets import load_digits  # noqa: PLC0415 - heavy

    pixels, labels = load_digits(return_X_y=True)
    return np.column_stack([pixels, labels])


def stored_table() -> Path | None:
    found = importlib.util.find_spec("sklearn")
    folders = found.submodule_search_locations if found else None
    path = Path(folders[0]) / "datasets" / "data" / "digits.csv.gz" if folders else None
    return path if path is not None and path.is_file() else None


SOURCES.register(
    SourceKind(
        _NAME,
        "1,797 grey handwritten digits, 8 x 8, ten classes (comes with scikit-learn)",
        lambda _: load(),
    )
)
