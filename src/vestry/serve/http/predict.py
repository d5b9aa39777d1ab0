"""`POST /predict` and `POST /predict/batch`: pictures in, answers out."""

import struct
from collections.abc import Mapping, Sequence

import numpy as np
from starlette.exceptions import HTTPException
from starlette.requests import Request

from vestry.errors import DataError
from vestry.serve import schemas
from vestry.serve.answer import Answer
from vestry.serve.http.context import ServedModel, ServerContext
from vestry.serve.http.fast_path import content_type
from vestry.serve.http.request import CLOSE, JSON, query_of
from vestry.serve.http.uploads import Part, images_of, parts_of
from vestry.serve.prepared import Prepared
from vestry.serve.preprocessing import prepare

FORM = "multipart/form-data"
_BYTES = "application/octet-stream"
PICTURES = ("image/png", "image/jpeg", _BYTES)
ARRAYS = ("application/x-npz", "application/zip", _BYTES)
_FIELD = "image"
_MOST_FIELDS = 10
_SENT = "the image"
"""What errors call a picture that came without a name."""
_YES = {"1": True, "true": True, "0": False, "false": False}
_PNG = b"\x89PNG\r\n\x1a\n"
_INLINE_PIXELS = 128 * 128
_INLINE_PNG = 64 * 2**10
_INLINE_JPEG = 4 * 2**10
"""Bytes of a JPEG, which does not tell its sides at a fixed place; a small one has few pixels."""

_Item = Prepared | DataError


class PredictEndpoints:
    """The two endpoints."""

    def __init__(self, context: ServerContext) -> None:
        self.context = context

    async def one(self, request: Request) -> JSON:
        """One picture, as the body or as the field `image` of a form."""
        fields = query_of(request, "model", "details", "photograph")
        model = self.context.model(request, fields.get("model"))
        details, way = _flag("details", fields) or False, _flag("photograph", fields)
        kind = _checked_type(
            request,
            (*PICTURES, FORM),
            "curl -H 'Content-Type: image/png' --data-binary @shirt.png URL, "
            "or curl -F image=@shirt.png URL",
        )
        limit, name = self.context.limits.max_image_bytes, _SENT
        if kind == FORM:
            part = _only_picture(await parts_of(request, limit, _MOST_FIELDS))
            self.context.admit(request)
            data, name = part.content, part.filename or _SENT
        else:
            data = await self.context.body(request, limit)

        def prepared() -> Prepared:
            try:
                return prepare(data, name, model.bundle, details, way)
            except DataError as error:
                raise HTTPException(422, str(error)) from None

        fast = _decodes_fast(data) and not details
        shown = prepared() if fast else await self.context.in_thread(prepared)
        votes = await self.context.votes(request, model, shown.image[None])
        (answer,) = self.context.answers(request, model, votes, shown.image[None])
        if not details:
            return JSON(answer.as_dict())
        return await self.context.in_thread(
            lambda: JSON({**answer.as_dict(), **answer.details(shown, model.known)})
        )

    async def many(self, request: Request) -> JSON:
        """Many pictures in a form, or an .npz file with an array `images`."""
        fields = query_of(request, "model", "photograph")
        model = self.context.model(request, fields.get("model"))
        way = _flag("photograph", fields)
        kind = _checked_type(
            request,
            (FORM, *ARRAYS),
            "curl -F image=@one.png -F image=@two.png URL, or curl -H "
            "'Content-Type: application/x-npz' --data-binary @images.npz URL",
        )
        limit, most = self.context.limits.max_batch_bytes, self.context.limits.max_images
        if kind == FORM:
            parts = await parts_of(request, limit, most)
            self.context.admit(request)
            return await self._pictures(request, model, parts, way)
        body = await self.context.body(request, limit)
        images = await self.context.in_thread(lambda: images_of(body, model.bundle, most))
        votes = await self.context.votes(request, model, images)
        return await self.context.in_thread(
            lambda: JSON([a.as_dict() for a in self.context.answers(request, model, votes, images)])
        )

    async def _pictures(
        self, request: Request, model: ServedModel, parts: list[Part], way: bool | None
    ) -> JSON:
        if not parts:
            raise HTTPException(400, "the form holds no image")
        items = await self.context.in_thread(lambda: [_attempt(p, model, way) for p in parts])
        images = [item.image for item in items if isinstance(item, Prepared)]
        if not images:
            first = next(item for item in items if isinstance(item, DataError))
            raise HTTPException(422, f"none of {len(items)} images can be read; {first}")
        whole = np.stack(images)
        votes = await self.context.votes(request, model, whole)

        def named() -> JSON:
            answers = self.context.answers(request, model, votes, whole)
            return JSON(_by_file(answers, parts, items))

        return await self.context.in_thread(named)


def _by_file(
    answers: Sequence[Answer], parts: Sequence[Part], items: Sequence[_Item]
) -> list[schemas.FileAnswer | schemas.FileError]:
    """answers: of those items that could be read, in order."""
    given = iter(answers)
    return [
        {"file": part.title, "error": str(item)}
        if isinstance(item, DataError)
        else {"file": part.title, **next(given).as_dict()}
        for part, item in zip(parts, items, strict=True)
    ]


def _checked_type(request: Request, known: tuple[str, ...], example: str) -> str:
    given = content_type(request)
    if given not in known:
        raise HTTPException(
            415,
            f"Content-Type {given[:60] or 'is missing'}; {', '.join(known)} are read. "
            f"With curl: {example}",
            CLOSE,
        )
    return given


def _flag(name: str, fields: Mapping[str, str]) -> bool | None:
    """None where nothing was said of it."""
    text = fields.get(name)
    if text is None:
        return None
    if text not in _YES:
        raise HTTPException(400, f"{name}={text[:20]}; 0 or 1 is expected")
    return _YES[text]


def _decodes_fast(body: bytes) -> bool:
    """Whether a picture is so small that a thread would cost more than decoding it."""
    if not body.startswith(_PNG):
        return len(body) <= _INLINE_JPEG
    if len(body) < 24 or len(body) > _INLINE_PNG:
        return len(body) < 24
    width, height = struct.unpack(">II", body[16:24])
    return bool(width * height <= _INLINE_PIXELS)


def _attempt(part: Part, model: ServedModel, way: bool | None) -> _Item:
    try:
        return prepare(part.content, part.title, model.bundle, photograph=way)
    except DataError as error:
        return error


def _only_picture(parts: list[Part]) -> Part:
    named = [part for part in parts if part.name == _FIELD]
    if len(named) != 1:
        raise HTTPException(
            400,
            f"{len(named)} fields `{_FIELD}` in the form; one is needed (POST /predict/batch takes "
            "many)",
        )
    return named[0]
