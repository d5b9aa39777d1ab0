"""One client's connection: bounded in number, and in the time and size of a request's header."""

import asyncio
import json
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from vestry.serve.http.limits import Limits

SMALL = 64 * 2**10
GRACE = 0.3
"""Seconds for which an idle connection is kept open once the server stops: a request that is on
its way is refused with a word, not by a reset."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, with limits. `limits` is set by the subclass that `limited` makes."""

    limits = Limits()
    app: Any

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.head_open = True
        self.body_open = False
        self.head_bytes = 0
        self.watch: asyncio.TimerHandle | None = None
        self.turned_away = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self.limits.connections:
            self.refuse(503, "too many connections; try again in a second")
            return
        self.watch = self.loop.call_later(self.limits.head_seconds, self.overdue)

    def connection_lost(self, exc: Exception | None) -> None:
        self.unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self.head_open:
            self.head_bytes += len(data)
            if self.head_bytes > self.limits.head:
                self.refuse(431, f"the header has more than {self.limits.head:,} bytes")
                return
        if not self.head_open and not self.body_open and not self.answered:
            # A request that came whole, as nearly all do, needs no watch.
            self.unwatch()
        elif self.watch is None:
            # Blank lines alone, after an answer, count as the start of a header.
            self.head_open = not self.body_open
            self.watch = self.loop.call_later(self.limits.head_seconds, self.overdue)

    @property
    def answered(self) -> bool:
        """No request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.head_open = True
        self.head_bytes = 0

    def on_headers_complete(self) -> None:
        self.head_open = False
        self.body_open = True
        if self.parser.get_method() == b"POST" and self.answered and self.body_is_small():
            keep = self.parser.should_keep_alive() and not self.expect_100_continue
            answer = self.app.turning_away.answer(keep)
            if answer is not None:
                self.turned_away = True
                self.transport.write(answer)
                if not keep or b"connection: close" in answer:
                    self.transport.close()
                return
        super().on_headers_complete()

    def body_is_small(self) -> bool:
        """Whether the rest of a refused request can be thrown away as it comes."""
        lengths = [value for name, value in self.headers if name == b"content-length"]
        return bool(lengths) and len(lengths[0]) < 8 and int(lengths[0]) <= SMALL

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, app)
        if cycle.scope["method"] == "POST":
            # Called once the task has had its first turn, in which the gate counts it.
            self.app.turning_away.starting += 1
            self.loop.call_soon(self.app.turning_away.started)

    def on_body(self, body: bytes) -> None:
        if not self.turned_away:
            super().on_body(body)

    def on_message_complete(self) -> None:
        self.body_open = False
        if not self.turned_away:
            super().on_message_complete()
            return
        self.turned_away = False
        if self.timeout_keep_alive_task is None:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )

    def overdue(self) -> None:
        """The header is not there in time; or an answered request's body still drips in."""
        self.watch = None
        if self.transport.is_closing():
            return
        if not self.answered:
            # The application counts a body's time itself, and an answer on its way goes first.
            self.watch = self.loop.call_later(self.limits.head_seconds, self.overdue)
        elif self.head_open and self.head_bytes:
            self.refuse(408, "the header did not arrive in time")
        else:
            # One that was only opened gets no word: it would be taken for the answer to what its
            # client asks next.
            self.transport.close()

    def unwatch(self) -> None:
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
        self.loop.call_later(self.limits.body_seconds, self.give_up_writing)

    def give_up_writing(self) -> None:
        if self.flow.write_paused:
            self.transport.abort()

    def shutdown(self) -> None:
        """Requests under way are answered; an idle connection is closed after GRACE."""
        if self.answered:
            self.loop.call_later(GRACE, self.close_idle)
        else:
            super().shutdown()

    def close_idle(self) -> None:
        if not self.transport.is_closing():
            super().shutdown()

    def send_400_response(self, _: str) -> None:
        self.refuse(400, "this is not HTTP/1.1 as it is spoken here")

    def refuse(self, status: int, text: str) -> None:
        """Answer without the application, and close."""
        self.unwatch()
        body = json.dumps({"error": text}).encode()
        retry = b"retry-after: 1\r\n" if status == 503 else b""
        self.transport.write(
            STATUS_LINE[status]
            + b"content-type: application/json\r\n"
            + b"content-length: %d\r\n" % len(body)
            + retry
            + b"connection: close\r\n\r\n"
            + body
        )
        self.transport.close()


def limited(limits: Limits) -> type[Connection]:
    return type("LimitedConnection", (Connection,), {"limits": limits})
