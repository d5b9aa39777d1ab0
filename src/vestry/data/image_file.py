"""One picture in a file, known by its content, measured before it is decoded."""

import io
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    ImageFile,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from vestry.data.image_set import Resize
from vestry.data.limits import MOST_PIXELS
from vestry.data.resizing import resized
from vestry.data.upright import LYING, TURNS, note_behind, orientation, orientation_of, set_upright
from vestry.errors import DataError

SIGNATURES: tuple[tuple[bytes, type[ImageFile.ImageFile]], ...] = (
    (b"\x89PNG\r\n\x1a\n", PngImagePlugin.PngImageFile),
    (b"\xff\xd8\xff", JpegImagePlugin.JpegImageFile),
    (b"RIFF", WebPImagePlugin.WebPImageFile),
    (b"GIF8", GifImagePlugin.GifImageFile),
    (b"II*\0", TiffImagePlugin.TiffImageFile),
    (b"MM\0*", TiffImagePlugin.TiffImageFile),
    (b"BM", BmpImagePlugin.BmpImageFile),
    *(
        (b"P%d%c" % (kind, space), PpmImagePlugin.PpmImageFile)
        for kind in range(1, 7)
        for space in b" \n\r\t"
    ),
)
FORMATS = "PNG, JPEG, WEBP, GIF, TIFF, BMP or PPM"
"""What is read, in words."""
_DEEP_MODES = ("I;16", "I;16B", "I;16L", "I")
"""Grey of 16 bits; the last is how 16 bits of some formats are decoded."""
_GREY_MODES = ("1", "L", "LA", *_DEEP_MODES)
MODES = (*_GREY_MODES, "P", "PA", "RGB", "RGBA", "CMYK")
_LARGE, _DRAFT = 1_000_000, 4
"""From so many pixels on a JPEG may be decoded reduced; it stays at least so many times as large as
the size asked for."""
DAMAGE = (
    OSError,
    SyntaxError,  # Pillow's word for a broken header
    ValueError,
    IndexError,
    KeyError,
    TypeError,
    EOFError,
    AttributeError,
    AssertionError,  # Pillow's, of a palette that is not there
    struct.error,
    zlib.error,
    Image.DecompressionBombError,  # of more pixels than are read anyway
)


@dataclass(frozen=True)
class ImageHeader:
    """What a file says of its picture: sides in pixels, whether it has colour, or holes.

    turned: whether its EXIF note says to turn it; height and width are those afterwards.
    deep: whether it has 16 bits a channel, of which the upper 8 are taken. moving: whether it is
    an animation, of which the first picture is taken.
    """

    height: int
    width: int
    colour: bool
    transparent: bool
    turned: bool = False
    deep: bool = False
    moving: bool = False


Pictured = Path | bytes
"""A file, or its content."""


def _opened(picture: Pictured) -> IO[bytes]:
    return io.BytesIO(picture) if isinstance(picture, bytes) else picture.open("rb")


def read_header(path: Pictured, name: str) -> ImageHeader | None:
    """Measure the picture in `path`; None where the file has none of FORMATS.

    name: what an error calls the file. Raises DataError where the header is damaged, more than
    MOST_PIXELS are claimed, or pixels are of a kind that is not read.
    """
    try:
        with _opened(path) as stream:
            image = _open_image(stream)
            if image is None:
                return None
            _check_pixels(name, image.height, image.width)
            header, mode = header_of(image, _noted(image, stream)), image.mode
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image header ({error}); replace the file") from None
    _check_mode(name, mode)
    return header


def read_image(content: bytes, name: str) -> ImageFile.ImageFile:
    """The picture in `content`, its header checked as by `read_header`, not decoded yet.

    Raises DataError where it has none of FORMATS, too.
    """
    try:
        image = _open_image(io.BytesIO(content))
        if image is None:
            raise DataError(f"{name}: not a picture ({FORMATS}); store it as one of them")
        _check_pixels(name, image.height, image.width)
        header_of(image, 1)
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image header ({error}); replace the file") from None
    _check_mode(name, image.mode)
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
        return orientation(note_behind(stream))
    return orientation_of(image)


