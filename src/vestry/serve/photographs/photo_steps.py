"""The steps from a photograph to a picture like those that a model was trained on."""

import numpy as np
from PIL import Image

from vestry.export.bundle import Bundle
from vestry.serve.photographs import object_picture
from vestry.serve.photographs.background import Background, Box, Floats
from vestry.serve.prepared import Prepared, Step

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
