"""Who is let in: a bounded number of images at a time, and nobody once the server stops."""

import asyncio
from collections.abc import Callable

from vestry.serve.http.exchange import CLOSE, RETRY, Call, Refusal, busy
from vestry.serve.http.limits import Limits, Pace
from vestry.serve.http.metrics import Metrics

FULL = "more requests are waiting than can be answered soon; try again in a second"
STOPPING = "the server is stopping; try again with another"
HOLDING = "more is being sent than can be held; try again in a second"


class Gate:
    """Counts images that are accepted and not answered, and bytes of bodies not yet whole.

    A request is accepted while there is room for one image; one with several takes what it needs,
    so that the bound may be passed by one request's images, never by more.
    """

    def __init__(self, pace: Pace, limits: Limits) -> None:
        self.most = pace.queue
        self.most_held = limits.held
        self.images = 0
        self.held = 0
        self.coming = 0
        self.stopping = False
        self.closed = Refusal(503, STOPPING, RETRY + CLOSE, "stopping")
        self.full = busy(FULL, "full")

    def refusal(self, starting: int = 0) -> Refusal | None:
        """Why nobody is let in now, if so: asked before anything is read.

        starting: requests let in already that have not been counted here yet.
        """
        if self.stopping:
            return self.closed
        if self.images + starting >= self.most:
            return self.full
        return None

    def enter(self, call: Call) -> None:
        """Accept a request whose body is whole. From here on it is answered, stopping or not.

        Raises Refusal where the queue has filled while the body arrived.
        """
        if self.images >= self.most:
            raise self.full
        self.images += 1
        call.places = 1
        self.coming += 1
        call.coming = True

    def more(self, call: Call, images: int) -> None:
        """The request turned out to hold `images`."""
        self.images += images - call.places
        call.places = images

    def queued(self, call: Call) -> None:
        """The request's images wait for their model: nobody need wait for them."""
        if call.coming:
            call.coming = False
            self.coming -= 1

    def hold(self, call: Call, size: int) -> None:
        """Account for bytes of a body that comes in pieces; raises Refusal beyond the bound."""
        if self.held + size > self.most_held:
            raise Refusal(503, HOLDING, RETRY + CLOSE, "memory")
        self.held += size
        call.held += size

    def leave(self, call: Call) -> None:
        """Give back all that the request held."""
        self.queued(call)
        self.images -= call.places
        self.held -= call.held
        call.places = call.held = 0


# Refusing at the door: what a full server does most often, and must do for next to nothing.


EVERY = 0.2
"""Seconds for which refusals are counted up before metrics and log hear of them."""
REASON = "Service Unavailable"


class TurningAway:
    """log: told how many were refused, and why, once for all since the last time."""

    def __init__(self, gate: Gate, metrics: Metrics, log: Callable[[int, str], None]) -> None:
        self.gate = gate
        self.metrics = metrics
        self.log = log
        self.starting = 0
        self.counts: dict[str, int] = {}
        self.answers: dict[tuple[str, bool], bytes] = {}
        self.timer: asyncio.TimerHandle | None = None

    def started(self) -> None:
        """One of those that were let in, and not yet counted by the gate, has had its turn."""
        self.starting -= 1

    def answer(self, keep: bool) -> bytes | None:
        """What to answer a request with, in whole; None to let it in. keep: whether its connection
        is kept.

        Those let in since the event loop last looked at its sockets count as if they were inside.
        """
        refusal = self.gate.refusal(self.starting)
        if refusal is None:
            return None
        reason = refusal.reason or ""
        self.counts[reason] = self.counts.get(reason, 0) + 1
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(EVERY, self.settle)
        found = self.answers.get((reason, keep))
        if found is None:
            found = self.answers[reason, keep] = written(refusal, keep)
        return found

    def settle(self) -> None:
        """Tell metrics and log of those turned away since."""
        self.timer = None
        for reason, count in self.counts.items():
            self.metrics.turned_away(reason, count)
            self.log(count, reason)
        self.counts.clear()


def written(refusal: Refusal, keep: bool) -> bytes:
    """The response's bytes."""
    reply = refusal.reply()
    headers = [
        (b"content-type", reply.kind),
        (b"content-length", b"%d" % len(reply.body)),
        *reply.headers,
    ]
    if not keep and (b"connection", b"close") not in headers:
        headers.append((b"connection", b"close"))
    lines = [b"HTTP/1.1 %d %s" % (reply.status, REASON.encode())]
    lines += [b"%s: %s" % header for header in headers]
    return b"\r\n".join([*lines, b"", reply.body])
