"""One client's connection: bounded in number, and in the time and size of a request's header."""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from starlette.exceptions import HTTPException
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from vestry.serve.http.framing import (
    has_small_body,
    problem_of,
    same_framing,
    take_authority,
)
from vestry.serve.http.load_shedder import LoadShedder
from vestry.serve.http.request import (
    MOST_THROWN_AWAY,
    REFUSED,
    Limits,
    ServerBusy,
    response_bytes,
)

_CROWDED = "too many connections; try again in a second"
_FIRST_LINE = 32
"""Bytes of a request beside its URL and its fields, or more."""
_GRACE = 0.3
"""Seconds for which an idle connection is kept open once the server stops: a request that is on
its way is refused with a word, not by a reset."""


Refused = Callable[[HTTPException], None]
"""Told of what was refused before it was a request of the application's."""


class Connection(HttpToolsProtocol):
    """uvicorn's protocol, with limits and a load shedder, which `limited` gives it.

    begun: a request's first byte is there, and its last is not. head_bytes: of its fields, those
    after its body too. unread: bytes of which the parser has made nothing yet. is_between: one was
    read whole since they were counted. replaying: the parser reads what it has read before. deaf:
    what comes is thrown away. problem: what the parser is stopped for.
    """

    limits: Limits
    shedder: LoadShedder
    refused: Refused

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.head_open = True
        self.body_open = False
        self.begun = self.is_between = self.replaying = self.deaf = False
        self.head_bytes = self.unread = 0
        self.problem: HTTPException | None = None
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
        self.pipeline.clear()  # nobody is there to be answered
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self.deaf:
            self._throw_away(data)
            return
        self._unset_keepalive_if_required()
        self.unread = len(data) + (0 if self.is_between else max(0, self.unread))
        self.is_between = False
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self.send_400_response("")
            return
        if self.unread > self.limits.max_header_bytes:
            self._refuse(self._too_long())
            return
        if not self.head_open and not self.body_open and not self._answered:
            # A request that came whole, as nearly all do, needs no watch.
            self._unwatch()
        elif self.watch is None:
            # Blank lines alone, after an answer, count as the start of a header.
            self.head_open = not self.body_open
            self.watch = self.loop.call_later(self.limits.header_seconds, self._overdue)

    def _feed(self, data: bytes) -> None:
        """Have it parsed. An upgrade that is offered (to HTTP/2, as Java's client does with every
        request) is not taken: the parser, which stops there, begins anew with the body."""
        while True:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                start = same_framing(self.parser.get_http_version(), self.headers)
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
            self.replaying = True
            try:
                self.parser.feed_data(start)
            finally:
                self.replaying = False
            if not data:
                return

    @property
    def _answered(self) -> bool:
        """No request is under way."""
        return self.cycle is None or self.cycle.response_complete

    def on_message_begin(self) -> None:
        if self.replaying:
            return
        super().on_message_begin()
        self.begun = self.head_open = True
        self.head_bytes = 0

    def on_url(self, url: bytes) -> None:
        if not self.replaying:
            self._read_on(len(url))
            super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        if self.replaying:
            return
        self._read_on(len(name) + len(value) + 4)
        # What comes after a body is not taken for what should have stood before it.
        if not self.body_open:
            super().on_header(name, value)

    def _read_on(self, size: int) -> None:
        self.unread -= size
        self.head_bytes += size
        if self.head_bytes > self.limits.max_header_bytes:
            self._stop_parsing(self._too_long())

    def _too_long(self) -> HTTPException:
        most = f"{self.limits.max_header_bytes:,}"
        return HTTPException(431, f"the header has more than {most} bytes")

    def _stop_parsing(self, problem: HTTPException) -> None:
        self.problem = problem
        raise problem

    def on_headers_complete(self) -> None:
        if self.replaying:
            return
        version = self.parser.get_http_version()
        if problem := problem_of(version, self.headers, len(self.pipeline)):
            self._stop_parsing(problem)
        take_authority(self.url, self.headers)
        self.head_open = False
        self.body_open = True
        if self.parser.get_method() == b"POST" and self._answered and has_small_body(self.headers):
            keep = self.parser.should_keep_alive() and not self.expect_100_continue
            answer = self.shedder.early_answer(keep)
            if answer is not None:
                self.shed = True
                self.transport.write(answer)
                if not keep or b"connection: close" in answer:
                    self.transport.close()
                return
        super().on_headers_complete()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        super()._start_asgi_task(cycle, app)
        if cycle.scope["method"] == "POST":
            # Called once the task has had its first turn, in which the load shedder counts it.
            self.shedder.starting += 1
            self.loop.call_soon(self.shedder.started)

    def on_body(self, body: bytes) -> None:
        self.unread = 0
        if not self.shed:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the parser leaves the body out, which `_feed` has it read after all
        self.begun = self.body_open = False
        self.is_between = True
        self.unread -= _FIRST_LINE
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
        elif self.begun and self.head_open:
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
        self._refuse(
            self.problem or HTTPException(400, "this is not HTTP/1.1 as it is spoken here")
        )

    def _refuse(self, error: HTTPException) -> None:
        """Answer without the application, and close. Requests that came whole are answered first;
        of one whose body is refused the application counts that."""
        self._unwatch()
        if not self._answered and not self.body_open:
            self.deaf, self.cycle.keep_alive = True, False
            self.refused(error)
            return
        if self._answered:
            self.refused(error)
            self.transport.write(response_bytes(error, keep=False))
        else:
            self._end_cycle(error)
        self._close_soon(error)

    def _close_soon(self, error: HTTPException) -> None:
        """A connection that is closed while its client still sends is reset, and the client never
        sees why; so nothing more is said, and for a moment what comes is thrown away."""
        if isinstance(error, ServerBusy) or not self.transport.can_write_eof():
            self.transport.close()
            return
        self.deaf = True
        self.unread = 0
        self.transport.write_eof()
        self.loop.call_later(self.limits.linger_seconds, self.transport.close)

    def _throw_away(self, data: bytes) -> None:
        self.unread += len(data)
        if self.unread > MOST_THROWN_AWAY:
            self.transport.close()

    def _end_cycle(self, error: HTTPException) -> None:
        """Of the request whose body arrives: it gets the word that another answer has not begun to
        take the place of."""
        if not self.pipeline and not self.cycle.response_started:
            self.cycle.scope[REFUSED] = error.status_code  # type: ignore[literal-required]
            self.transport.write(response_bytes(error, keep=False))
        self.cycle.disconnected = True
        self.cycle.message_event.set()


def limited(limits: Limits, shedder: LoadShedder, refused: Refused) -> type[Connection]:
    own = {"limits": limits, "shedder": shedder, "refused": staticmethod(refused)}
    return type("LimitedConnection", (Connection,), own)
