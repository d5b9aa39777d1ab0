"""A prediction's way through Starlette, where Starlette's own costs more than 5% of a request.

In `benchmarks/serving.py`, processor time a request beside the server that had none of Starlette's
parts, in turns: 1.17 [1.08, 1.22] with its application, `request_response`, `Request.body` and
`Request.headers`; 1.10 [1.02, 1.15] with its `Router` alone (`app.py`) and a `handle` of our own;
1.01 [0.97, 1.07] with what stands here: `whole_body`, `_header`, and `_Overdue`, which takes 6 us a
request less than `asyncio.timeout`.
"""

import asyncio
from collections.abc import Awaitable, Callable

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from vestry.serve.http.openapi import DescribedRoute, Operation
from vestry.serve.http.request import CLOSE, RequestState, ServerBusy, state_of, too_large

_Endpoint = Callable[[Request], Awaitable[Response]]

_LATE = "the answer took longer than the deadline allows; try again in a second"
_SLOW = "the body did not arrive in time"
_IDENTITY = ("", "identity")
_EVERY = 0.05
"""Seconds between two looks for requests that are overdue."""


class _Overdue:
    """Cancels tasks whose request is due: `asyncio.timeout` for all of a loop with one timer."""

    def __init__(self) -> None:
        self.tasks: dict[RequestState, asyncio.Task[None]] = {}
        self.looking_on: asyncio.AbstractEventLoop | None = None

    def watch(self, state: RequestState, task: asyncio.Task[None], seconds: float) -> None:
        loop = asyncio.get_running_loop()
        state.due = loop.time() + seconds
        self.tasks[state] = task
        if self.looking_on is not loop:
            self.looking_on = loop
            loop.call_later(_EVERY, self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        for state, task in self.tasks.items():
            if state.due <= loop.time() and not state.overdue:
                state.overdue = True
                task.cancel()
        if self.tasks:
            loop.call_later(_EVERY, self._look, loop)
        else:
            self.looking_on = None


class PredictionRoute(DescribedRoute):
    """One that answers within the time for a body to arrive, and from then on within the deadline.

    A deadline that has passed is 503, not 504: the server is nobody's gateway (RFC 9110, 15.6.5),
    and trying again later is what helps.
    """

    def __init__(
        self, path: str, endpoint: _Endpoint, seconds: float, operation: Operation
    ) -> None:
        super().__init__("POST", path, endpoint, operation)
        self.seconds = seconds
        self.overdue = _Overdue()

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] != self.method:
            return await super().handle(scope, receive, send)
        request = Request(scope, receive, send)
        state, task = state_of(request), asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self.overdue.watch(state, task, self.seconds)
        try:
            response = await self.endpoint(request)
        except asyncio.CancelledError:
            if not state.overdue:
                raise
            task.uncancel()
            if state.arriving:
                raise HTTPException(408, _SLOW, CLOSE) from None
            raise ServerBusy(_LATE, "deadline") from None
        finally:
            del self.overdue.tasks[state]
        await response(scope, receive, send)


async def whole_body(request: Request) -> bytes:
    """As `Request.body`, which goes through a generator for each; raises ClientDisconnect."""
    pieces = []
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        pieces.append(message.get("body", b""))
        if not message.get("more_body", False):
            return pieces[0] if len(pieces) == 1 else b"".join(pieces)


def content_type(request: Request) -> str:
    """The body's type, lower case, without its parameters."""
    return _header(request, b"content-type").partition(";")[0].strip().lower()


def _header(request: Request, name: bytes) -> str:
    """As `request.headers.get`, in a third of the time."""
    for key, value in request.scope["headers"]:
        if key == name:
            found: str = value.decode("latin-1")
            return found
    return ""


def check_head(request: Request, limit: int) -> None:
    """Refuse what the header alone condemns: compressed bodies, and ones longer than `limit`."""
    encoding = _header(request, b"content-encoding")
    if encoding.strip().lower() not in _IDENTITY:
        raise HTTPException(
            415, f"Content-Encoding {encoding[:40]} is not unfolded; send the body as it is", CLOSE
        )
    length = _header(request, b"content-length")
    # Digits that int() refuses for their number are too many bytes, too.
    if len(length) > 18 or (length.isdigit() and int(length) > limit):
        raise too_large(limit)
    state_of(request).limit = limit
