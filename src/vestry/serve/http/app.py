"""The ASGI application: Starlette's router, and around it what every request goes through.

While the server is full, a request for a prediction is refused before it is routed or read. Every
request is counted and logged; what an endpoint raises becomes a JSON body with `error`.
"""

import asyncio
import sys
import time
import traceback
from contextlib import suppress
from functools import partial

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.routing import Router
from starlette.types import Message, Receive, Scope, Send

from vestry.serve.http.context import ServerContext
from vestry.serve.http.hosts import Hosts, check_host
from vestry.serve.http.pages import Page
from vestry.serve.http.request import (
    JSON,
    MOST_THROWN_AWAY,
    REFUSED,
    STATE,
    RequestState,
    ServerBusy,
    error_response,
    too_large,
)
from vestry.serve.http.routes import routes_of
from vestry.serve.http.telemetry import AccessLog, LogWriter

_FAILED = "the server failed; its log says why"
_WORDS = {
    "Not Found": "no such path; GET /openapi.json lists what there is",
    "Method Not Allowed": "this path does not answer that method",
}
"""What Starlette's own errors are called here."""
_SMALL = 64 * 2**10
_NO_SNIFF = (b"x-content-type-options", b"nosniff")
_CLOSING = (b"connection", b"close")


class App:
    """log: None to write none. hosts: the names that are answered to; None for all."""

    def __init__(
        self, context: ServerContext, page: Page, log: AccessLog | None, hosts: Hosts
    ) -> None:
        self.hosts = hosts
        self.context = context
        self.shedder = context.shedder
        self.log = log
        self.writer: LogWriter | None = None
        self.routes = routes_of(context, page)
        self.router = Router(self.routes, redirect_slashes=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        start = time.perf_counter()
        state = scope[STATE] = RequestState(receive)
        scope["app"] = self
        send = partial(self._send, scope, state, send)
        try:
            await self._respond(scope, partial(self._receive, state), send)
        except ClientDisconnect:
            pass
        except Exception:  # a fault of ours: said to whoever runs the server, not to the client
            self.say(traceback.format_exc())
            if not state.started:
                await JSON({"error": _FAILED}, 500)(scope, receive, send)
        finally:
            del scope[STATE]  # which leads back to the scope: only the garbage collector would go
            self.shedder.release(state)
            self._count(scope, state, time.perf_counter() - start)

    async def _respond(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            if scope["method"] == "POST" and (error := self.shedder.refusal()) is not None:
                raise error
            check_host(scope, self.hosts)
            await self.router(scope, receive, send)
        except HTTPException as error:
            if isinstance(error, ServerBusy):
                self.context.metrics.refusal(error.reason)
            error.detail = _WORDS.get(error.detail, error.detail)
            await error_response(error)(scope, receive, send)

    def say(self, text: str) -> None:
        """To whoever runs the server, and reads along or does not."""
        if self.writer is None:
            self.writer = LogWriter(sys.stderr) if self.log is None else self.log.writer
        self.writer.put(text)

    def settle(self) -> None:
        """Write and count what has waited for company; at the end, for there will be none."""
        self.shedder.settle()
        if self.log is not None:
            self.log.close()
        elif self.writer is not None:
            self.writer.close()

    def _count(self, scope: Scope, state: RequestState, seconds: float) -> None:
        route = scope["route"].path if "route" in scope else "unknown"
        state.status = scope.get(REFUSED, state.status)
        self.context.metrics.request(
            route, scope["method"], state.status, seconds, self.shedder.images
        )
        if self.log is not None:
            self.log.write(scope, state, seconds)

    def refused(self, error: HTTPException) -> None:
        """Count and log what was refused before it was a request."""
        self.context.metrics.unrouted(error.status_code)
        if isinstance(error, ServerBusy):
            self.context.metrics.refusal(error.reason)
        if self.log is not None:
            self.log.unrouted(error.status_code, error.detail)

    async def _receive(self, state: RequestState) -> Message:
        """The next piece of the body, within the bounds."""
        message = await state.receive()
        if message["type"] == "http.request":
            size = len(message.get("body", b""))
            state.received += size
            state.arriving = message.get("more_body", False)
            if state.received > state.limit:
                raise too_large(state.limit)
            if state.arriving or state.held:
                self.shedder.hold(state, size)
        return message

    async def _send(self, scope: Scope, state: RequestState, send: Send, message: Message) -> None:
        if message["type"] == "http.response.start":
            state.started, state.status = True, message["status"]
            message["headers"] = [*message["headers"], _NO_SNIFF]
            state.closing = state.arriving and not _soon_whole(scope)
            if state.closing and _CLOSING not in message["headers"]:
                message["headers"].append(_CLOSING)
        elif state.closing and not message.get("more_body", False):
            await send({**message, "more_body": True})
            await _throw_away(state, self.context.limits.linger_seconds)
            message = {"type": "http.response.body", "body": b"", "more_body": False}
        await send(message)


async def _throw_away(state: RequestState, seconds: float) -> None:
    """Read on for a while and keep nothing.

    A connection that is closed while its sender still sends is reset, and the sender never sees
    why it was refused (RFC 9112, 9.6).
    """
    most = state.received + MOST_THROWN_AWAY
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while state.arriving and state.received < most:
                message = await state.receive()
                state.received += len(message.get("body", b""))
                state.arriving = message.get("more_body", False)


def _soon_whole(scope: Scope) -> bool:
    """Whether what is unread of a body is so little that the connection can be kept: the body is
    thrown away as it comes. Closing would cost a client that is refused a new connection."""
    headers = dict(scope["headers"])
    length = headers.get(b"content-length")
    if length is None:
        return b"transfer-encoding" not in headers
    return length.isdigit() and len(length) < 8 and int(length) <= _SMALL
