"""A picture made into an image as the training images were, by the function that made those."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import ImageHeader, header_of, pixels_of
from vestry.data.orientation import orientation_of
from vestry.export.bundle import Bundle
from vestry.serve.prepared import AS_IT_IS, Prepared, Step

WAYS = {
    "resized": "Prepared as the training images were",
    "stored": "Prepared whole, since how the training images were made of pictures is not known",
    "photograph": "Prepared whole, without the steps for photographs",
}
"""By how the training images were made: what this is, beside them."""


@dataclass(frozen=True)
class _Change:
    """What is done to a picture: `first` while it keeps its size, `size` where it is resized."""

    first: list[str]
    size: list[str]

    @property
    def words(self) -> str:
        return ", ".join(self.first + self.size)


def as_trained(picture: Image.Image, bundle: Bundle, keep_steps: bool = False) -> Prepared:
    """Upright, on white, grey or in colour, resized: a decoded picture, as a `folder:` has them.

    The same bytes that training had of it, where the model was trained on files.
    """
    shape = bundle.image_shape
    header = header_of(picture, orientation_of(picture))
    image = pixels_of(picture, len(shape) == 3, (shape[0], shape[1]))
    change = _change(header, shape)
    words = f"{WAYS[bundle.prepares_as]}: {change.words}." if change.words else AS_IT_IS
    steps = _steps(picture, header, change, image) if keep_steps else []
    return Prepared(image, words, not change.words, steps)


def _change(header: ImageHeader, shape: tuple[int, ...]) -> _Change:
    first = []
    if header.turned:
        first.append("set upright by its EXIF orientation")
    if header.transparent:
        first.append("laid on white")
    if header.colour and len(shape) == 2:
        first.append("made grey")
    same = (header.height, header.width) == shape[:2]
    size = f"resized to {shape[1]} x {shape[0]} pixels, whatever its proportions"
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
