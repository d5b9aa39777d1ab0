"""Photographs as the model's training images look.

After section 2 of Xiao, Rasul and Vollgraf, "Fashion-MNIST" (2017): trim what has the background's
colour, resize the longer edge, extend the shorter one with the object in the middle, negate, grey.
Here the background is estimated along the whole border and removed, since a photograph's is uneven.
"""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vestry.data.image_file import eight_bits, on_white
from vestry.data.upright import set_upright
from vestry.export.bundle import Bundle
from vestry.serve.background import Background, Box, Floats
from vestry.serve.prepared import AS_IT_IS, Prepared, Step

Pixels = NDArray[np.uint8]
_Shape = tuple[int, ...]

WORKING = 256
"""Pixels of the longer side, from which on a photograph is halved before it is looked at."""
_MOST_GAIN = 3.0
"""How much a faint object is strengthened at most; more would strengthen noise."""
_BLANK = "The picture is one plain colour: there is no object in it."
_NOT_PLAIN = (
    "The background is not plain, so nothing was trimmed or removed. On a sheet of paper or a "
    "plain floor the answer is better."
)
_FAINT = "The object is almost as bright as its background, so in grey it is hardly seen."
GREY = np.array([0.299, 0.587, 0.114], np.float32)
"""ITU-R 601, as Pillow turns colours to grey."""
_WHITE = 255.0


def photographed(
    picture: Image.Image, bundle: Bundle, keep_steps: bool, size: tuple[int, int]
) -> Prepared:
    """A decoded picture as the training images of `bundle` look, which must name a border.

    size: (width, height) that it had in its file, where it was decoded smaller.
    """
    upright, turned = set_upright(_reduced(eight_bits(picture)))
    flat = on_white(upright)
    same = _as_it_is(flat, bundle.image_shape)
    if same is not None:
        steps = [Step("As it is", AS_IT_IS, flat)] if keep_steps else []
        return Prepared(same, AS_IT_IS, True, steps)
    received = f"{size[0]:,} x {size[1]:,} pixels"
    if turned:
        received += ", set upright by its EXIF orientation"
    prepared = _photograph(flat.convert("RGB"), bundle, received)
    return prepared if keep_steps else replace(prepared, steps=[])


def _reduced(picture: Image.Image) -> Image.Image:
    """No more than twice WORKING pixels on a side; each the mean of those it covers."""
    factor = max(picture.size) // WORKING
    if factor < 2:
        return picture
    if picture.mode in ("1", "P"):
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    return picture.reduce(factor)


def _as_it_is(flat: Image.Image, shape: tuple[int, ...]) -> Pixels | None:
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


def _photograph(picture: Image.Image, bundle: Bundle, received: str) -> Prepared:
    """picture: RGB, upright. received: what it was when it came, in words."""
    first = Step("Received", f"{received}.", picture)
    background = Background.of(picture)
    box = background.box if background.plain else (0, 0, *picture.size)
    if box is None:
        return _blank(first, bundle)
    steps = [first, _trim(picture, box)] if background.plain else [first]
    part = background.cropped(box)
    made = _colour if len(bundle.image_shape) == 3 else _grey
    return made(steps, part, bundle)


def _blank(first: Step, bundle: Bundle) -> Prepared:
    image = np.full(bundle.image_shape, _ground_of(bundle), np.uint8)
    steps = [first, Step("Blank", _BLANK, Image.fromarray(image))]
    return Prepared(image, _sentence(steps), False, steps, [_BLANK])


def _trim(picture: Image.Image, box: Box) -> Step:
    part = picture.crop(box)
    words = (
        "Edges cut off that have the background's colour, within 5% of the largest distance or "
        "its noise. The background is measured along the whole border."
    )
    return Step("Trimmed", words, part)


def _grey(steps: list[Step], background: Background, bundle: Bundle) -> Prepared:
    pixels = np.asarray(steps[-1].picture, np.float32) @ GREY
    level = background.level @ GREY
    darker = _is_darker(pixels, level, background)
    strength = _strength(pixels, level, background, darker)
    fitted = _fitted(strength, bundle.image_shape)
    warnings = [] if background.plain else [_NOT_PLAIN]
    gain = _WHITE / max(1.0, float(fitted.max()))
    if gain > _MOST_GAIN:
        warnings.append(_FAINT)
    fitted = fitted * min(gain, _MOST_GAIN)
    light = bundle.border == "light"
    if light:
        strength, fitted = _WHITE - strength, _WHITE - fitted
    most = "black" if light else "white"
    stretched = f"until the strongest point is {most}" if gain <= _MOST_GAIN else "threefold"
    return _finished(
        [*steps, _step("Grey", _grey_words(background.plain, darker != light, darker), strength)],
        fitted,
        f"{_resized_words(fitted)}; contrast stretched {stretched}.",
        bundle,
        warnings,
    )


