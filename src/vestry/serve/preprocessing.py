"""From a picture to the image that a model takes: as its training images were made."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import (
    DAMAGE,
    MODES,
    ImageHeader,
    draft,
    header_of,
    pixels_of,
    read_image,
)
from vestry.data.image_set import Resize
from vestry.data.limits import MOST_PIXELS
from vestry.data.resizing import PREPARATION, resize_of, words_of
from vestry.data.upright import orientation_of
from vestry.errors import DataError
from vestry.export.bundle import Bundle
from vestry.serve.photograph import WORKING, photographed
from vestry.serve.prepared import AS_IT_IS, Prepared, Step

_WAYS = {
    "resized": "Prepared as the training images were",
    "fitted": "Prepared as the training images were",
    "cropped": "Prepared as the training images were",
    "stored": "Prepared whole, since how the training images were made of pictures is not known",
    "photograph": "Prepared whole, without the steps for photographs",
}
"""By how the training images were made: what this is, beside them."""
_NO_PLAIN_BORDER = (
    "The model's training images have no plain border, so the steps for photographs were not taken."
)


def prepare(
    data: bytes,
    name: str,
    bundle: Bundle,
    keep_steps: bool = False,
    photograph: bool | None = None,
) -> Prepared:
    """The picture in a file as `bundle`'s model takes it.

    name: what an error calls the file. photograph: take the steps for photographs, or do not; None:
    where the training images were made so. Raises DataError where it is damaged, no picture or has
    more than 50 megapixels.
    """
    image = read_image(data, name)
    size = image.size
    try:
        if _by_photograph(bundle, photograph):
            # A JPEG can be decoded at a half, a quarter or an eighth of its size, much faster.
            image.draft(None, (WORKING, WORKING))
        elif bundle.prepares_as in PREPARATION.values():
            draft(image, (bundle.image_shape[0], bundle.image_shape[1]))
        image.load()
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image ({error}); replace the file") from None
    return prepare_image(image, bundle, keep_steps, name, size, photograph)


def prepare_image(
    picture: Image.Image,
    bundle: Bundle,
    keep_steps: bool = False,
    name: str = "image",
    size: tuple[int, int] | None = None,
    photograph: bool | None = None,
) -> Prepared:
    """The same for a decoded picture. size: (width, height) that it had in its file, where it was
    decoded smaller."""
    width, height = size or picture.size
    if picture.mode not in MODES or not 0 < picture.width * picture.height <= MOST_PIXELS:
        raise DataError(f"{name}: {width} x {height} pixels of kind {picture.mode} are not read")
    if _by_photograph(bundle, photograph):
        return photographed(picture, bundle, keep_steps, (width, height))
    made = _as_trained(picture, bundle, keep_steps)
    asked_in_vain = photograph and not made.untouched
    return replace(made, warnings=[_NO_PLAIN_BORDER]) if asked_in_vain else made


def said_of(bundle: Bundle) -> str | None:
    """What whoever predicts must know of a file that does not say how its images were made."""
    if bundle.preparation is not None or bundle.prepares_as == "photograph":
        return None
    return (
        "this file was exported before files said how their training images were made: pictures "
        "are taken whole and resized. Export it again from its run to be sure"
    )


def _by_photograph(bundle: Bundle, photograph: bool | None) -> bool:
    """Whether the steps for photographs are taken; without a plain border they lead nowhere."""
    wanted = bundle.prepares_as == "photograph" if photograph is None else photograph
    return wanted and bundle.border is not None


@dataclass(frozen=True)
class _Change:
    """What is done to a picture: `first` while it keeps its size, `size` where it is resized."""

    first: list[str]
    size: list[str]

    @property
    def words(self) -> str:
        return ", ".join(self.first + self.size)


def _as_trained(picture: Image.Image, bundle: Bundle, keep_steps: bool = False) -> Prepared:
    """Upright, on white, grey or in colour, resized: a decoded picture, as a `folder:` has them.

    The same bytes that training had of it, where the model was trained on files.
    """
    shape = bundle.image_shape
    header = header_of(picture, orientation_of(picture))
    way = resize_of(bundle.prepares_as)
    image = pixels_of(picture, len(shape) == 3, (shape[0], shape[1]), way)
    change = _change(header, shape, way)
    words = f"{_WAYS[bundle.prepares_as]}: {change.words}." if change.words else AS_IT_IS
    steps = _steps(picture, header, change, image) if keep_steps else []
    return Prepared(image, words, not change.words, steps)


def _change(header: ImageHeader, shape: tuple[int, ...], way: Resize) -> _Change:
    first = []
    if header.turned:
        first.append("set upright by its EXIF orientation")
    if header.transparent:
        first.append("laid on white")
    if header.colour and len(shape) == 2:
        first.append("made grey")
    same = (header.height, header.width) == shape[:2]
    size = f"resized to {shape[1]} x {shape[0]} pixels, {words_of(way)}"
    return _Change(first, [] if same else [size])


def _steps(
    picture: Image.Image, header: ImageHeader, change: _Change, image: NDArray[np.uint8]
) -> list[Step]:
    last = Image.fromarray(image)
    if not change.words:
        return [Step("As it is", AS_IT_IS, last)]
    received = f"{header.width:,} x {header.height:,} pixels"
    first = Step(
        "Received",
        f"{', '.join([received, *change.first])}.",
        Image.fromarray(pixels_of(picture, True)),
    )
    height, width = image.shape[:2]
    words = change.size[0] if change.size else f"{width} x {height} pixels"
    return [first, Step("Prepared", f"{_capital(words)}. This is what the model sees.", last)]


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]
