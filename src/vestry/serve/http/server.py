"""One process that serves: models, the event loop, and a stop that loses nothing."""

import gc
import logging
import os
import socket
import sys
from collections.abc import Callable
from types import FrameType

import uvicorn

from vestry.errors import VestryError
from vestry.serve.http.app import App
from vestry.serve.http.connection import limited
from vestry.serve.http.context import ServerSettings, load_context
from vestry.serve.http.load_shedder import LoadShedder
from vestry.serve.http.pages import Page
from vestry.serve.http.request import Limits
from vestry.serve.http.telemetry import AccessLog, LibraryLog, Metrics

_BACKLOG = 1024
_ENDED = 130
"""Exit code where a second signal ends the server at once."""


def bind(host: str, port: int) -> socket.socket:
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


def create_app(settings: ServerSettings) -> App:
    """The models loaded and warm, behind the application."""
    metrics = Metrics()
    log = AccessLog() if settings.log else None

    def shed(count: int, reason: str) -> None:
        metrics.shed(reason, count)
        if log is not None:
            log.refused(count, reason)

    limits = settings.limits
    shedder = LoadShedder(settings.batching.max_queue, limits.max_unfinished_bytes, shed)
    return App(load_context(settings, shedder, metrics), Page(), log, settings.hosts)


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
                http=limited(limits, app.shedder, app.refused),
                ws="none",
                lifespan="off",
                log_config=None,
                access_log=False,
                proxy_headers=False,
                server_header=False,
                backlog=_BACKLOG,
                timeout_graceful_shutdown=int(
                    limits.body_seconds + app.context.deadline + limits.linger_seconds + 1
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
        self.application.shedder.stopping = True
        await super().shutdown(sockets)

    def handle_exit(self, _: int, __: FrameType | None) -> None:
        if self.should_exit:
            self.application.settle()
            os._exit(_ENDED)
        self.should_exit = True


def run_server(
    settings: ServerSettings,
    listener: socket.socket,
    ready: Callable[[], None],
    parent: int | None = None,
) -> None:
    """Serve in this process until a signal; returns once every accepted request is answered.

    ready: called when connections are taken. parent: the process without which this one stops, too.
    """
    app = create_app(settings)
    server = Server(app, settings.limits, ready, parent)
    heard = LibraryLog(app.say)
    logging.getLogger().addHandler(heard)
    logging.captureWarnings(True)
    # What there is now stays: looking through it for garbage again and again would only be a pause.
    gc.collect()
    gc.freeze()
    try:
        server.run([listener])
    finally:
        logging.captureWarnings(False)
        logging.getLogger().removeHandler(heard)
        app.settle()
