"""Photographs as the model's training images look.

After section 2 of Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017): trim what has the background's
colour, resize the longer edge, extend the shorter one with the object in the middle, negate, grey.
Here the background is estimated along the whole border and removed, since a photograph's is uneven.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import on_white, set_upright
from vestry.export.bundle import Bundle
from vestry.serve.photographs import picture as object_picture
from vestry.serve.photographs.background import Background, Box, Floats
from vestry.serve.prepared import AS_IT_IS, Prepared, Step

# The steps from a photograph to a picture like those that a model was trained on.


MOST_GAIN = 3.0
"""How much a faint object is strengthened at most; more would strengthen noise."""
BLANK = "The picture is one plain colour: there is no object in it."
NOT_PLAIN = (
    "The background is not plain, so nothing was trimmed or removed. On a sheet of paper or a "
    "plain floor the answer is better."
)
FAINT = "The object is almost as bright as its background, so in grey it is hardly seen."


def photograph(picture: Image.Image, bundle: Bundle, received: str) -> Prepared:
    """picture: RGB, upright. received: what it was when it came, in words."""
    first = Step("Received", f"{received}.", picture)
    background = Background.of(picture)
    box = background.box if background.plain else (0, 0, *picture.size)
    if box is None:
        return blank(first, bundle)
    steps = [first, trim(picture, box)] if background.plain else [first]
    part = background.cropped(box)
    made = colour if len(bundle.image_shape) == 3 else grey
    return made(steps, part, bundle)


def blank(first: Step, bundle: Bundle) -> Prepared:
    image = np.full(bundle.image_shape, ground_of(bundle), np.uint8)
    steps = [first, Step("Blank", BLANK, Image.fromarray(image))]
    return Prepared(image, sentence(steps), False, steps, [BLANK])


def trim(picture: Image.Image, box: Box) -> Step:
    part = picture.crop(box)
    words = (
        "Edges cut off that have the background's colour, within 5% of the largest distance or "
        "its noise. The background is measured along the whole border."
    )
    return Step("Trimmed", words, part)


def grey(steps: list[Step], background: Background, bundle: Bundle) -> Prepared:
    pixels = np.asarray(steps[-1].picture, np.float32) @ object_picture.GREY
    level = background.level @ object_picture.GREY
    darker = object_picture.is_darker(pixels, level, background)
    strength = object_picture.strength(pixels, level, background, darker)
    fitted = object_picture.fitted(strength, bundle.image_shape)
    warnings = [] if background.plain else [NOT_PLAIN]
    gain = object_picture.WHITE / max(1.0, float(fitted.max()))
    if gain > MOST_GAIN:
        warnings.append(FAINT)
    fitted = fitted * min(gain, MOST_GAIN)
    light = bundle.border == "light"
    if light:
        strength, fitted = object_picture.WHITE - strength, object_picture.WHITE - fitted
    most = "black" if light else "white"
    stretched = f"until the strongest point is {most}" if gain <= MOST_GAIN else "threefold"
    return finished(
        [*steps, step("Grey", grey_words(background.plain, darker != light, darker), strength)],
        fitted,
        f"{resized_words(fitted)}; contrast stretched {stretched}.",
        bundle,
        warnings,
    )


def colour(steps: list[Step], background: Background, bundle: Bundle) -> Prepared:
    pixels = np.asarray(steps[-1].picture, np.float32)
    warnings = [] if background.plain else [NOT_PLAIN]
    if background.plain:
        pixels = object_picture.on_ground(pixels, background, ground_of(bundle))
        words = f"The background replaced by the training images' {bundle.border} one."
        steps = [*steps, step("Background", words, pixels)]
    fitted = object_picture.fitted(pixels, bundle.image_shape)
    return finished(steps, fitted, f"{resized_words(fitted)}.", bundle, warnings)


def finished(
    steps: list[Step], fitted: Floats, words: str, bundle: Bundle, warnings: list[str]
) -> Prepared:
    image = object_picture.centred(fitted, bundle.image_shape, ground_of(bundle))
    height, width = bundle.image_shape[:2]
    last = f"In the middle of {width} x {height} pixels. This is what the model sees."
    steps = [
        *steps,
        step("Fitted", words, fitted),
        Step("Centred", last, Image.fromarray(image)),
    ]
    return Prepared(image, sentence(steps), False, steps, warnings)


def grey_words(plain: bool, negated: bool, darker: bool) -> str:
    turned = "negated, because" if negated else "not negated, because"
    if not plain:
        return f"Grey; {turned} the border is {'light' if darker else 'dark'}."
    return (
        f"Grey, and the background taken out of it; {turned} the object is "
        f"{'darker' if darker else 'lighter'} than the background."
    )


def resized_words(fitted: Floats) -> str:
    size = f"{fitted.shape[1]} x {fitted.shape[0]}"
    return f"Resized to {size} pixels, in its own proportions"


def ground_of(bundle: Bundle) -> int:
    return 0 if bundle.border == "dark" else 255


def step(name: str, words: str, values: Floats) -> Step:
    return Step(name, words, Image.fromarray(object_picture.as_pixels(values)))


def sentence(steps: list[Step]) -> str:
    return "Prepared as a photograph: " + ", ".join(entry.name.lower() for entry in steps[1:]) + "."


Pixels = NDArray[np.uint8]

WORKING = 256
"""Pixels of the longer side, from which on a photograph is halved before it is looked at."""


def photographed(
    picture: Image.Image, bundle: Bundle, keep_steps: bool, size: tuple[int, int]
) -> Prepared:
    """A decoded picture as the training images of `bundle` look, which must name a border.

    size: (width, height) that it had in its file, where it was decoded smaller.
    """
    upright, turned = set_upright(reduced(picture))
    flat = on_white(upright)
    same = as_it_is(flat, bundle.image_shape)
    if same is not None:
        steps = [Step("As it is", AS_IT_IS, flat)] if keep_steps else []
        return Prepared(same, AS_IT_IS, True, steps)
    received = f"{size[0]:,} x {size[1]:,} pixels"
    if turned:
        received += ", set upright by its EXIF orientation"
    prepared = photograph(flat.convert("RGB"), bundle, received)
    return prepared if keep_steps else replace(prepared, steps=[])


def reduced(picture: Image.Image) -> Image.Image:
    """No more than twice WORKING pixels on a side; each the mean of those it covers."""
    factor = max(picture.size) // WORKING
    if factor < 2:
        return picture
    if picture.mode in ("1", "P"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return picture.reduce(factor)


def as_it_is(flat: Image.Image, shape: tuple[int, ...]) -> Pixels | None:
    """The picture's pixels where it has the model's size and colours; None where it has not."""
    if (flat.height, flat.width) != shape[:2]:
        return None
    if flat.mode == "L":
        grey = np.asarray(flat)
        return grey if len(shape) == 2 else np.repeat(grey[:, :, None], 3, axis=2)
    colour = np.asarray(flat.convert("RGB"))
    if len(shape) == 3:
        return colour
    grey = colour[:, :, 0]
    return grey if (colour == grey[:, :, None]).all() else None
