"""One line of JSON a request, on stderr; one for many that a full server turned away."""

import asyncio
import sys
import time
from typing import TextIO

from vestry.serve.http.exchange import Call, encode
from vestry.serve.http.log_writer import LogWriter

EVERY = 0.2
"""Seconds between two pieces: one system call for all lines since."""
LONGEST_PATH = 200


class AccessLog:
    """Lines are kept for EVERY seconds and written together; `close` writes what is left."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.writer = LogWriter(sys.stderr if stream is None else stream)
        self.lines: list[str] = []
        self.timer: asyncio.TimerHandle | None = None
        self.second = 0
        self.text = ""

    def write(self, call: Call, status: int, seconds: float) -> None:
        line = {
            "time": self.now(),
            "method": call.scope["method"][:20],
            "path": call.scope["path"][:LONGEST_PATH],
            "status": status,
            "ms": round(seconds * 1000, 3),
            "bytes": call.received,
            "model": call.model,
            "class": call.label,
        }
        self.lines.append(encode(line))
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(EVERY, self.flush)

    def refused(self, count: int, reason: str) -> None:
        """One line for all that were turned away: a full server must not drown in its own log."""
        self.lines.append(
            encode({"time": self.now(), "status": 503, "refused": count, "reason": reason})
        )
        self.flush()

    def now(self) -> str:
        """The time in UTC; a second's text is made once."""
        moment = time.time()
        second = int(moment)
        if second != self.second:
            self.second = second
            self.text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
        return f"{self.text}.{int((moment - second) * 1000):03d}Z"

    def flush(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None
        if self.lines:
            self.writer.put("\n".join(self.lines) + "\n")
            self.lines.clear()

    def close(self) -> None:
        """At the end: hand over and wait until it is written."""
        self.flush()
        self.writer.close()
