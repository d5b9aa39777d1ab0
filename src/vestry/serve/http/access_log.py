"""One line of JSON a request, on stderr; one for many that a full server turned away."""

import asyncio
import os
import queue
import sys
import threading
import time
from typing import TextIO

from vestry.serve.http.exchange import Call, encode

# Log lines written beside the event loop: a reader that stops reading must not stop the server.


MOST = 500
"""Pieces that wait to be written, each of a fifth of a second or more; beyond it lines are lost."""
PATIENCE = 2.0
"""Seconds that `close` waits for what is left."""


class LogWriter:
    """Writes to `stream`'s file descriptor from a thread of its own.

    What does not fit is counted, and the count is written as soon as there is room again.
    """

    def __init__(self, stream: TextIO) -> None:
        self.target = stream.fileno()
        self.waiting: queue.Queue[bytes | None] = queue.Queue(MOST)
        self.lost = 0
        self.thread = threading.Thread(target=self.work, name="log", daemon=True)
        self.thread.start()

    def put(self, text: str) -> None:
        """Lines to be written; never waits."""
        said = f'{{"lost":{self.lost}}}\n' if self.lost else ""
        # A name with half a character would stop the log: it is written as a question mark.
        piece = (said + text).encode("utf-8", "replace")
        try:
            self.waiting.put_nowait(piece)
        except queue.Full:
            self.lost += text.count("\n")
        else:
            self.lost = 0

    def work(self) -> None:
        # Past the stream's buffer, whose lock a write that hangs would keep until the very end.
        while (piece := self.waiting.get()) is not None:
            try:
                while piece:
                    piece = piece[os.write(self.target, piece) :]
            except OSError:  # nobody is there to read it any more
                continue

    def close(self) -> None:
        """Write what waits, as far as somebody reads it; nothing can be put afterwards."""
        if self.lost:
            self.put("")
        try:
            self.waiting.put(None, timeout=PATIENCE)
        except queue.Full:
            return
        self.thread.join(PATIENCE)


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