def _colour(steps: list[Step], background: Background, bundle: Bundle) -> Prepared:
    pixels = np.asarray(steps[-1].picture, np.float32)
    warnings = [] if background.plain else [_NOT_PLAIN]
    if background.plain:
        pixels = _on_ground(pixels, background, _ground_of(bundle))
        words = f"The background replaced by the training images' {bundle.border} one."
        steps = [*steps, _step("Background", words, pixels)]
    fitted = _fitted(pixels, bundle.image_shape)
    return _finished(steps, fitted, f"{_resized_words(fitted)}.", bundle, warnings)


def _finished(
    steps: list[Step], fitted: Floats, words: str, bundle: Bundle, warnings: list[str]
) -> Prepared:
    image = _centred(fitted, bundle.image_shape, _ground_of(bundle))
    height, width = bundle.image_shape[:2]
    last = f"In the middle of {width} x {height} pixels. This is what the model sees."
    steps = [
        *steps,
        _step("Fitted", words, fitted),
        Step("Centred", last, Image.fromarray(image)),
    ]
    return Prepared(image, _sentence(steps), False, steps, warnings)


def _grey_words(plain: bool, negated: bool, darker: bool) -> str:
    turned = "negated, because" if negated else "not negated, because"
    if not plain:
        return f"Grey; {turned} the border is {'light' if darker else 'dark'}."
    return (
        f"Grey, and the background taken out of it; {turned} the object is "
        f"{'darker' if darker else 'lighter'} than the background."
    )


def _resized_words(fitted: Floats) -> str:
    size = f"{fitted.shape[1]} x {fitted.shape[0]}"
    return f"Resized to {size} pixels, in its own proportions"


def _ground_of(bundle: Bundle) -> int:
    return 0 if bundle.border == "dark" else 255


def _step(name: str, words: str, values: Floats) -> Step:
    return Step(name, words, Image.fromarray(_as_pixels(values)))


def _sentence(steps: list[Step]) -> str:
    return "Prepared as a photograph: " + ", ".join(entry.name.lower() for entry in steps[1:]) + "."


def _is_darker(pixels: Floats, level: Floats, background: Background) -> bool:
    """Whether the object is darker than its background; without a plain one, whether the border
    is light. pixels, level: (height, width) in grey, 0 to 255."""
    if not background.plain:
        return bool(np.median(level) >= _WHITE / 2)
    return bool(np.median((pixels - level)[background.object]) < 0)


def _strength(pixels: Floats, level: Floats, background: Background, darker: bool) -> Floats:
    """(height, width): 0 for background, 255 for black on it (or white, where the object is
    lighter). Dividing by the background's level takes a shadow's slope out.

    Without a plain background nothing is taken out.
    """
    if not background.plain:
        return _WHITE - pixels if darker else pixels
    most = level if darker else _WHITE - level
    difference = level - pixels if darker else pixels - level
    share = np.clip(difference / np.maximum(most, 1), 0, 1)
    return np.asarray(share * _WHITE * background.matte, np.float32)


def _on_ground(pixels: Floats, background: Background, ground: int) -> Floats:
    """(height, width, 3): the object in its colours on an even ground."""
    matte = background.matte[:, :, None]
    laid: Floats = pixels * matte + ground * (1 - matte)
    return laid


def _fitted(values: Floats, shape: _Shape) -> Floats:
    """The longer edge resized to the model's, the shorter by the same factor.

    Lanczos' filter keeps edges sharp; the published method sharpens after subsampling instead.
    """
    height, width = values.shape[:2]
    factor = min(shape[0] / height, shape[1] / width)
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    small = Image.fromarray(_as_pixels(values)).resize(size, Image.Resampling.LANCZOS)
    return np.asarray(small, np.float32)


def _centred(values: Floats, shape: _Shape, ground: int) -> Pixels:
    """(height, width[, 3]) uint8 of the model's shape, `ground` around `values`."""
    whole = np.full(shape, ground, np.uint8)
    top, left = (shape[0] - values.shape[0]) // 2, (shape[1] - values.shape[1]) // 2
    whole[top : top + values.shape[0], left : left + values.shape[1]] = _as_pixels(values)
    return whole


def _as_pixels(values: Floats) -> Pixels:
    return np.clip(np.rint(values), 0, _WHITE).astype(np.uint8)
