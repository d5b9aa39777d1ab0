"""Refusing at the door: what a full server does most often, and must do for next to nothing.

A request that finds the server full is answered from its header alone, by the connection itself:
no task, no routing, no JSON. Counting and logging it waits until many can be counted at once.
"""

import asyncio
from collections.abc import Callable

from vestry.serve.http.exchange import Refusal
from vestry.serve.http.gate import Gate
from vestry.serve.http.metrics import Metrics

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
