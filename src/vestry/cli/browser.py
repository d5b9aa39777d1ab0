"""Opening a page in the browser, or saying why it was not."""

import os
import sys
import webbrowser
from pathlib import Path
from typing import Annotated

import typer

from vestry.cli.terminal import is_build

OpenOption = Annotated[bool, typer.Option("--open", help="Open the page in the browser.")]


def open_page(page: Path, wanted: bool) -> None:
    """Open `page` where that is wanted; a line on standard error says where it cannot be done."""
    if not wanted:
        return
    reason = _why_not()
    if reason is None:
        try:
            if webbrowser.open(page.resolve().as_uri()):
                return
            reason = "no browser would take it"
        except webbrowser.Error:
            reason = "there is no browser here"
    typer.echo(f"vestry: the page was not opened: {reason}; it lies at {page}", err=True)


def _why_not() -> str | None:
    """Why nobody would see a browser; None where somebody may. One that the user names by BROWSER
    is asked in any case: it may be on another machine, as an editor's is."""
    if is_build():
        return "this is a build (CI is set)"
    shown = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "BROWSER"))
    if sys.platform.startswith("linux") and not shown:
        return "there is no display here"
    return None
