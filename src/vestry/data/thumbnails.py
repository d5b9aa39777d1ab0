"""The few images that a page shows, kept with the run."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.image_set import ImageSet
from vestry.run_folder import atomic_path

LARGEST_SIDE = 96


def save_thumbnails(sets: list[ImageSet], wanted: list[str], path: Path) -> None:
    """Write `ids` and `images` of the wanted rows, made smaller where a side is over 96 pixels."""
    rows = {
        name: (image_set, row)
        for image_set in sets
        for row, name in enumerate(image_set.ids.tolist())
    }
    images = [rows[name][0].images[rows[name][1]] for name in wanted]
    stacked = np.stack([smaller(image) for image in images])
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, ids=np.array(wanted), images=stacked)


def shrink_note(image_shape: tuple[int, ...]) -> list[str]:
    """What the page must say where it shows images smaller than they are."""
    height, width = image_shape[:2]
    if max(height, width) <= LARGEST_SIDE:
        return []
    return [
        f"Pictures on this page are made smaller, to {LARGEST_SIDE} pixels at most; the models saw "
        f"them at {height} x {width}."
    ]


def smaller(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = image.shape[:2]
    if max(height, width) <= LARGEST_SIDE:
        return image
    from PIL import Image  # noqa: PLC0415 - only large images need it

    factor = LARGEST_SIDE / max(height, width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(Image.fromarray(image).resize(size, Image.Resampling.BOX))
