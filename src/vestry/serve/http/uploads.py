"""Files that arrive as a body, read with bounds: those of a form, the images of an .npz."""

import io
import math
import zipfile
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import PurePath

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray
from starlette.datastructures import Headers, UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from vestry.data.limits import MOST_EXPANSION
from vestry.data.npz_file import read_header
from vestry.export.bundle import Bundle
from vestry.serve.http.fast_path import check_head
from vestry.storage.array_damage import ARCHIVE_DAMAGE

_LONGEST_NAME = 120
_PLAIN = ("", "binary", "8bit", "7bit")
"""Of Content-Transfer-Encoding: those that leave bytes as they are."""


@dataclass(frozen=True)
class Part:
    """One field of a form. title: what an error calls it. filename: "" where it has none."""

    name: str
    filename: str
    title: str
    content: bytes


class _FormParser(MultiPartParser):
    """Starlette's, in memory alone, with one bound for all parts, and strict about the end."""

    spool_max_size = 0  # never onto the disk: these pictures are not ours to keep

    def __init__(self, request: Request, limit: int, most: int) -> None:
        stream = self._whole(request)
        super().__init__(
            request.headers, stream, max_files=most, max_fields=most, max_part_size=limit
        )
        self.most = most
        self.ended = False

    async def _whole(self, request: Request) -> AsyncGenerator[bytes, None]:
        async for piece in request.stream():
            yield piece
        if not self.ended:
            raise MultiPartException("it ends before its last boundary")

    def on_part_begin(self) -> None:
        if len(self.items) == self.most:
            raise HTTPException(413, f"more than {self.most} parts; send fewer images at a time")
        super().on_part_begin()

    def on_end(self) -> None:
        self.ended = True


async def parts_of(request: Request, limit: int, most: int) -> list[Part]:
    """The parts of a form of up to `limit` bytes; raises HTTPException for anything wrong."""
    check_head(request, limit)
    try:
        form = await _FormParser(request, limit, most).parse()
    except MultiPartException as error:
        raise HTTPException(400, f"the multipart body is damaged ({error.message})") from None
    try:
        return [_part(*item, number) for number, item in enumerate(form.multi_items(), 1)]
    finally:
        await form.close()


def _part(name: str, value: UploadFile | str, number: int) -> Part:
    title = f"{name[:_LONGEST_NAME] or 'part'} {number}"
    if isinstance(value, str):
        # Without a file's name Starlette takes it for text; what is no UTF-8, as no picture is,
        # it reads as Latin-1, which loses nothing.
        return Part(name, "", title, value.encode("latin-1", "replace"))
    _check_encoding(value.headers)
    filename = (value.filename or "")[:_LONGEST_NAME]
    return Part(name, filename, filename or title, value.file.read())


def _check_encoding(headers: Headers) -> None:
    if headers.get("content-transfer-encoding", "").strip().lower() not in _PLAIN:
        raise HTTPException(415, "a part is encoded for transfer; send its bytes as they are")


_ARRAY = "images"
_LARGEST_HEADER = 10_000
_MOST_ENTRIES = 100
"""Of an archive: a directory of a million would take far more memory than its bytes."""
_ENTRY = b"PK\x01\x02"
_COMPRESSIONS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Those that numpy writes; Python unfolds the others without a bound."""
_MORE = (OSError, OverflowError, RecursionError, TypeError, LookupError)
_UNREADABLE = (*ARCHIVE_DAMAGE, *_MORE)


def images_of(body: bytes, bundle: Bundle, most: int) -> NDArray[np.uint8]:
    """(n, *image_shape) uint8 from the array `images`; raises HTTPException for anything else.

    Shape, type and number are checked in the array's header and in the zip directory before it is
    unfolded, so that a small body never becomes more than `most` images.
    """
    if body.count(_ENTRY) > _MOST_ENTRIES:
        raise HTTPException(422, f"the archive has more than {_MOST_ENTRIES} entries")
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            info = _member(archive)
            with archive.open(info) as stream:
                shape, dtype = read_header(stream)
                start = stream.tell()
            _check(shape, dtype, bundle, most)
            size = start + math.prod(shape)
            if start > _LARGEST_HEADER or size != info.file_size:
                raise HTTPException(422, "the array's header and the zip directory do not agree")
            if size > MOST_EXPANSION * max(info.compress_size, 1000):
                raise HTTPException(422, "the archive unfolds beyond reason; store it uncompressed")
            with archive.open(info) as stream:
                images: NDArray[np.uint8] = npy.read_array(stream, allow_pickle=False)
    except _UNREADABLE as error:
        raise HTTPException(422, f"not a readable .npz file ({str(error)[:100]})") from None
    return np.ascontiguousarray(images)


def _member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    names = {PurePath(info.filename).name: info for info in archive.infolist()}
    info = names.get(f"{_ARRAY}.npy")
    if info is None:
        raise HTTPException(
            422, f"no array `{_ARRAY}` in the archive; numpy.savez(file, images=...)"
        )
    if info.compress_type not in _COMPRESSIONS:
        raise HTTPException(422, "the archive is compressed as numpy does not; use numpy.savez")
    return info


def _check(shape: tuple[int, ...], dtype: np.dtype[np.uint8], bundle: Bundle, most: int) -> None:
    if dtype != np.uint8 or shape[1:] != bundle.image_shape or len(shape) < 1:
        wanted = ", ".join(map(str, bundle.image_shape))
        raise HTTPException(422, f"images are {dtype} of {shape}; uint8 of (n, {wanted}) is needed")
    if not 0 < shape[0] <= most:
        status = 413 if shape[0] > most else 422
        raise HTTPException(status, f"{shape[0]:,} images; 1 to {most} are answered at a time")
