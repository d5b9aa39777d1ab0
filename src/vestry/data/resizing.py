"""A picture brought to a size: stretched to it, fitted whole into it, or cropped to its middle."""

from PIL import Image

from vestry.data.image_set import Preparation, Resize

_BACKGROUND = "white"
"""As transparent pictures are laid on, in grey and in colour."""
_FILTER = Image.Resampling.BILINEAR
_WORDS: dict[Resize, str] = {
    "stretch": "whatever {} proportions",
    "fit": "in proportion, with {background} around",
    "crop": "cropped to {} middle",
}
PREPARATION: dict[Resize, Preparation] = {
    "stretch": "resized",
    "fit": "fitted",
    "crop": "cropped",
}
"""What a source, and an exported file, say of images made so."""


def words_of(way: Resize, whose: str = "its") -> str:
    """What is said of pictures ("their") or of one ("its") that were brought to a size."""
    return _WORDS[way].format(whose, background=_BACKGROUND)


def resize_of(preparation: Preparation) -> Resize:
    """How pictures for a model are resized whose training images were prepared so."""
    return next((way for way, name in PREPARATION.items() if name == preparation), "stretch")


def resized(picture: Image.Image, size: tuple[int, int], way: Resize) -> Image.Image:
    """The picture, grey or RGB, in this size, (height, width); itself where it has it.

    stretch: all of it, whatever its proportions. fit: all of it in proportion, centred on white.
    crop: the largest part of the size's proportions in its middle; of a square size, its middle
    square. Bilinear over all the pixels that a new one covers.
    """
    wanted = (size[1], size[0])
    if picture.size == wanted:
        return picture
    if way == "fit":
        return _fitted(picture, wanted)
    whole = _middle(picture, wanted) if way == "crop" else picture
    return whole.resize(wanted, _FILTER)


# Pillow's `ImageOps` has both, but rounds a picture as thin as a line away, and mixes what is
# cropped off into the edges.


def _fitted(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    width, height = _largest(picture.size, size)
    made = Image.new(picture.mode, size, _BACKGROUND)
    place = ((size[0] - width) // 2, (size[1] - height) // 2)
    made.paste(picture.resize((width, height), _FILTER), place)
    return made


def _middle(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    width, height = _largest(size, picture.size)
    left, top = (picture.width - width) // 2, (picture.height - height) // 2
    return picture.crop((left, top, left + width, top + height))


def _largest(sides: tuple[int, int], room: tuple[int, int]) -> tuple[int, int]:
    """The largest (width, height) in `room` of the proportions of `sides`, a pixel at least."""
    factor = min(room[0] / sides[0], room[1] / sides[1])
    width, height = (max(1, round(side * factor)) for side in sides)
    return min(width, room[0]), min(height, room[1])
