"""Folders of drawings as people keep them: mostly background, of all sizes, kinds and turns."""

import io
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

STORED_SO = {
    1: None,
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
"""By orientation: how a picture lies in a file whose note sets it upright."""


def drawing(random, label, size, colour):
    """A bar, a box or a cross, small and somewhere on white."""
    picture = Image.new("RGB" if colour else "L", size, "white")
    draw = ImageDraw.Draw(picture)
    left, top = random.integers(5, size[0] - 30), random.integers(5, size[1] - 30)
    ink = tuple(random.integers(0, 120, 3).tolist()) if colour else int(random.integers(0, 120))
    if label == 0:
        draw.rectangle((left, top, left + 5, top + 24), fill=ink)
    elif label == 1:
        draw.rectangle((left, top, left + 20, top + 20), fill=ink)
    else:
        draw.line((left, top, left + 22, top + 22), fill=ink, width=3)
        draw.line((left, top + 22, left + 22, top), fill=ink, width=3)
    return picture


def transparent(picture):
    """White becomes a hole, with whatever colour behind it."""
    grey = picture.convert("L").point(lambda value: 0 if value > 250 else 255)
    made = picture.convert("LA" if picture.mode == "L" else "RGBA")
    made.putalpha(grey)
    return made


def turned(picture, orientation):
    """The picture as a camera stores it that was held so; and the note."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    how = STORED_SO[orientation]
    return (picture if how is None else picture.transpose(how)), exif


def stored(picture, form, **options):
    stream = io.BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def write_drawings(folder: Path, colour: bool, each: int = 24) -> None:
    """Three classes of PNG and JPEG: grey and, with `colour`, some in colour; some transparent, of
    a palette or of one bit; some turned by EXIF."""
    random = np.random.default_rng(1)
    for label, name in enumerate(("bar", "box", "cross")):
        (folder / name).mkdir(parents=True)
        for number in range(each):
            size = tuple(int(side) for side in random.integers(40, 220, 2))
            picture = drawing(random, label, size, colour and number % 2 == 0)
            form, options = ("JPEG", {"quality": 90}) if number % 3 == 0 else ("PNG", {})
            if form == "PNG" and number % 3 == 1:
                picture = transparent(picture) if number % 2 else picture.quantize(16)
            elif number == 5:
                picture = picture.convert("1")
            if number % 4 == 3 or number % 6 == 0:
                picture, options["exif"] = turned(picture, 2 + number % 7)
            content = stored(picture, form, **options)
            (folder / name / f"{number}.{form.lower()}").write_bytes(content)
