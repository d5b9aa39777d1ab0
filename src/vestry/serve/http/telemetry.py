"""What a server tells of its requests: Prometheus's metrics, and the access log.

Several workers count into files of one folder, PROMETHEUS_MULTIPROC_DIR (prometheus_client's
multiprocess mode), so that whichever worker is asked answers for all.
"""

import asyncio
import logging
import os
import queue
import sys
import threading
import time
import traceback
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TextIO

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.types import Scope

from vestry.errors import bounded
from vestry.serve.answer import Answer
from vestry.serve.http.request import RequestState, encode

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment's word for the folder in which workers count together."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER = "other"
"""A method that is none of HTTP's: labels are bounded."""
_UNROUTED = "refused"
"""The route of requests that were refused before theirs was looked for."""
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
_SURE = {True: "yes", False: "no", None: "no threshold"}
_EVERY = 0.2
"""Seconds between two pieces: one system call for all lines since."""
_LONGEST_PATH = 200
MOST = 500
"""Pieces that wait to be written, each of a fifth of a second or more; beyond it lines are lost."""
_PATIENCE = 2.0
"""Seconds that `close` waits for what is left."""


_quoted = lru_cache(MOST)(encode)
"""A text in JSON: made once for each, since a line's texts are mostly those of the line before."""


class Metrics:
    """A registry of its own, so that several servers can live in one process."""

    def __init__(self) -> None:
        own: Any = {"registry": CollectorRegistry()}
        self.requests = Counter(
            "vestry_requests", "Requests answered.", ["route", "method", "status"], **own
        )
        self.seconds = Histogram(
            "vestry_request_seconds", "From header to answer.", ["route"], buckets=_SECONDS, **own
        )
        self.batches = Histogram(
            "vestry_batch_images", "Images in one call.", ["model"], buckets=_IMAGES, **own
        )
        self.queue = Gauge(
            "vestry_queue_images",
            "Images accepted and not answered.",
            multiprocess_mode="livesum",
            **own,
        )
        self.refused = Counter(
            "vestry_refused", "Requests that another time would have carried.", ["reason"], **own
        )
        self.predictions = Counter(
            "vestry_predictions", "Images answered, by class.", ["model", "class"], **own
        )
        self.answers = Counter(
            "vestry_answers", "Images answered, by sureness.", ["model", "sure"], **own
        )
        self.registry: CollectorRegistry = own["registry"]
        if os.environ.get(FOLDER):
            self.registry = CollectorRegistry()
            MultiProcessCollector(self.registry)  # type: ignore[no-untyped-call]
        # Looking up a labelled child costs more than counting; these are bounded by the labels.
        self.children: dict[tuple[str, ...], Any] = {}
        self.requests_by: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}

    def request(self, route: str, method: str, status: int, seconds: float, waiting: int) -> None:
        """One request answered; `waiting` images are in the queue after it."""
        method = method if method in _METHODS else _OTHER
        child = self.requests_by.get((route, method, status))
        if child is None:
            child = (self.requests.labels(route, method, str(status)), self.seconds.labels(route))
            self.requests_by[route, method, status] = child
        child[0].inc()
        child[1].observe(seconds)
        self.queue.set(waiting)

    def refusal(self, reason: str) -> None:
        self.refused.labels(reason).inc()

    def shed(self, reason: str, count: int) -> None:
        """Requests that were refused before they were routed."""
        self.refused.labels(reason).inc(count)
        self.requests.labels(_UNROUTED, "POST", "503").inc(count)

    def unrouted(self, status: int) -> None:
        """What was no request, or not one that is read."""
        self.requests.labels(_UNROUTED, _OTHER, str(status)).inc()

    def answer(self, model: str, answer: Answer) -> None:
        child = self.children.get((model, answer.name))
        if child is None:
            child = self.children[model, answer.name] = self.predictions.labels(model, answer.name)
        child.inc()
        sure = _SURE[answer.sure]
        child = self.children.get((model, "sure", sure, ""))
        if child is None:
            child = self.answers.labels(model, sure)
            self.children[model, "sure", sure, ""] = child
        child.inc()

    def text(self) -> bytes:
        """All of it, as CONTENT_TYPE_LATEST."""
        return generate_latest(self.registry)


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
            self.waiting.put(None, timeout=_PATIENCE)
        except queue.Full:
            return
        self.thread.join(_PATIENCE)


class LibraryLog(logging.Handler):
    """What libraries (asyncio, uvicorn) warn of goes to `say`, which never waits, instead of to a
    standard error that perhaps nobody reads: a line each, and what raised an error after it."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self.say = say

    def emit(self, record: logging.LogRecord) -> None:
        text = bounded(" ".join(record.getMessage().split()))
        if record.exc_info:
            text += "\n" + "".join(traceback.format_exception(*record.exc_info)).rstrip()
        self.say(f"vestry: {record.name}: {text}\n")


class AccessLog:
    """Lines are kept for _EVERY seconds and written together; `close` writes what is left."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.writer = LogWriter(sys.stderr if stream is None else stream)
        self.lines: list[str] = []
        self.timer: asyncio.TimerHandle | None = None
        self.second = 0
        self.text = ""

    def write(self, scope: Scope, state: RequestState, seconds: float) -> None:
        method, path = _quoted(scope["method"][:20]), _quoted(scope["path"][:_LONGEST_PATH])
        self.lines.append(
            f'{{"time":"{self._now()}","method":{method},"path":{path},"status":{state.status},'
            f'"ms":{round(seconds * 1000, 3)},"bytes":{state.received},'
            f'"model":{_quoted(state.model)},"class":{_quoted(state.label)}}}'
        )
        self._flush_soon()

    def unrouted(self, status: int, reason: str) -> None:
        """A line for what was no request, or not one that is read."""
        line = {"time": self._now(), "status": status, "refused": 1, "reason": reason}
        self.lines.append(encode(line))
        self._flush_soon()

    def _flush_soon(self) -> None:
        if self.timer is None:
            self.timer = asyncio.get_running_loop().call_later(_EVERY, self.flush)

    def refused(self, count: int, reason: str) -> None:
        """One line for all that were turned away: a full server must not drown in its own log."""
        line = {"time": self._now(), "status": 503, "refused": count, "reason": reason}
        self.lines.append(encode(line))
        self.flush()

    def _now(self) -> str:
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
