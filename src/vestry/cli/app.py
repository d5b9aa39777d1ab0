"""One thin command a verb. Data goes to stdout, progress and errors to stderr."""

from pathlib import Path
from typing import Annotated

import typer

from vestry.cli.browser import OpenOption, open_page
from vestry.cli.check import CHECK_EXAMPLES, check
from vestry.cli.compare import COMPARE_EXAMPLES, compare
from vestry.cli.data import data_app
from vestry.cli.engine import AddressOption, EngineChoice, EngineOption
from vestry.cli.explore import EXPLORE_EXAMPLES, explore
from vestry.cli.export import EXPORT_EXAMPLES, export
from vestry.cli.judge import JUDGE_EXAMPLES, judge
from vestry.cli.options import (
    CoresOption,
    DataOption,
    JsonOption,
    QuietOption,
    RunsOption,
    TrustedOption,
    display,
)
from vestry.cli.predict import PREDICT_EXAMPLES, predict
from vestry.cli.report import REPORT_EXAMPLES, report
from vestry.cli.runs import RUNS_EXAMPLES, runs
from vestry.cli.schema import SCHEMA_EXAMPLES, schema
from vestry.cli.serve import SERVE_EXAMPLES, serve
from vestry.cli.studies import STUDIES_EXAMPLES, studies
from vestry.cli.summary import tell
from vestry.cli.try_ import INIT_EXAMPLES, TRY_EXAMPLES, init, try_
from vestry.version import __version__

app = typer.Typer(
    name="vestry",
    help="Which model for my small labelled images, how good is it really, "
    "and is a committee worth its cost?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vestry {__version__}")
        raise typer.Exit


@app.callback()
def top(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command(
    epilog="Examples:  vestry run my-study.toml    |    vestry run default    |    "
    "vestry run studies/b-committee-of-cnns.toml --set training.epochs=3 --out runs/quick --open"
)
def run(
    study: Annotated[
        Path, typer.Argument(help="Study file (TOML), or the name of one of `vestry studies`.")
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder; by default one named after the study, below --runs."),
    ] = None,
    runs: RunsOption = Path("runs"),
    data: DataOption = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, e.g. model.epochs=3."),
    ] = None,
    cores: CoresOption = None,
    engine: EngineOption = EngineChoice.LOCAL,
    address: AddressOption = None,
    trusted: TrustedOption = None,
    quiet: QuietOption = False,
    opened: OpenOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a study: fit its members, compare them, write one page with the answer.

    What was finished before is found again; a run that was killed goes on where it was. A run
    folder is one study's: a folder that holds anything else, or another study's run, is refused.
    Exit code 3 says that some members failed; the page lists them with their reasons.
    """
    from vestry.system.registry import check_packages_trusted  # noqa: PLC0415

    if trusted is not None:  # before a study is read, which loads what packages bring
        check_packages_trusted(trusted)
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.engines import opened_engine  # noqa: PLC0415
    from vestry.pipeline.run_study import run_study  # noqa: PLC0415
    from vestry.storage.run_folder import RunFolder  # noqa: PLC0415
    from vestry.study.reader import read_study  # noqa: PLC0415
    from vestry.study.shipped import study_path  # noqa: PLC0415
    from vestry.study.trusted_imports import check_imports_trusted  # noqa: PLC0415

    path = study_path(study)
    file = read_study(path, assignments or [])
    if trusted is not None:
        check_imports_trusted(file, trusted)
    folder = RunFolder(out or runs / path.stem)
    places = DataPaths.of(data, path.parent)
    with display(quiet) as report, opened_engine(engine, address, cores) as doing:
        finished = run_study(file, places, folder, doing.cores, report, doing)
    tell(finished.results, finished.report, as_json)
    open_page(finished.report, opened)
    if finished.results.failures:
        raise typer.Exit(3)


app.command(epilog=EXPLORE_EXAMPLES)(explore)
app.command(epilog=RUNS_EXAMPLES)(runs)
app.command(epilog=STUDIES_EXAMPLES)(studies)
app.command("try", epilog=TRY_EXAMPLES)(try_)
app.command(epilog=INIT_EXAMPLES)(init)
app.command(epilog=REPORT_EXAMPLES)(report)
app.command(epilog=JUDGE_EXAMPLES)(judge)
app.command(epilog=COMPARE_EXAMPLES)(compare)
app.command(epilog=EXPORT_EXAMPLES)(export)
app.command(epilog=PREDICT_EXAMPLES)(predict)
app.command(epilog=SERVE_EXAMPLES)(serve)
app.command(epilog=SCHEMA_EXAMPLES)(schema)
app.command(epilog=CHECK_EXAMPLES)(check)
