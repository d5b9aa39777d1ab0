"""`vestry compare`: what is asked of finished runs together."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vestry.cli.browser import OpenOption, open_page
from vestry.cli.options import DataOption, ForceOption, JsonOption, QuietOption, display
from vestry.system.parts import require

if TYPE_CHECKING:
    from vestry.pipeline.compare import Compared
    from vestry.schema.run_comparison import RankedOfRuns, RunComparison

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
    from vestry.pipeline.compare import compare_runs  # noqa: PLC0415

    require("judge", "comparing runs")
    with display(quiet) as report:
        compared = compare_runs(runs, DataPaths.of(data), out, report, force)
    typer.echo(_summary(compared, as_json))
    open_page(compared.page, opened)


def _summary(compared: "Compared", as_json: bool) -> str:
    """The ranking, what can be told apart, and the page's path on the last line; or JSON."""
    from vestry.report import runs_words  # noqa: PLC0415
    from vestry.report.models import shown_rank  # noqa: PLC0415
    from vestry.report.sections import standing  # noqa: PLC0415

    results = compared.results
    if as_json:
        keys = ("rows", "ordered_by", "ranking", "best", "tests", "changes")
        whole = results.as_json()
        kept = {key: whole[key] for key in keys}
        return json.dumps(kept | {"page": str(compared.page)}, ensure_ascii=False)
    width = max(len(row.label) for row in results.ranking)
    head = f"by {results.ordered_by} {results.score.words if results.score else 'accuracy'}"
    width = max(width, len(head))
    lines = [runs_words.title(results), "", f"     {head:<{width}} validation     test"]
    lines += [
        f"{shown_rank(row, results.ranking):>3}. {row.label:<{width}} "
        f"{_figures(results, row)}  {standing.marked(row)}".rstrip()
        for row in results.ranking
    ]
    lines += ["", *runs_words.lead(results)]
    return "\n".join([*lines, "", str(compared.page)])


def _figures(results: "RunComparison", row: "RankedOfRuns") -> str:
    """Of validation and test, by what orders the rows."""
    if row.by_score is None or results.score is None:
        return f"{row.validation_accuracy:>10.1%} {row.accuracy:>8.1%}"
    form = ".1%" if results.score.unit == "share" else ".3f"
    return f"{row.by_score.validation:>10{form}} {row.by_score.test:>8{form}}"
