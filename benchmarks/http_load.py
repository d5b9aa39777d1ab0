"""Load on a server: raw connections that are kept, driven by one event loop; prints one JSON line.

Closed loop without `--rate`: each connection asks again as soon as it is answered. Open loop with
it: requests are due at fixed times whether or not earlier ones are answered, and a latency counts
from the time at which its request was due, so that a server cannot hide a pause (coordinated
omission). A due request takes a free connection, or waits for one.
"""

import argparse
import asyncio
import gc
import json
import os
import time
from collections import Counter, deque
from pathlib import Path

import numpy as np
import uvloop

BOUNDARY = "3f1b7a"
TICK = 0.001
SETTLE = 0.5
"""Seconds from the last connection to the first request."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--path", default="/predict")
    parser.add_argument("--images", type=Path, required=True, help="folder of PNG files")
    parser.add_argument("--form", action="store_true", help="as a form's field, not as the body")
    parser.add_argument("--field", default="image", help="the field's name")
    parser.add_argument("--connections", type=int, default=16)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=float, help="requests a second; closed loop without it")
    parser.add_argument("--core", type=int, help="core to run on")
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    gc.disable()  # its pauses would count as the server's
    print(json.dumps(uvloop.run(Load(options).run())))


def requests_of(options: argparse.Namespace) -> list[bytes]:
    """One whole request for each picture."""
    found = []
    for path in sorted(options.images.glob("*.png")):
        body, kind = path.read_bytes(), "image/png"
        if options.form:
            start = (
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{options.field}"; '
                f'filename="{path.name}"\r\nContent-Type: image/png\r\n\r\n'
            )
            body = start.encode() + body + f"\r\n--{BOUNDARY}--\r\n".encode()
            kind = f"multipart/form-data; boundary={BOUNDARY}"
        head = (
            f"POST {options.path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: {kind}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found


class Load:
    """The requests, their connections and what came of them."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.requests = requests_of(options)
        self.free: deque[Connection] = deque()
        self.due: deque[float] = deque()
        self.latencies: dict[int, list[float]] = {}
        self.counts: Counter[str] = Counter()
        self.open = True
        self.number = 0

    async def run(self) -> dict[str, object]:
        loop = asyncio.get_running_loop()
        connections = [
            (await loop.create_connection(lambda: Connection(self), "127.0.0.1", self.options.port))
            for _ in range(self.options.connections)
        ]
        await asyncio.sleep(SETTLE)  # the kernel connects at once, the server takes them one by one
        start = time.perf_counter()
        if self.options.rate is None:
            self.due.extend([start] * len(connections))
            self.send_due()
            await asyncio.sleep(self.options.seconds)
        else:
            await self.offer(start)
        seconds = time.perf_counter() - start
        self.open = False
        self.counts["never sent"] += len(self.due)
        self.due.clear()
        await self.drained()
        for transport, _ in connections:
            transport.close()
        return self.summary(seconds)

    async def offer(self, start: float) -> None:
        offered = 0
        while (elapsed := time.perf_counter() - start) < self.options.seconds:
            wanted = int(elapsed * self.options.rate)
            self.due.extend(start + n / self.options.rate for n in range(offered, wanted))
            offered = wanted
            self.send_due()
            if not self.counts["living"]:
                return
            await asyncio.sleep(TICK)

    async def drained(self) -> None:
        until = time.perf_counter() + 20
        while self.counts["asked"] > self.counts["answered"] + self.counts["unanswered"]:
            if time.perf_counter() > until:
                return
            await asyncio.sleep(0.01)

    def send_due(self) -> None:
        while self.due and self.free:
            self.free.popleft().ask(self.due.popleft())

    def answered(self, connection: "Connection", status: int, due: float) -> None:
        self.counts["answered"] += 1
        self.latencies.setdefault(status, []).append(time.perf_counter() - due)
        if connection.closing:
            return
        self.free.append(connection)
        if self.options.rate is None and self.open:
            self.due.append(time.perf_counter())
        if self.open:
            self.send_due()

    def summary(self, seconds: float) -> dict[str, object]:
        return {
            "seconds": seconds,
            "counts": dict(self.counts),
            "statuses": {
                str(status): {
                    "count": len(times),
                    "per_second": len(times) / seconds,
                    "p50_ms": percentile(times, 50),
                    "p99_ms": percentile(times, 99),
                    "max_ms": percentile(times, 100),
                }
                for status, times in sorted(self.latencies.items())
            },
        }


def percentile(times: list[float], which: float) -> float:
    return float(np.percentile(times, which)) * 1000


class Connection(asyncio.Protocol):
    """One connection: a request out, its answer in, then free again."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.transport: asyncio.Transport | None = None
        self.data = b""
        self.due: float | None = None
        self.closing = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport  # type: ignore[assignment]
        self.load.counts["living"] += 1
        self.load.free.append(self)

    def ask(self, due: float) -> None:
        load = self.load
        load.counts["asked"] += 1
        load.number += 1
        self.due = due
        self.transport.write(load.requests[load.number % len(load.requests)])

    def data_received(self, data: bytes) -> None:
        self.data += data
        head, mark, body = self.data.partition(b"\r\n\r\n")
        if not mark:
            return
        lines = head.lower()
        at = lines.index(b"content-length: ") + 16
        if len(body) < int(lines[at : at + 10].split(b"\r")[0]):
            return
        self.closing = b"connection: close" in lines
        self.data = b""
        due, self.due = self.due, None
        if due is None:
            raise SystemExit(f"an answer that nobody asked for: {head.decode()}")
        self.load.answered(self, int(head[9:12]), due)

    def connection_lost(self, _: Exception | None) -> None:
        self.load.counts["living"] -= 1
        if self.due is not None:
            self.load.counts["unanswered"] += 1
        if self in self.load.free:
            self.load.free.remove(self)


if __name__ == "__main__":
    main()
