"""Options that several commands share, and how they show progress."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from vestry.progress import Progress

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="VESTRY_DATA", help="Folder that holds fashion-mnist/ and the like."
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace files there that vestry has not written.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, warnings only.")]


def display(quiet: bool) -> "Progress":
    """How progress is shown: not at all, as live bars on a terminal, or as lines."""
    from vestry.progress import PlainProgress, Silence  # noqa: PLC0415

    if quiet:
        return Silence()
    if sys.stderr.isatty():
        from vestry.live_progress import LiveProgress  # noqa: PLC0415

        return LiveProgress()
    return PlainProgress(sys.stderr)
