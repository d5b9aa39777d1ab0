"""Labelled images in objects of other libraries: Hugging Face's data sets, torchvision's and alike.

They are known by what they can do, so that neither library has to be there: a Hugging Face set has
`features` and `column_names`, a set of torch's kind gives (image, label) for a number.
"""

import warnings
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import pixels_of
from vestry.errors import StudyError

_IMAGES, _LABELS = ("image", "img"), ("label", "labels", "fine_label", "class")
_MOST_OF_ONE_SIZE = 0.5
_OTHER_SIZE = (64, 64)
_PARTS = {"train": "", "validation": "val_", "val": "val_", "test": "test_"}
_GREY = ("1", "L", "I", "I;16", "I;16B", "F")


def is_dataset(given: Any) -> bool:
    """Whether it is one of these, or several by part (`train`, `test`); no array, path or frame."""
    if isinstance(given, Mapping):
        return bool(given) and all(is_dataset(part) for part in given.values())
    if isinstance(given, str | bytes | list | tuple) or hasattr(given, "dtype"):
        return False
    if _is_hugging_face(given):
        return True
    return all(hasattr(given, name) for name in ("__len__", "__getitem__")) and not hasattr(
        given, "columns"
    )


def arrays_of_parts(given: Any, test: Any = None) -> dict[str, NDArray[Any]]:
    """`images`, `labels`, `val_images` and so on, as an `npz:` source has them.

    given: one set or several by part; test: the test rows' set. Raises StudyError for parts of
    other names, a set without rows, images or labels, and what is no picture.
    """
    parts = dict(given) if isinstance(given, Mapping) else {"train": given}
    if test is not None:
        parts["test"] = test
    unknown = [name for name in parts if name not in _PARTS]
    if unknown or "train" not in parts:
        raise StudyError(
            f"a data set has the parts {', '.join(map(repr, parts))}; known are train, validation "
            "and test, of which train is needed: hand over those, as {'train': ..., 'test': ...}"
        )
    read = {_PARTS[name]: _read(part, name) for name, part in parts.items()}
    images = _alike({prefix: pictures for prefix, (pictures, _) in read.items()})
    made = {f"{prefix}images": array for prefix, array in images.items()}
    return made | {f"{prefix}labels": labels for prefix, (_, labels) in read.items()}


def _read(given: Any, name: str) -> tuple[list[Any], NDArray[Any]]:
    if not hasattr(given, "__len__") or not len(given):
        raise StudyError(f"the part {name!r} of the data set has no rows, or does not say how many")
    pairs = _columns(given, name) if _is_hugging_face(given) else _pairs(given, name)
    images, labels = zip(*pairs, strict=True)
    return list(images), _named(labels, _class_names(given), name)


def _is_hugging_face(given: Any) -> bool:
    return hasattr(given, "features") and hasattr(given, "column_names")


def _columns(given: Any, name: str) -> Iterator[tuple[Any, Any]]:
    image, label = (_column(given, keys, name) for keys in (_IMAGES, _LABELS))
    for number in range(len(given)):
        row = given[number]
        yield row[image], row[label]


def _column(given: Any, usual: tuple[str, ...], name: str) -> str:
    found = [key for key in usual if key in given.column_names]
    if not found:
        raise StudyError(
            f"the part {name!r} of the data set has the columns {', '.join(given.column_names)}; "
            f"one is to be called {usual[0]!r}: dataset.rename_column(OLD, {usual[0]!r})"
        )
    return found[0]


def _pairs(given: Any, name: str) -> Iterator[tuple[Any, Any]]:
    for number in range(len(given)):
        row = given[number]
        if not isinstance(row, tuple | list) or len(row) != 2:
            raise StudyError(
                f"row {number} of the part {name!r} is no (image, label), as torchvision's data "
                f"sets give it, but {type(row).__name__}"
            )
        yield row[0], row[1]


def _class_names(given: Any) -> list[str] | None:
    """By number, where the set knows them."""
    if _is_hugging_face(given):
        label = next((key for key in _LABELS if key in given.column_names), None)
        names = getattr(given.features.get(label), "names", None)
    else:
        names = getattr(given, "classes", None)
    return [str(each) for each in names] if isinstance(names, list | tuple) and names else None


def _named(labels: tuple[Any, ...], names: list[str] | None, part: str) -> NDArray[Any]:
    found = [label.item() if hasattr(label, "item") else label for label in labels]
    if all(isinstance(label, str) for label in found):
        return np.array(found, np.str_)
    if not all(isinstance(label, int) and not isinstance(label, bool) for label in found):
        raise StudyError(f"labels of the part {part!r} are neither whole numbers nor text")
    if names is None:
        return np.array(found, np.int64)
    wrong = next((label for label in found if not 0 <= label < len(names)), None)
    if wrong is not None:
        raise StudyError(f"the part {part!r} has the label {wrong} and {len(names)} class names")
    return np.array([names[label] for label in found], np.str_)


def _alike(parts: Mapping[str, list[Any]]) -> dict[str, NDArray[Any]]:
    """All images in one size, all grey or all in colour; arrays and tensors as they are."""
    every = [image for images in parts.values() for image in images]
    if not any(isinstance(image, Image.Image) for image in every):
        return {prefix: _stacked(images) for prefix, images in parts.items()}
    if not all(isinstance(image, Image.Image) for image in every):
        raise StudyError("a data set gives pictures for some rows and arrays for others")
    colour = any(image.mode not in _GREY for image in every)
    size = _one_size(every)
    return {
        prefix: np.stack([pixels_of(image, colour, size) for image in images])
        for prefix, images in parts.items()
    }


def _one_size(images: list[Image.Image]) -> tuple[int, int]:
    """(height, width) of most, else 64 x 64, as for a folder; a warning where some are resized."""
    sizes = Counter((image.height, image.width) for image in images)
    size, times = sizes.most_common(1)[0]
    if times == len(images):
        return size
    size = size if times > _MOST_OF_ONE_SIZE * len(images) else _OTHER_SIZE
    warnings.warn(
        f"{len(images) - sizes[size]:,} of {len(images):,} images were resized to {size[0]} x "
        f"{size[1]}, whatever their proportions; give the set a resizing transform for another",
        stacklevel=2,
    )
    return size


def _stacked(images: list[Any]) -> NDArray[Any]:
    """(n, height, width[, 3]) of arrays or tensors; channels may come first."""
    try:
        array = np.stack([np.asarray(image) for image in images])
    except (ValueError, TypeError) as error:  # unlike shapes, a tensor on a card
        raise StudyError(
            f"images of the data set cannot become one array: {error}; a transform that resizes "
            "brings them to one size"
        ) from None
    if array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3):
        array = np.moveaxis(array, 1, 3)
    return array[..., 0] if array.ndim == 4 and array.shape[3] == 1 else array
