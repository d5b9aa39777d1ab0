"""Which way up a picture is, by the EXIF note that a camera leaves in it."""

import struct
from typing import IO

from PIL import Image

TURNS = {
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
LYING = (5, 6, 7, 8)
"""Orientations whose turn exchanges height and width."""
PNG_START, PNG_NOTE, PNG_END = 8, b"eXIf", b"IEND"
MOST_CHUNKS, LONGEST_NOTE = 100_000, 2**16


def set_upright(picture: Image.Image) -> tuple[Image.Image, bool]:
    """The picture as its note says it was held, and whether that changed it.

    A decoded one: the note of a PNG may stand behind its pixels.
    """
    turn = TURNS.get(orientation_of(picture))
    return (picture, False) if turn is None else (picture.transpose(turn), True)


def orientation_of(picture: Image.Image) -> int:
    """1 to 8, by the note that was read so far."""
    note = picture.info.get("exif")
    return orientation(note) if isinstance(note, bytes) else 1


def note_behind(stream: IO[bytes]) -> bytes:
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


def orientation(note: bytes) -> int:
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
