"""The few images that a page shows, kept with the run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.sealed import Rows
from vestry.storage.run_folder import write_arrays

_LARGEST_SIDE = 96


Pictures = Mapping[str, NDArray[np.uint8]]


def save_thumbnails(
    sets: Sequence[Rows], wanted: list[str], path: Path, made: Pictures | None = None
) -> None:
    """Write `ids` and `images` of the wanted rows, made smaller where a side is over 96 pixels.

    made: pictures of the same size that are no rows, such as augmented images, by their ids.
    """
    rows = {
        name: (image_set, row)
        for image_set in sets
        for row, name in enumerate(image_set.ids.tolist())
    }
    drawn = dict(made or {})
    images = [
        drawn[name] if name in drawn else rows[name][0].images[rows[name][1]] for name in wanted
    ]
    stacked = np.stack([_smaller(image) for image in images])
    write_arrays(path, {"ids": np.array(wanted), "images": stacked})


def read_pictures(path: Path) -> dict[str, NDArray[np.uint8]]:
    """A task's `pictures.npz` by id; nothing where it made none."""
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as stored:
        return dict(zip((str(name) for name in stored["ids"]), stored["images"], strict=True))


def shrink_note(image_shape: tuple[int, ...]) -> list[str]:
    """What the page must say where it shows images smaller than they are."""
    height, width = image_shape[:2]
    if max(height, width) <= _LARGEST_SIDE:
        return []
    return [
        f"Pictures on this page are made smaller, to {_LARGEST_SIDE} pixels at most; the models "
        f"saw them at {height} x {width}."
    ]


def _smaller(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if max(height, width) <= _LARGEST_SIDE:
        return image
    from PIL import Image  # noqa: PLC0415 - only large images need it

    factor = _LARGEST_SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
