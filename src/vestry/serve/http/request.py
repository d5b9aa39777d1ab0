"""What Starlette does not know of a request: its limits, how far it has come, its errors."""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive

STATE = "vestry.request"
"""The scope's key of a request's state."""
REFUSED = "vestry.refused"
"""The scope's key of the status under which its connection has refused the rest of a request."""
MOST_THROWN_AWAY = 16 * 2**20
"""Bytes of what is refused that are read and not kept."""
CLOSE = {"connection": "close"}

encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


@dataclass(frozen=True)
class Limits:
    """What one request may ask, in bytes, counts and seconds.

    max_image_bytes, max_batch_bytes, max_json_bytes: of a body with one image, with many, and of
    JSON (tensors that need more go as binary data). max_images: in one request. max_json_brackets:
    bounds the lists that JSON unfolds into. max_unfinished_bytes: of bodies that are not whole, of
    all connections together. max_header_bytes, header_seconds, body_seconds: of a request's header,
    the time for it and for its body to arrive. linger_seconds: for which a refused body is thrown
    away, so that its sender sees the answer.
    """

    max_image_bytes: int = 20 * 2**20
    max_batch_bytes: int = 64 * 2**20
    max_json_bytes: int = 2 * 2**20
    max_images: int = 512
    max_json_brackets: int = 200_000
    max_unfinished_bytes: int = 256 * 2**20
    max_header_bytes: int = 32 * 2**10
    header_seconds: float = 10.0
    body_seconds: float = 20.0
    linger_seconds: float = 1.0
    max_connections: int = 1000


@dataclass(eq=False, slots=True)
class RequestState:
    """How far a request has come.

    receive: the server's own. limit: bytes of its body that are read. received: bytes of it so far.
    arriving: whether there may be more. images: those it has in the queue. held: bytes that are
    accounted for. coming: whether batches wait for its images. due: when it is given up, on the
    loop's clock; overdue: that it was. started: that its answer has been. status, model, label: for
    metrics and the access log. closing: whether its connection is.
    """

    receive: Receive
    limit: int = 0
    received: int = 0
    arriving: bool = True
    images: int = 0
    held: int = 0
    coming: bool = False
    due: float = math.inf
    overdue: bool = False
    started: bool = False
    status: int = 499  # as nginx calls a request whose client hung up
    model: str | None = None
    label: str | None = None
    closing: bool = False


def state_of(request: Request) -> RequestState:
    state: RequestState = request.scope[STATE]
    return state


class ServerBusy(HTTPException):
    """503, to be tried again. reason: a word for the metrics."""

    def __init__(self, detail: str, reason: str, close: bool = False) -> None:
        super().__init__(503, detail, {"retry-after": "1"} | (CLOSE if close else {}))
        self.reason = reason


class JSON(JSONResponse):
    """Starlette's, by one encoder for all; half a character in a name becomes a question mark."""

    def render(self, content: Any) -> bytes:
        return json_bytes(content)


def json_bytes(content: Any) -> bytes:
    return encode(content).encode("utf-8", "replace")


def error_response(error: HTTPException) -> JSON:
    return JSON({"error": error.detail}, error.status_code, error.headers)


def response_bytes(error: HTTPException, keep: bool) -> bytes:
    """The whole of its response, for where there is no application to send it. keep: the
    connection."""
    response = error_response(error)
    if not keep:
        response.headers["connection"] = "close"
    head = b"".join(b"%s: %s\r\n" % header for header in response.raw_headers)
    status = f"{error.status_code} {HTTPStatus(error.status_code).phrase}".encode()
    return b"HTTP/1.1 %s\r\n%s\r\n%s" % (status, head, bytes(response.body))


def too_large(limit: int) -> HTTPException:
    return HTTPException(
        413, f"the body is larger than {limit:,} bytes; send less at a time", CLOSE
    )


def query_of(request: Request, *known: str) -> Mapping[str, str]:
    """The query's fields; raises HTTPException for any that is not `known`, or is there twice."""
    if not request.scope["query_string"]:
        return {}
    fields = request.query_params
    for name in fields:
        if name not in known:
            there = f"there is {', '.join(known)}" if known else "this path takes none"
            raise HTTPException(400, f"no such query field: {name[:60]}; {there}")
    if not fields or len(fields.multi_items()) > len(fields):
        raise HTTPException(400, "the query cannot be read")
    return fields