def header_of(image: Image.Image, orientation: int) -> ImageHeader:
    height, width = image.height, image.width
    if orientation in LYING:
        height, width = width, height
    return ImageHeader(
        height,
        width,
        _has_colour(image),
        _has_holes(image),
        orientation in TURNS,
        image.mode in _DEEP_MODES,
        _is_moving(image),
    )


def _is_moving(image: Image.Image) -> bool:
    animated = isinstance(image, GifImagePlugin.GifImageFile | WebPImagePlugin.WebPImageFile)
    return animated and bool(getattr(image, "is_animated", False))


def _has_colour(image: Image.Image) -> bool:
    if image.mode != "P":
        return image.mode not in _GREY_MODES
    palette = np.array(image.getpalette("RGB") or [0], dtype=np.uint8)
    return len(palette) % 3 != 0 or bool((np.diff(palette.reshape(-1, 3)) != 0).any())


def _has_holes(image: Image.Image) -> bool:
    return image.has_transparency_data


def _check_pixels(name: str, height: int, width: int) -> None:
    """Before anything is asked of the picture: to tell its colours, some are decoded."""
    pixels = height * width
    if pixels > MOST_PIXELS:
        raise DataError(
            f"{name}: {width:,} x {height:,} pixels ({pixels / 1e6:,.0f} "
            f"megapixels); at most {MOST_PIXELS / 1e6:,.0f} are decoded. Make the image smaller "
            "or take it out of the folder"
        )
    if pixels == 0:
        raise DataError(f"{name}: an image of {width} x {height} pixels")


def _check_mode(name: str, mode: str) -> None:
    if mode not in MODES:
        raise DataError(
            f"{name}: pixels of kind {mode}; 8 or 16 bits a channel are read. Store it as an 8-bit "
            "image"
        )


def read_pixels(
    path: Pictured,
    name: str,
    colour: bool,
    size: tuple[int, int] | None = None,
    way: Resize = "stretch",
) -> NDArray[np.uint8]:
    """(height, width) or, with `colour`, (height, width, 3), uint8.

    size, way, and what else is done: see `pixels_of`. The header must have been read.
    """
    try:
        with _opened(path) as stream:
            image = _open_image(stream)
            if image is None:
                raise DataError(f"{name}: not a picture ({FORMATS})")
            draft(image, size)
            image.load()
            return pixels_of(image, colour, size, way)
    except DAMAGE as error:
        raise DataError(f"{name}: damaged image ({error}); replace the file") from None


def draft(image: ImageFile.ImageFile, size: tuple[int, int] | None) -> None:
    """Let a JPEG be decoded at a half, a quarter or an eighth, many times faster, where that is
    still far above what it will be resized to. size: (height, width); whoever predicts does it too.
    """
    if size is not None and image.width * image.height > _LARGE:
        image.draft(None, (_DRAFT * max(size), _DRAFT * max(size)))


def pixels_of(
    image: Image.Image,
    colour: bool,
    size: tuple[int, int] | None = None,
    way: Resize = "stretch",
) -> NDArray[np.uint8]:
    """(height, width) or, with `colour`, (height, width, 3), uint8, of a decoded picture.

    Set upright by its EXIF note, what is transparent laid on white, as a viewer shows it, and
    resized. size: (height, width). way: how it is brought to that (`resizing.resized`). Training
    images are made so, and whoever predicts makes his own alike.
    """
    upright, _ = set_upright(eight_bits(image))
    flat = _in_mode(on_white(upright), "RGB" if colour else "L")
    return np.asarray(flat if size is None else resized(flat, size, way))


def eight_bits(image: Image.Image) -> Image.Image:
    """The upper 8 of 16 bits, rounded; its EXIF note is kept."""
    if image.mode not in _DEEP_MODES:
        return image
    deep = np.clip(np.asarray(image).astype(np.int64), 0, 65_535)
    flat = Image.fromarray(((deep + 128) // 257).astype(np.uint8))
    flat.info = dict(image.info)
    return flat


def on_white(image: Image.Image) -> Image.Image:
    if not image.has_transparency_data:
        return image
    layer = _in_mode(image, "RGBA")
    return Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Converting to the mode that it has would copy it, 200 MB of the largest."""
    return image if image.mode == mode else image.convert(mode)
