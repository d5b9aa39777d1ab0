"""`vestry serve`: models behind HTTP."""

from pathlib import Path
from typing import Annotated

import typer

from vestry.errors import VestryError
from vestry.system.platform_calls import hands_down_sockets

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
    allow_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name with a dot that it is reached by; may be repeated.",
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No access log.")] = False,
) -> None:
    """Serve models over HTTP: a page, POST /predict, the Open Inference Protocol, /metrics.

    Each model has the path of its name, in lower case with hyphens (`My CNN` is `my-cnn`); the
    first one named is the default. Models are loaded at the start only. One JSON line a request
    goes to stderr. SIGTERM or Ctrl-C answers what was accepted, then ends; a second one ends at
    once.
    """
    from vestry.serve.http.batching import BatchingSettings  # noqa: PLC0415
    from vestry.serve.http.context import ServerSettings, check_files  # noqa: PLC0415
    from vestry.serve.http.hosts import hosts_of, is_local  # noqa: PLC0415
    from vestry.serve.http.server import address, bind, run_server, say  # noqa: PLC0415

    if workers > 1 and not hands_down_sockets():
        raise VestryError(
            "on this system one process serves; leave --workers out, or start several on ports of "
            "their own"
        )
    batching = BatchingSettings(batch_ms / 1000, batch_images, queue, deadline)
    hosts = hosts_of(host, allow_host or [])
    files = check_files(models or [], say)
    settings = ServerSettings(files, threads, batching, log=not quiet, hosts=hosts)
    with bind(host, port) as listener:
        if not is_local(host):
            say(f"{host} can be reached from other machines; nothing here asks who they are")

        def ready() -> None:
            say(f"ready at {address(listener)} (Ctrl-C stops)")

        if workers == 1:
            run_server(settings, listener, ready)
        else:
            from vestry.serve.http.workers import Supervisor  # noqa: PLC0415

            Supervisor(settings, listener, workers).run(ready)
