"""`vestry compare`: what is asked of finished runs together."""

from pathlib import Path
from typing import Annotated

import typer

from vestry.cli.browser import OpenOption, open_page
from vestry.cli.options import DataOption, ForceOption, JsonOption, QuietOption, display
from vestry.system.parts import require

COMPARE_EXAMPLES = (
    "Examples:  vestry compare runs/default runs/quick    |    "
    "vestry compare runs/* --out looks/all.html --json"
)


def compare(
    runs: Annotated[list[Path], typer.Argument(help="Run folders, two or more.")],
    out: Annotated[
        Path, typer.Option(metavar="PAGE", help="Page to write; the same as JSON stands beside it.")
    ] = Path("compare.html"),
    force: ForceOption = False,
    data: DataOption = None,
    quiet: QuietOption = False,
    opened: OpenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Compare finished runs on the same test rows: one ranking, paired tests, and what changed.

    Rows are joined by their ids. Runs on other test rows or classes are refused, with the reason.
    Comparing looks at the test labels once more, and the look is counted.
    """
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.compare import compare_runs, summary_text  # noqa: PLC0415

    require("judge", "comparing runs")
    with display(quiet) as report:
        compared = compare_runs(runs, DataPaths.of(data), out, report, force)
    typer.echo(summary_text(compared, as_json))
    open_page(compared.page, opened)
