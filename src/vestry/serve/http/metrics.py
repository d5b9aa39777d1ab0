"""What a server counts, in Prometheus's text.

Several workers count into files of one folder, PROMETHEUS_MULTIPROC_DIR (prometheus_client's
multiprocess mode), so that whichever worker is asked answers for all.
"""

import os
from typing import Any

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from vestry.serve.answer import Answer
from vestry.serve.http.exchange import Reply

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The environment's word for the folder in which workers count together."""
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER = "other"
"""A method that is none of HTTP's: labels are bounded."""
UNROUTED = "refused"
"""The route of requests that were refused before theirs was looked for."""
SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
IMAGES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
SURE = {True: "yes", False: "no", None: "no threshold"}


class Metrics:
    """A registry of its own, so that several servers can live in one process."""

    def __init__(self) -> None:
        own: Any = {"registry": CollectorRegistry()}
        self.requests = Counter(
            "vestry_requests", "Requests answered.", ["route", "method", "status"], **own
        )
        self.seconds = Histogram(
            "vestry_request_seconds", "From header to answer.", ["route"], buckets=SECONDS, **own
        )
        self.batches = Histogram(
            "vestry_batch_images", "Images in one call.", ["model"], buckets=IMAGES, **own
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

    def request(self, route: str, method: str, status: int, seconds: float, waiting: int) -> None:
        """One request answered; `waiting` images are in the queue after it."""
        method = method if method in METHODS else OTHER
        child = self.children.get((route, method, str(status)))
        if child is None:
            pair = (self.requests.labels(route, method, str(status)), self.seconds.labels(route))
            child = self.children[route, method, str(status)] = pair
        child[0].inc()
        child[1].observe(seconds)
        self.queue.set(waiting)

    def refusal(self, reason: str) -> None:
        self.refused.labels(reason).inc()

    def turned_away(self, reason: str, count: int) -> None:
        """Requests that were refused before they were routed."""
        self.refused.labels(reason).inc(count)
        self.requests.labels(UNROUTED, "POST", "503").inc(count)

    def answer(self, model: str, answer: Answer) -> None:
        child = self.children.get((model, answer.name))
        if child is None:
            child = self.children[model, answer.name] = self.predictions.labels(model, answer.name)
        child.inc()
        sure = SURE[answer.sure]
        child = self.children.get((model, "sure", sure, ""))
        if child is None:
            child = self.answers.labels(model, sure)
            self.children[model, "sure", sure, ""] = child
        child.inc()

    def reply(self) -> Reply:
        """All of it."""
        kind = CONTENT_TYPE_LATEST.encode()
        return Reply(generate_latest(self.registry), kind=kind)
