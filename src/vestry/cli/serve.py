"""`vestry serve`: models behind HTTP."""

from pathlib import Path
from typing import Annotated

import typer

_LOCAL = ("127.0.0.1", "::1", "localhost")
SERVE_EXAMPLES = (
    "Examples:  vestry serve    |    vestry serve shirt.onnx --port 9000    |    "
    "vestry serve one.onnx other.onnx --workers 2 --quiet"
)


def serve(
    models: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="[MODEL]...", help="Exported files; by default the committee that ships."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 takes a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, max=256, help="Processes.")] = 1,
    threads: Annotated[int, typer.Option(min=1, max=256, help="Cores of one model call.")] = 1,
    batch_ms: Annotated[
        float,
        typer.Option(min=0, max=1000, help="Milliseconds that an image waits for company."),
    ] = 1.0,
    batch_images: Annotated[
        int, typer.Option(min=1, max=1024, help="Most images in one model call.")
    ] = 32,
    queue: Annotated[
        int, typer.Option(min=1, max=100_000, help="Images waiting, beyond which 503 is answered.")
    ] = 64,
    deadline: Annotated[
        float, typer.Option(min=0.01, max=600, help="Seconds to answer in; then 503.")
    ] = 5.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No access log.")] = False,
) -> None:
    """Serve models over HTTP: a page, POST /predict, the Open Inference Protocol, /metrics.

    Each model has the path of its name, in lower case with hyphens (`My CNN` is `my-cnn`); the
    first one named is the default. Models are loaded at the start only. One JSON line a request
    goes to stderr. SIGTERM or Ctrl-C answers what was accepted, then ends; a second one ends at
    once.
    """
    from vestry.serve.http.limits import Pace  # noqa: PLC0415
    from vestry.serve.http.models import check_files  # noqa: PLC0415
    from vestry.serve.http.server import Served, address, bound, say  # noqa: PLC0415

    pace = Pace(batch_ms / 1000, batch_images, queue, deadline)
    served = Served(check_files(models or [], say), threads, pace, log=not quiet)
    with bound(host, port) as listener:
        if host not in _LOCAL:
            say(f"{host} can be reached from other machines; nothing here asks who they are")

        def ready() -> None:
            say(f"ready at {address(listener)} (Ctrl-C stops)")

        if workers == 1:
            from vestry.serve.http.server import serve_alone  # noqa: PLC0415

            serve_alone(served, listener, ready)
        else:
            from vestry.serve.http.workers import Workers  # noqa: PLC0415

            Workers(served, listener, workers).run(ready)
