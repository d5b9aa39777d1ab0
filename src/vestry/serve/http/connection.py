"""One client's connection: bounded in number, and in the time and size of a request's header."""

import asyncio
from typing import Any

from starlette.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from vestry.serve.http.load_shedder import LoadShedder
from vestry.serve.http.request import Limits, ServerBusy, response_bytes

_CROWDED = "too many connections; try again in a second"
SMALL = 64 * 2**10
_GRACE = 0.3
"""Seconds for which an idle connection is kept open once the server stops: a request that is on
its way is refused with a word, not by a reset."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, with limits and a load shedder, which `limited` gives it."""

    limits: Limits
    shedder: LoadShedder

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.head_open = True
        self.body_open = False
        self.head_bytes = 0
        self.watch: asyncio.TimerHandle | None = None
        self.shed = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.max_connections:
            self._refuse(ServerBusy(_CROWDED, "connections"))
            return
        self.watch = self.loop.call_later(self.limits.header_seconds, self._overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.head_open:
            self.head_bytes += len(data)
            if self.head_bytes > self.limits.max_header_bytes:
                most = f"{self.limits.max_header_bytes:,}"
                self._refuse(HTTPException(431, f"the header has more than {most} bytes"))
                return
        if not self.head_open and not self.body_open and not self._answered:
            # A request that came whole, as nearly all do, needs no watch.
            self._unwatch()
        elif self.watch is None:
            # Blank lines alone, after an answer, count as the start of a header.
            self.head_open = not self.body_open
            self.watch = self.loop.call_later(self.limits.header_seconds, self._overdue)

    @property
    def _answered(self) -> bool:
        """No request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_open = True
        self.head_bytes = 0

    def on_headers_complete(self) -> None:
        self.head_open = False
        self.body_open = True
        if self.parser.get_method() == b"POST" and self._answered and self._body_is_small():
            keep = self.parser.should_keep_alive() and not self.expect_100_continue
            answer = self.shedder.early_answer(keep)
            if answer is not None:
                self.shed = True
                self.transport.write(answer)
                if not keep or b"connection: close" in answer:
                    self.transport.close()
                return
        super().on_headers_complete()

    def _body_is_small(self) -> bool:
        """Whether the rest of a refused request can be thrown away as it comes."""
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return bool(lengths) and len(lengths[0]) < 8 and int(lengths[0]) <= SMALL

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, app)
        if cycle.scope["method"] == "POST":
            # Called once the task has had its first turn, in which the load shedder counts it.
            self.shedder.starting += 1
            self.loop.call_soon(self.shedder.started)

    def on_body(self, body: bytes) -> None:
        if not self.shed:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.body_open = False
        if not self.shed:
            super().on_message_complete()
            return
        self.shed = False
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def _overdue(self) -> None:
        """The header is not there in time; or an answered request's body still drips in."""
        self.watch = None
        if self.transport.is_closing():
            return
        if not self._answered:
            # The application counts a body's time itself, and an answer on its way goes first.
            self.watch = self.loop.call_later(self.limits.header_seconds, self._overdue)
        elif self.head_open and self.head_bytes:
            self._refuse(HTTPException(408, "the header did not arrive in time"))
        else:
            # One that was only opened gets no word: it would be taken for the answer to what its
            # client asks next.
            self.transport.close()

    def _unwatch(self) -> None:
        if self.watch is not None:
            self.watch.cancel()
            self.watch = None

    def timeout_keep_alive_handler(self) -> None:
        """A client that does not take its answer is not waited for."""
        if self.transport.get_write_buffer_size() > 0:
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def pause_writing(self) -> None:
        super().pause_writing()
        self.loop.call_later(self.limits.body_seconds, self._give_up_writing)

    def _give_up_writing(self) -> None:
        if self.flow.write_paused:
            self.transport.abort()

    def shutdown(self) -> None:
        """Requests under way are answered; an idle connection is closed after _GRACE."""
        if self._answered:
            self.loop.call_later(_GRACE, self._close_idle)
        else:
            super().shutdown()

    def _close_idle(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def send_400_response(self, _: str) -> None:
        self._refuse(HTTPException(400, "this is not HTTP/1.1 as it is spoken here"))

    def _refuse(self, error: HTTPException) -> None:
        """Answer without the application, and close."""
        self._unwatch()
        self.transport.write(response_bytes(error, keep=False))
        self.transport.close()


def limited(limits: Limits, shedder: LoadShedder) -> type[Connection]:
    return type("LimitedConnection", (Connection,), {"limits": limits, "shedder": shedder})
