"""Options that several commands share, and how they show progress."""

import re
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry.cli.terminal import is_terminal

if TYPE_CHECKING:
    from vestry.pipeline.progress import Progress


DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="VESTRY_DATA", help="Folder that holds fashion-mnist/ and the like."
    ),
]
ForceOption = Annotated[
    bool, typer.Option("--force", help="Replace files there that vestry has not written.")
]
RunsOption = Annotated[Path, typer.Option(envvar="VESTRY_RUNS", help="Folder of run folders.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, warnings only.")]
_LONGEST_SIDE = 4096


def _top_level_names(text: str) -> frozenset[str]:
    """From "sklearn,lightgbm"; none of an empty text."""
    names = [name.strip() for name in text.split(",")] if text.strip() else []
    for name in names:
        if not name.isidentifier():
            raise typer.BadParameter(
                f"{name!r} is no top-level package; give names such as sklearn,lightgbm, or an "
                "empty text for none"
            )
    return frozenset(names)


TrustedOption = Annotated[
    Any,
    typer.Option(
        "--trusted-modules",
        parser=_top_level_names,
        metavar="NAMES",
        help="Import nothing for the study but from these packages, e.g. sklearn,lightgbm.",
    ),
]


def _image_size(text: str) -> tuple[int, int]:
    """(height, width) from "32" or "32x48"."""
    sides = re.fullmatch(r"([0-9]{1,4})(?:[x\u00d7]([0-9]{1,4}))?", text.strip().lower())
    height, width = (int(sides[1]), int(sides[2] or sides[1])) if sides else (0, 0)
    if not (1 <= height <= _LONGEST_SIDE and 1 <= width <= _LONGEST_SIDE):
        raise typer.BadParameter(
            f"{text!r}: give one side or HEIGHTxWIDTH in pixels, 1 to {_LONGEST_SIDE}, such as 32 "
            "or 32x48"
        )
    return height, width


class ResizeWay(StrEnum):
    """As `[data] resize` in a study."""

    STRETCH = "stretch"
    FIT = "fit"
    CROP = "crop"


ImageSizeOption = Annotated[
    Any,
    typer.Option(
        parser=_image_size,
        metavar="SIDE|HEIGHTxWIDTH",
        help="Resize the images of a folder: to this, e.g. 32 or 32x48.",
    ),
]

ResizeOption = Annotated[
    ResizeWay,
    typer.Option(help="How: stretched, fitted whole into it on white, or cropped to the middle."),
]


def display(quiet: bool) -> "Progress":
    """How progress is shown: not at all, as live bars on a terminal, or as lines."""
    if quiet:
        from vestry.pipeline.progress import Silence  # noqa: PLC0415

        return Silence()
    if is_terminal(sys.stderr):
        from vestry.cli.live_display import LiveProgress  # noqa: PLC0415

        return LiveProgress()
    from vestry.cli.plain_progress import PlainProgress  # noqa: PLC0415

    return PlainProgress(sys.stderr)


CoresOption = Annotated[
    int | None,
    typer.Option("--cores", envvar="VESTRY_CORES", min=1, help="Cores to use; by default all."),
]
