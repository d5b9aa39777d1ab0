"""Images in an .npz file that arrived as bytes: its header is believed before memory is taken."""

import io
import math
import zipfile
from pathlib import PurePath

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from vestry.data.limits import MOST_EXPANSION
from vestry.data.npz import DAMAGE, read_header
from vestry.export.bundle import Bundle
from vestry.serve.http.exchange import Refusal

ARRAY = "images"
LARGEST_HEADER = 10_000
MOST_ENTRIES = 100
"""Of an archive: a directory of a million would take far more memory than its bytes."""
ENTRY = b"PK\x01\x02"
COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that numpy writes; Python unfolds the others without a bound."""
UNREADABLE = (*DAMAGE, OSError, OverflowError, RecursionError, TypeError, LookupError)


def images_of(body: bytes, bundle: Bundle, most: int) -> NDArray[np.uint8]:
    """(n, *image_shape) uint8 from the array `images`; raises Refusal for anything else.

    Shape, type and number are checked in the array's header and in the zip directory before it is
    unfolded, so that a small body never becomes more than `most` images.
    """
    if body.count(ENTRY) > MOST_ENTRIES:
        raise Refusal(422, f"the archive has more than {MOST_ENTRIES} entries")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            info = member(archive)
            with archive.open(info) as stream:
                shape, dtype = read_header(stream)
                start = stream.tell()
            check(shape, dtype, bundle, most)
            size = start + math.prod(shape)
            if start > LARGEST_HEADER or size != info.file_size:
                raise Refusal(422, "the array's header and the zip directory do not agree")
            if size > MOST_EXPANSION * max(info.compress_size, 1000):
                raise Refusal(422, "the archive unfolds beyond reason; store it uncompressed")
            with archive.open(info) as stream:
                images: NDArray[np.uint8] = npy.read_array(stream, allow_pickle=False)
    except UNREADABLE as error:
        raise Refusal(422, f"not a readable .npz file ({str(error)[:100]})") from None
    return np.ascontiguousarray(images)


def member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = {PurePath(info.filename).name: info for info in archive.infolist()}
    info = names.get(f"{ARRAY}.npy")
    if info is None:
        raise Refusal(422, f"no array `{ARRAY}` in the archive; numpy.savez(file, images=...)")
    if info.compress_type not in COMPRESSIONS:
        raise Refusal(422, "the archive is compressed as numpy does not; use numpy.savez")
    return info


def check(shape: tuple[int, ...], dtype: np.dtype[np.uint8], bundle: Bundle, most: int) -> None:
    if dtype != np.uint8 or shape[1:] != bundle.image_shape or len(shape) < 1:
        wanted = ", ".join(map(str, bundle.image_shape))
        raise Refusal(422, f"images are {dtype} of {shape}; uint8 of (n, {wanted}) is needed")
    if not 0 < shape[0] <= most:
        status = 413 if shape[0] > most else 422
        raise Refusal(status, f"{shape[0]:,} images; 1 to {most} are answered at a time")
