"""The ASGI application: which path leads where, and what every request goes through.

Outermost is the gate: while the server is full, a request for a prediction is refused before it is
routed or read. What an endpoint raises becomes a JSON body with `error`.
"""

import asyncio
import sys
import time
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from re import Pattern

from starlette.routing import compile_path
from starlette.types import Receive, Scope, Send

from vestry.serve.http.access_log import AccessLog
from vestry.serve.http.bodies import throw_away
from vestry.serve.http.carrying import Carrier
from vestry.serve.http.exchange import (
    CLOSE,
    Call,
    GoneError,
    Headers,
    Refusal,
    Reply,
    busy,
    json_bytes,
)
from vestry.serve.http.gate import TurningAway
from vestry.serve.http.inference_protocol import InferenceProtocol
from vestry.serve.http.predicting import Predicting
from vestry.serve.http.site import Listing, Site

Endpoint = Callable[[Call], Awaitable[Reply]]

GONE = 499
"""What the log calls a request whose client hung up; as nginx does."""
LATE = "the answer took longer than the deadline allows; try again in a second"
SLOW = "the body did not arrive in time"
SMALL = 64 * 2**10
NO_SNIFF: Headers = ((b"x-content-type-options", b"nosniff"),)


@dataclass(frozen=True)
class Route:
    path: str
    method: str
    endpoint: Endpoint

    @property
    def methods(self) -> tuple[str, ...]:
        return ("GET", "HEAD") if self.method == "GET" else (self.method,)


def routes_of(carrier: Carrier, site: Site) -> list[Route]:
    """All that the server answers."""
    predicting = Predicting(carrier)
    protocol = InferenceProtocol(carrier)
    listing = Listing(carrier)
    found = [
        Route("/predict", "POST", predicting.one),
        Route("/predict/batch", "POST", predicting.many),
        Route("/", "GET", site.index),
        Route("/page/{file}", "GET", site.file),
        Route("/models", "GET", listing.models),
        Route("/models/{slug}/samples", "GET", listing.samples),
        Route("/metrics", "GET", listing.metrics),
        Route("/openapi.json", "GET", listing.openapi),
        Route("/v2", "GET", protocol.server),
        Route("/v2/health/live", "GET", protocol.live),
        Route("/v2/health/ready", "GET", protocol.ready),
    ]
    for model in ("/v2/models/{name}", "/v2/models/{name}/versions/{version}"):
        found += [
            Route(model, "GET", protocol.metadata),
            Route(f"{model}/ready", "GET", protocol.model_ready),
            Route(f"{model}/infer", "POST", protocol.infer),
        ]
    return found


class App:
    """log: None to write none."""

    def __init__(self, carrier: Carrier, site: Site, log: AccessLog | None) -> None:
        self.carrier = carrier
        self.gate = carrier.gate
        self.log = log
        self.turning_away = TurningAway(
            carrier.gate, carrier.metrics, (lambda *_: None) if log is None else log.refused
        )
        self.routes = routes_of(carrier, site)
        self.exact = {route.path: route for route in self.routes if "{" not in route.path}
        self.patterns: list[tuple[Pattern[str], Route]] = [
            (compile_path(route.path)[0], route) for route in self.routes if "{" in route.path
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"{scope['type']} is not spoken here")
        start = time.perf_counter()
        call = Call(scope, receive)
        status = GONE
        try:
            reply = await self.replied(call)
            status = reply.status
            await self.send(call, send, reply)
        except GoneError:
            pass
        finally:
            self.gate.leave(call)
            self.count(call, status, time.perf_counter() - start)

    async def replied(self, call: Call) -> Reply:
        """The endpoint's reply, or the refusal of any; nothing an endpoint raises gets past."""
        predicts = call.scope["method"] == "POST"
        try:
            if predicts and (refusal := self.gate.refusal()) is not None:
                raise refusal
            route = self.found(call)
            if not predicts:
                return await route.endpoint(call)
            return await self.timed(call, route.endpoint)
        except Refusal as refusal:
            if refusal.reason is not None:
                self.carrier.metrics.refusal(refusal.reason)
            return refusal.reply()
        except GoneError:
            raise
        except Exception:  # a fault of ours: said to whoever runs the server, not to the client
            traceback.print_exc(file=sys.stderr)
            return Reply(json_bytes({"error": "the server failed; its log says why"}), 500)

    async def timed(self, call: Call, endpoint: Endpoint) -> Reply:
        """Within the time for a body to arrive, and from then on within the deadline.

        A deadline that has passed is 503, not 504: the server is nobody's gateway (RFC 9110,
        15.6.5), and trying again later is what helps.
        """
        try:
            async with asyncio.timeout(self.carrier.limits.body_seconds) as call.clock:
                return await endpoint(call)
        except TimeoutError:
            if call.arriving:
                raise Refusal(408, SLOW, CLOSE) from None
            raise busy(LATE, "deadline") from None

    def found(self, call: Call) -> Route:
        """The route of a path and method; raises Refusal with 404 or 405."""
        path, method = call.scope["path"], call.scope["method"]
        route = self.exact.get(path)
        if route is None:
            for pattern, candidate in self.patterns:
                if (match := pattern.match(path)) is not None:
                    call.parameters = match.groupdict()
                    route = candidate
                    break
            else:
                raise Refusal(404, "no such path; GET /openapi.json lists what there is")
        call.route = route.path
        if method not in route.methods:
            allowed = ", ".join(route.methods)
            raise Refusal(
                405, f"{method[:20]} is not answered here", ((b"allow", allowed.encode()),)
            )
        return route

    async def send(self, call: Call, send: Send, reply: Reply) -> None:
        headers = [
            (b"content-type", reply.kind),
            (b"content-length", b"%d" % len(reply.body)),
            *NO_SNIFF,
            *reply.headers,
        ]
        closing = call.arriving and not soon_whole(call)
        if closing and CLOSE[0] not in reply.headers:
            headers += CLOSE
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        if closing:
            await send({"type": "http.response.body", "body": reply.body, "more_body": True})
            await throw_away(call, self.carrier.limits.linger)
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            return
        await send({"type": "http.response.body", "body": reply.body})

    def settle(self) -> None:
        """Write and count what has waited for company; at the end, for there will be none."""
        self.turning_away.settle()
        if self.log is not None:
            self.log.close()

    def count(self, call: Call, status: int, seconds: float) -> None:
        method, waiting = call.scope["method"], self.gate.images
        self.carrier.metrics.request(call.route, method, status, seconds, waiting)
        if self.log is not None:
            self.log.write(call, status, seconds)


def soon_whole(call: Call) -> bool:
    """Whether what is unread of a body is so little that the connection can be kept: the body is
    thrown away as it comes. Closing would cost a client that is refused a new connection."""
    length = call.header(b"content-length")
    if length is None:
        return call.header(b"transfer-encoding") is None
    return length.isdigit() and len(length) < 8 and int(length) <= SMALL
