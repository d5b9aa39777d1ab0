"""Images given as arrays, as another library's data sets or as a source: what a study takes."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import StudyError
from vestry.pipeline.tryout.draft import source_from
from vestry.python_api.given_datasets import arrays_of_parts, is_dataset

IMAGES_FILE = "images.npz"
"""The arrays of a study made in Python, beside its file."""
ARRAYS = f"npz:{IMAGES_FILE}"


def given_images(
    images: Any, labels: Any, test_images: Any, test_labels: Any, home: Path
) -> tuple[str, dict[str, NDArray[Any]]]:
    """What `[data] source` says, and arrays that are to lie in `home`, beside the study.

    Raises StudyError for what are no images with their labels.
    """
    if isinstance(images, str | Path):
        if any(each is not None for each in (labels, test_images, test_labels)):
            raise StudyError(
                f"{images} has labels of its own; give arrays for both, or for neither"
            )
        return source_from(str(images), home), {}
    if is_dataset(images):
        if labels is not None or test_labels is not None:
            raise StudyError("a data set has labels of its own; leave labels and y_test out")
        return ARRAYS, arrays_of_parts(images, test_images)
    if labels is None:
        raise StudyError("images in an array need their labels")
    if (test_images is None) != (test_labels is None):
        raise StudyError("give X_test and y_test, or neither")
    arrays = {"images": _images(images, "images"), "labels": _labels(labels, "labels")}
    _check_rows(arrays["images"], arrays["labels"], "images", "labels")
    if test_images is not None:
        tests, named = _images(test_images, "X_test"), _labels(test_labels, "y_test")
        _check_rows(tests, named, "X_test", "y_test")
        arrays |= {"test_images": tests, "test_labels": named}
    return ARRAYS, arrays


def _images(given: Any, name: str) -> NDArray[Any]:
    array = _array(given, name)
    if array.dtype.kind not in "uif":
        raise StudyError(f"{name} are {array.dtype}; bytes or floats are needed")
    if array.ndim not in (3, 4):
        raise StudyError(
            f"{name} has the shape {array.shape}; give (n, height, width) or (n, height, width, "
            "3): flat rows become images by X.reshape(-1, height, width)"
        )
    return array


def _labels(given: Any, name: str) -> NDArray[Any]:
    """Objects that are all text become text: nothing is pickled, and no None becomes a class."""
    array = _array(given, name)
    if array.dtype == object and all(isinstance(each, str) for each in array.ravel()):
        array = array.astype(np.str_)
    if array.dtype.kind not in "iufbUS" or array.ndim == 0:
        raise StudyError(
            f"{name} are {array.dtype} of shape {array.shape}; whole numbers or text, one a row, "
            "are needed, and none may be missing"
        )
    return array


def _array(given: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(given)
    except (ValueError, TypeError) as error:  # rows of unlike lengths, a tensor on a card
        raise StudyError(f"{name} cannot become one array: {error}") from None


def _check_rows(images: NDArray[Any], labels: NDArray[Any], one: str, other: str) -> None:
    if len(images) != len(labels):
        raise StudyError(f"{one} has {len(images):,} rows, {other} has {len(labels):,}")
