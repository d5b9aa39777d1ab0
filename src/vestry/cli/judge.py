"""`vestry judge`: tables alone, without a study and without images."""

from pathlib import Path
from typing import Annotated

import typer

from vestry.cli.browser import OpenOption, open_page
from vestry.cli.options import JsonOption, QuietOption, RunsOption, display
from vestry.cli.summary import tell
from vestry.system.parts import require

JUDGE_EXAMPLES = (
    "Examples:  vestry judge truth.csv ours.npz theirs.csv    |    "
    "vestry judge truth.csv net@0.npz net@1.npz forest.csv --costs costs.csv "
    "--committee Both=mean:net,forest --set decision.within=0.02 --out runs/judged"
)


def judge(
    truth: Annotated[
        Path, typer.Argument(help="Labels: .csv with id,label,split, or .npz of the same arrays.")
    ],
    predictions: Annotated[
        list[Path],
        typer.Argument(
            help="A file a model, named by its stem; NAME@SEED for one of several seeds."
        ),
    ],
    costs: Annotated[
        Path | None, typer.Option(help="A .csv of name and any of ms, mb, fit_seconds.")
    ] = None,
    committees: Annotated[
        list[str] | None,
        typer.Option(
            "--committee", metavar="NAME=RULE:MODEL,MODEL", help="A committee of these models."
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Folder to write; by default one named after TRUTH, below --runs."),
    ] = None,
    runs: RunsOption = Path("runs"),
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Set a key, e.g. decision.within=0.02."),
    ] = None,
    quiet: QuietOption = False,
    opened: OpenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Judge predictions by themselves: the same page, from tables, whoever made them.

    A row of TRUTH is of validation (models are chosen by it) or of test (they are judged by it).
    PREDICTIONS speak of both: .npz with ids, classes and probabilities, or .csv with id and a
    column for each class, or with id and label. The use of the test rows is counted.
    """
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.judge import JudgedFiles  # noqa: PLC0415
    from vestry.pipeline.judge import judge as run_judge  # noqa: PLC0415
    from vestry.storage.run_folder import RunFolder  # noqa: PLC0415
    from vestry.study.judge_settings import read_settings  # noqa: PLC0415

    require("judge", "judging predictions")
    settings = read_settings(truth.stem, committees or [], assignments or [])
    folder = RunFolder(out or runs / truth.stem)
    files = JudgedFiles(truth, predictions, costs)
    with display(quiet) as report:
        finished = run_judge(files, settings, DataPaths.of().looks, folder, report)
    tell(finished.results, finished.report, as_json)
    open_page(finished.report, opened)
    if finished.results.failures:
        raise typer.Exit(3)
