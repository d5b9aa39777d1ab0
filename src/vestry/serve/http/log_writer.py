"""Log lines written beside the event loop: a reader that stops reading must not stop the server."""

import os
import queue
import threading
from typing import TextIO

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
