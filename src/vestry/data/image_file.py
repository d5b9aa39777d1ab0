"""One picture in a file: PNG or JPEG by its content, measured before it is decoded."""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, JpegImagePlugin, PngImagePlugin

from vestry.data.limits import MOST_PIXELS
from vestry.errors import DataError

# Which way up a picture is, by the EXIF note that a camera leaves in it.


_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""By orientation: what sets a picture upright (EXIF 2.32, tag 0x0112)."""
ORIENTATION, SHORT = 0x0112, 3
_MARK = b"Exif\0\0"
_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
_MOST_ENTRIES = 512
_LYING = (5, 6, 7, 8)
"""Orientations whose turn exchanges height and width."""
PNG_START, PNG_NOTE, PNG_END = 8, b"eXIf", b"IEND"
MOST_CHUNKS, LONGEST_NOTE = 100_000, 2**16


def set_upright(picture: Image.Image) -> tuple[Image.Image, bool]:
    """The picture as its note says it was held, and whether that changed it.

    A decoded one: the note of a PNG may stand behind its pixels.
    """
    turn = _TURNS.get(orientation_of(picture))
    return (picture, False) if turn is None else (picture.transpose(turn), True)


def orientation_of(picture: Image.Image) -> int:
    """1 to 8, by the note that was read so far."""
    note = picture.info.get("exif")
    return _orientation(note) if isinstance(note, bytes) else 1


def _note_behind(stream: IO[bytes]) -> bytes:
    """The last EXIF note in a PNG file, wherever it stands, without decoding; empty without one."""
    note, place = b"", PNG_START
    for _ in range(MOST_CHUNKS):
        stream.seek(place)
        start = stream.read(8)
        if len(start) < 8 or start[4:] == PNG_END:
            break
        length = int.from_bytes(start[:4], "big")
        if start[4:] == PNG_NOTE:
            note = stream.read(min(length, LONGEST_NOTE))
        place += 12 + length
    return note


def _orientation(note: bytes) -> int:
    """1 to 8; 1, upright, where the note does not say."""
    tiff = note.removeprefix(_MARK)
    order = _ORDERS.get(tiff[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(f"{order}I", tiff, 4)
        (count,) = struct.unpack_from(f"{order}H", tiff, start)
        for entry in range(min(count, _MOST_ENTRIES)):
            tag, kind, _, value = struct.unpack_from(f"{order}HHIH", tiff, start + 2 + 12 * entry)
            if (tag, kind) == (ORIENTATION, SHORT):
                return int(value)
    except struct.error:
        pass
    return 1


SIGNATURES: tuple[tuple[bytes, type[ImageFile.ImageFile]], ...] = (
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
)
_GREY_MODES = ("1", "L", "LA")
MODES = (*_GREY_MODES, "P", "RGB", "RGBA", "CMYK")
DAMAGE = (
    OSError,
    SyntaxError,  # Pillow's word for a broken header
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    AttributeError,
    struct.error,
    zlib.error,
)


@dataclass(frozen=True)
class ImageHeader:
    """What a file says of its picture: sides in pixels, whether it has colour, or holes.

    turned: whether its EXIF note says to turn it; height and width are those afterwards.
    """

    height: int
    width: int
    colour: bool
    transparent: bool
    turned: bool = False


def read_header(path: Path, name: str) -> ImageHeader | None:
    """Measure the picture in `path`; None where the file is neither PNG nor JPEG.

    name: what an error calls the file. Raises DataError where the header is damaged, more than
    MOST_PIXELS are claimed, or a pixel has more than 8 bits.
    """
    try:
        with path.open("rb") as stream:
            image = _open_image(stream)
            if image is None:
                return None
            header, mode = header_of(image, _noted(image, stream)), image.mode
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image header ({error}); replace the file") from None
    _check_header(name, header, mode)
    return header


def read_image(content: bytes, name: str) -> ImageFile.ImageFile:
    """The picture in `content`, its header checked as by `read_header`, not decoded yet.

    Raises DataError where it is neither PNG nor JPEG, too.
    """
    try:
        image = _open_image(io.BytesIO(content))
        if image is None:
            raise DataError(f"{name}: neither PNG nor JPEG; store it as one of them")
        header = header_of(image, 1)
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image header ({error}); replace the file") from None
    _check_header(name, header, image.mode)
    return image


def _open_image(stream: IO[bytes]) -> ImageFile.ImageFile | None:
    """Read the header alone. The class is called directly, not through Image.open, which would
    try other formats and warn of sizes that are refused here with a better word."""
    start = stream.read(8)
    stream.seek(0)
    for signature, image_class in SIGNATURES:
        if start.startswith(signature):
            return image_class(stream)
    return None


def _noted(image: ImageFile.ImageFile, stream: IO[bytes]) -> int:
    """The orientation that a picture not decoded yet will have."""
    if isinstance(image, PngImagePlugin.PngImageFile):
        return _orientation(_note_behind(stream))
    return orientation_of(image)


def header_of(image: Image.Image, orientation: int) -> ImageHeader:
    height, width = image.height, image.width
    if orientation in _LYING:
        height, width = width, height
    return ImageHeader(height, width, _has_colour(image), _has_holes(image), orientation in _TURNS)


def _has_colour(image: Image.Image) -> bool:
    if image.mode != "P":
        return image.mode not in _GREY_MODES
    palette = np.array(image.getpalette("RGB") or [0], dtype=np.uint8)
    return len(palette) % 3 != 0 or bool((np.diff(palette.reshape(-1, 3)) != 0).any())


def _has_holes(image: Image.Image) -> bool:
    return image.has_transparency_data


def _check_header(name: str, header: ImageHeader, mode: str) -> None:
    pixels = header.height * header.width
    if pixels > MOST_PIXELS:
        raise DataError(
            f"{name}: {header.width:,} x {header.height:,} pixels ({pixels / 1e6:,.0f} "
            f"megapixels); at most {MOST_PIXELS / 1e6:,.0f} are decoded. Make the image smaller "
            "or take it out of the folder"
        )
    if pixels == 0:
        raise DataError(f"{name}: an image of {header.width} x {header.height} pixels")
    if mode not in MODES:
        raise DataError(
            f"{name}: pixels of kind {mode}; 8 bits a channel are read. Store it as an 8-bit image"
        )


def read_pixels(
    path: Path, name: str, colour: bool, size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """(height, width) or, with `colour`, (height, width, 3), uint8.

    size, and what else is done: see `pixels_of`. The header must have been read.
    """
    try:
        with path.open("rb") as stream:
            image = _open_image(stream)
            if image is None:
                raise DataError(f"{name}: neither PNG nor JPEG")
            image.load()
            return pixels_of(image, colour, size)
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image ({error}); replace the file") from None


def pixels_of(
    image: Image.Image, colour: bool, size: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """(height, width) or, with `colour`, (height, width, 3), uint8, of a decoded picture.

    Set upright by its EXIF note, what is transparent laid on white, as a viewer shows it, and
    resized. size: (height, width), whatever the picture's proportions, bilinear over all the pixels
    that a new one covers. Training images are made so, and whoever predicts makes his own alike.
    """
    upright, _ = set_upright(image)
    flat = _in_mode(on_white(upright), "RGB" if colour else "L")
    if size is not None and (flat.height, flat.width) != size:
        flat = flat.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    return np.asarray(flat)


def on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    layer = _in_mode(image, "RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Converting to the mode that it has would copy it, 200 MB of the largest."""
    return image if image.mode == mode else image.convert(mode)
