"""One process that serves: models, the event loop, and a stop that loses nothing."""

import gc
import logging
import os
import socket
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import uvicorn

from vestry.errors import VestryError
from vestry.serve.http.access_log import AccessLog
from vestry.serve.http.app import App
from vestry.serve.http.carrying import Carrier
from vestry.serve.http.connection import limited
from vestry.serve.http.gate import Gate
from vestry.serve.http.limits import Limits, Pace
from vestry.serve.http.metrics import Metrics
from vestry.serve.http.models import load_models
from vestry.serve.http.site import Site

# What is served and where: what is settled before any model is loaded.


@dataclass(frozen=True)
class Served:
    """What is served, and how. models: files that `check_files` gave. threads: of one model call.
    log: whether each request gets a line."""

    models: Sequence[Path]
    threads: int = 1
    pace: Pace = field(default_factory=Pace)
    limits: Limits = field(default_factory=Limits)
    log: bool = True


def bound(host: str, port: int) -> socket.socket:
    """A socket on which connections can be taken; raises VestryError where it cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        # Without it a server could not start again until old connections are forgotten.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise VestryError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}); choose another "
            "with --port or --host"
        ) from None
    listener.set_inheritable(True)
    return listener


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def say(text: str) -> None:
    print(f"vestry: {text}", file=sys.stderr, flush=True)  # noqa: T201 - where a server speaks


BACKLOG = 1024
ENDED = 130
"""Exit code where a second signal ends the server at once."""


def application(served: Served) -> App:
    """The models loaded and warm, behind the application."""
    gate = Gate(served.pace, served.limits)
    metrics = Metrics()
    running = ThreadPoolExecutor(1, thread_name_prefix="model")
    decoding = ThreadPoolExecutor(1, thread_name_prefix="picture")
    models = load_models(served.models, served.threads, served.pace, gate, metrics, running)
    carrier = Carrier(models, gate, metrics, served.pace, served.limits, decoding)
    return App(carrier, Site.read(), AccessLog() if served.log else None)


class Server(uvicorn.Server):
    """uvicorn's, which stops so: the first signal lets nobody in any more and answers those who are
    in; the second ends the process at once."""

    def __init__(
        self, app: App, limits: Limits, ready: Callable[[], None], parent: int | None
    ) -> None:
        # Every line that is written is ours; only uvicorn's own failures come through.
        logging.getLogger("uvicorn.error").setLevel(logging.ERROR)
        super().__init__(
            uvicorn.Config(
                app,
                http=limited(limits),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=BACKLOG,
                timeout_graceful_shutdown=int(
                    limits.body_seconds + app.carrier.pace.deadline + limits.linger + 1
                ),
            )
        )
        self.application = app
        self.ready = ready
        self.parent = parent

    async def on_tick(self, counter: int) -> bool:
        if self.parent is not None and os.getppid() != self.parent:
            self.should_exit = True
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self.application.gate.stopping = True
        await super().shutdown(sockets)

    def handle_exit(self, _: int, __: FrameType | None) -> None:
        if self.should_exit:
            self.flush()
            os._exit(ENDED)
        self.should_exit = True

    def flush(self) -> None:
        self.application.settle()


def serve_alone(
    served: Served,
    listener: socket.socket,
    ready: Callable[[], None],
    parent: int | None = None,
) -> None:
    """Serve in this process until a signal; returns once every accepted request is answered.

    ready: called when connections are taken. parent: the process without which this one stops, too.
    """
    server = Server(application(served), served.limits, ready, parent)
    # What there is now stays: looking through it for garbage again and again would only be a pause.
    gc.collect()
    gc.freeze()
    try:
        server.run([listener])
    finally:
        server.flush()
