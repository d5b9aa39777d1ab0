"""`POST /predict` and `POST /predict/batch`: pictures in, answers out."""

from typing import Any

import numpy as np

from vestry.errors import DataError
from vestry.serve.answer import Answer
from vestry.serve.answering import details
from vestry.serve.http.batching import Votes
from vestry.serve.http.bodies import Part, content_type, read_parts
from vestry.serve.http.carrying import Carrier, decodes_fast
from vestry.serve.http.exchange import CLOSE, Call, Refusal, Reply, json_bytes, json_reply
from vestry.serve.http.models import ServedModel
from vestry.serve.http.tensors import images_of
from vestry.serve.preparing import Prepared, prepare

FORM = "multipart/form-data"
BYTES = "application/octet-stream"
PICTURES = ("image/png", "image/jpeg", BYTES)
ARRAYS = ("application/x-npz", "application/zip", BYTES)
FIELD = "image"
PHOTOGRAPH = "photograph"
SENT = "the image"
"""What errors call a picture that came without a name."""
YES = {"1": True, "true": True, "0": False, "false": False}

Item = Prepared | DataError


def check_type(given: str, known: tuple[str, ...], example: str) -> None:
    if given not in known:
        raise Refusal(
            415,
            f"Content-Type {given[:60] or 'is missing'}; {', '.join(known)} are read. "
            f"With curl: {example}",
            CLOSE,
        )


class Predicting:
    """The two endpoints."""

    def __init__(self, carrier: Carrier) -> None:
        self.carrier = carrier

    def model(self, call: Call, fields: Any) -> ServedModel:
        model = self.carrier.models.named(fields.get("model"))
        call.model = model.slug
        return model

    async def one(self, call: Call) -> Reply:
        """One picture, as the body or as the field `image` of a form."""
        fields = call.query("model", "details", PHOTOGRAPH)
        model = self.model(call, fields)
        wanted = yes("details", fields.get("details", "0"))
        way = way_of(fields)
        kind = content_type(call)
        check_type(
            kind,
            (*PICTURES, FORM),
            "curl -H 'Content-Type: image/png' --data-binary @shirt.png URL, "
            "or curl -F image=@shirt.png URL",
        )
        data, name = await self.carrier.body(call, self.carrier.limits.photo), SENT
        if kind == FORM:
            data, name = only_picture(call, data)
        if decodes_fast(data) and not wanted:
            prepared = picture(data, name, model, way)
        else:
            prepared = await self.carrier.aside(lambda: picture(data, name, model, way, wanted))
        votes = await self.carrier.votes(call, model, prepared.image[None])
        (answer,) = self.carrier.answers(call, model, votes)
        if not wanted:
            return json_reply(answer.as_dict())
        return Reply(await self.carrier.aside(lambda: detailed(answer, prepared, model)))

    async def many(self, call: Call) -> Reply:
        """Many pictures in a form, or an .npz file with an array `images`."""
        fields = call.query("model", PHOTOGRAPH)
        model, way = self.model(call, fields), way_of(fields)
        kind = content_type(call)
        check_type(
            kind,
            (FORM, *ARRAYS),
            "curl -F image=@one.png -F image=@two.png URL, or curl -H "
            "'Content-Type: application/x-npz' --data-binary @images.npz URL",
        )
        body = await self.carrier.body(call, self.carrier.limits.many)
        if kind == FORM:
            return await self.pictures(call, model, body, way)
        most = self.carrier.limits.images
        images = await self.carrier.aside(lambda: images_of(body, model.bundle, most))
        votes = await self.carrier.votes(call, model, images)
        return Reply(await self.carrier.aside(lambda: self.array_json(call, model, votes)))

    async def pictures(
        self, call: Call, model: ServedModel, body: bytes, way: bool | None
    ) -> Reply:
        header = call.header(b"content-type") or b""
        most = self.carrier.limits.images
        parts = await self.carrier.aside(lambda: files(read_parts(header, body, most)))
        items = await self.carrier.aside(lambda: [attempt(*part, model, way) for part in parts])
        images = [item.image for item in items if isinstance(item, Prepared)]
        if not images:
            first = next(item for item in items if isinstance(item, DataError))
            raise Refusal(422, f"none of {len(items)} images can be read; {first}")
        votes = await self.carrier.votes(call, model, np.stack(images))
        return Reply(
            await self.carrier.aside(lambda: self.pictures_json(call, model, votes, parts, items))
        )

    def array_json(self, call: Call, model: ServedModel, votes: Votes) -> bytes:
        return json_bytes([a.as_dict() for a in self.carrier.answers(call, model, votes)])

    def pictures_json(
        self,
        call: Call,
        model: ServedModel,
        votes: Votes,
        parts: list[tuple[bytes, str]],
        items: list[Item],
    ) -> bytes:
        answers = iter(self.carrier.answers(call, model, votes))
        return json_bytes(
            [
                {"file": name}
                | ({"error": str(item)} if isinstance(item, DataError) else next(answers).as_dict())
                for (_, name), item in zip(parts, items, strict=True)
            ]
        )


def yes(field: str, text: str) -> bool:
    if text not in YES:
        raise Refusal(400, f"{field}={text[:20]}; 0 or 1 is expected")
    return YES[text]


def way_of(fields: Any) -> bool | None:
    """Whether the steps for photographs were asked for; None where nothing was said of them."""
    asked = fields.get(PHOTOGRAPH)
    return None if asked is None else yes(PHOTOGRAPH, asked)


def picture(
    data: bytes, name: str, model: ServedModel, way: bool | None, steps: bool = False
) -> Prepared:
    """Raises Refusal where the model cannot be shown it."""
    try:
        return prepare(data, name, model.bundle, steps, way)
    except DataError as error:
        raise Refusal(422, str(error)) from None


def attempt(data: bytes, name: str, model: ServedModel, way: bool | None) -> Item:
    try:
        return prepare(data, name, model.bundle, photograph=way)
    except DataError as error:
        return error


def only_picture(call: Call, body: bytes) -> tuple[bytes, str]:
    """The one file of a form, and its name."""
    parts = read_parts(call.header(b"content-type") or b"", body, most=10)
    named = [part for part in parts if part.name == FIELD]
    if len(named) != 1:
        raise Refusal(
            400,
            f"{len(named)} fields `{FIELD}` in the form; one is needed (POST /predict/batch takes "
            "many)",
        )
    return named[0].content, named[0].filename or SENT


def files(parts: list[Part]) -> list[tuple[bytes, str]]:
    """Contents and names of all that a form holds."""
    if not parts:
        raise Refusal(400, "the form holds no image")
    return [(part.content, part.title(number)) for number, part in enumerate(parts, 1)]


def detailed(answer: Answer, prepared: Prepared, model: ServedModel) -> bytes:
    return json_bytes(answer.as_dict() | details(answer, prepared, model.known))
