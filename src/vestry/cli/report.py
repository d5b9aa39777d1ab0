"""`vestry report`: a finished run's page drawn again, or the run as files for a report."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from vestry.cli.browser import OpenOption, open_page
from vestry.cli.options import ForceOption

REPORT_EXAMPLES = (
    "Examples:  vestry report runs/default --open    |    vestry report runs/default --format tex"
    "    |    vestry report runs/default --format csv --out thesis/vestry"
)


class Form(StrEnum):
    """What a run can be taken home as."""

    MD = "md"
    TEX = "tex"
    CSV = "csv"
    FIGURES = "figures"
    NOTEBOOK = "notebook"


def report(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
    form: Annotated[
        Form | None,
        typer.Option(
            "--format",
            help="Write files instead of the page: one Markdown or LaTeX file with all figures, "
            "every table as CSV, every figure as SVG, or a Jupyter notebook.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for --format; by default `report` in the run folder."),
    ] = None,
    force: ForceOption = False,
    opened: OpenOption = False,
) -> None:
    """Draw a run's page again from its results, or write the run as files; prints what to open.

    Files of an earlier call are written over as long as nobody has changed them. A figure's menu on
    the page saves PNG, too.
    """
    from vestry.errors import StudyError  # noqa: PLC0415
    from vestry.pipeline.take_home import redraw, take_home  # noqa: PLC0415
    from vestry.storage.run_folder import RunFolder  # noqa: PLC0415

    folder = RunFolder(run)
    if form is not None and opened:
        raise StudyError("--open is for the page; --format prints what it has written")
    if form is not None:
        typer.echo(str(take_home(folder, form.value, out, force)))
        return
    if out is not None:
        raise StudyError("--out is for --format; the page is written into its run folder")
    page = redraw(folder, force)
    typer.echo(str(page))
    open_page(page, opened)
