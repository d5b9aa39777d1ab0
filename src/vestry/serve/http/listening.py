"""What is served and where: what is settled before any model is loaded."""

import socket
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from vestry.errors import VestryError
from vestry.serve.http.limits import Limits, Pace


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
