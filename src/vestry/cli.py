"""One thin command a verb. Data goes to stdout, progress and errors to stderr."""

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vestry import __version__
from vestry.errors import DataError, StudyError, VestryError

if TYPE_CHECKING:
    from vestry.progress import Progress

# The usage errors' class, wherever typer keeps it: newer ones bring a click of their own.
UsageProblem: type[Any] = typer.BadParameter.__mro__[2]

INTERRUPTED = 130

app = typer.Typer(
    name="vestry",
    help="Which model for my small labelled images, how good is it really, "
    "and is a committee worth its cost?",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
data_app = typer.Typer(help="List, fetch and verify data.", no_args_is_help=True)
app.add_typer(data_app, name="data")

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data", envvar="VESTRY_DATA", help="Folder that holds fashion-mnist/ and the like."
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for a program to read.")]
QuietOption = Annotated[bool, typer.Option("--quiet", "-q", help="No progress, warnings only.")]


def version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"vestry {__version__}")
        raise typer.Exit


@app.callback()
def top(
    _: Annotated[
        bool, typer.Option("--version", callback=version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command(
    epilog="Examples:  vestry run studies/default.toml    |    "
    "vestry run studies/b-committee-of-cnns.toml --set training.epochs=3 --out runs/quick"
)
def run(
    study: Annotated[Path, typer.Argument(help="Study file (TOML).")],
    out: Annotated[
        Path | None,
        typer.Option(help="Run folder; by default one named after the study, below --runs."),
    ] = None,
    runs: Annotated[Path, typer.Option(envvar="VESTRY_RUNS", help="Folder of run folders.")] = Path(
        "runs"
    ),
    data: DataOption = None,
    assignments: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a key, e.g. member.epochs=3."),
    ] = None,
    cores: Annotated[
        int | None,
        typer.Option(envvar="VESTRY_CORES", min=1, help="Cores to use; by default all."),
    ] = None,
    quiet: QuietOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run a study: fit its members, compare them, write one page with the answer.

    What was finished before is found again; a run that was killed goes on where it was.
    Exit code 3 says that some members came to nothing; the page lists them with their reasons.
    """
    from vestry.data.places import Places  # noqa: PLC0415
    from vestry.pipeline import run_study  # noqa: PLC0415
    from vestry.run_folder import RunFolder  # noqa: PLC0415
    from vestry.study import read_study  # noqa: PLC0415

    file = read_study(study, assignments or [])
    folder = RunFolder(usable(out or runs / study.stem))
    places = Places.of(data, study.parent)
    with display(quiet) as report:
        finished = run_study(file, places, folder, cores or available_cores(), report)
    typer.echo(summary(finished.results, finished.report, as_json))
    if finished.results["failures"]:
        raise typer.Exit(3)


def display(quiet: bool) -> "Progress":
    """How progress is shown: not at all, as live bars on a terminal, or as lines."""
    from vestry.progress import PlainProgress, Silence  # noqa: PLC0415

    if quiet:
        return Silence()
    if sys.stderr.isatty():
        from vestry.live_progress import LiveProgress  # noqa: PLC0415

        return LiveProgress()
    return PlainProgress(sys.stderr)


def usable(folder: Path) -> Path:
    """A run folder must be new, empty or a run's: nothing else is written over."""
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder} is a file; --out takes a folder")
    known = {"tasks", "study.toml"}
    if folder.is_dir() and (names := {p.name for p in folder.iterdir()}) and not names & known:
        raise StudyError(f"{folder} holds other files; give --out an empty or new folder")
    return folder


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def summary(results: dict[str, Any], report: Path, as_json: bool) -> str:
    """What a run came to: the ranking, what failed, and the page's path on the last line."""
    if as_json:
        return json.dumps(
            {key: results[key] for key in ("title", "ranking", "failures", "notices")}
            | {"report": str(report)}
        )
    lines = [results["title"], "", "by validation accuracy             validation    test"]
    lines += [
        f"{place:>3}. {row['name']:<30} "
        f"{row['validation_accuracy']:>9.1%} {row['test_accuracy']:>8.1%}"
        for place, row in enumerate(results["ranking"], 1)
    ]
    lines += [f"FAILED: {entry['name']}: {entry['reason']}" for entry in results["failures"]]
    return "\n".join([*lines, "", str(report)])


@app.command(epilog="Example:  vestry report runs/default")
def report(
    run: Annotated[Path, typer.Argument(help="Run folder.")],
) -> None:
    """Draw a run's page again from its results; prints the page's path."""
    from vestry.report.page import write_report  # noqa: PLC0415
    from vestry.run_folder import RunFolder  # noqa: PLC0415

    typer.echo(str(write_report(RunFolder(run))))


@app.command(epilog="Example:  vestry schema > study.schema.json")
def schema() -> None:
    """Print the JSON Schema of a study file, for editors and other programs."""
    from vestry.study import Study  # noqa: PLC0415

    typer.echo(json.dumps(Study.model_json_schema(), indent=1))


@app.command(epilog="Example:  vestry check --json")
def check(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Say what this machine offers: processor, memory, libraries, data."""
    from vestry.check import facts  # noqa: PLC0415
    from vestry.data.places import Places  # noqa: PLC0415

    found = facts(Places.of(data), available_cores())
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        typer.echo("\n".join(f"{name:<14} {value}" for name, value in found.items()))


@data_app.command("list", epilog="Example:  vestry data list")
def data_list(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the sources that a study can name, and whether their data is there."""
    from vestry.data import fashion_mnist  # noqa: PLC0415
    from vestry.data.places import Places  # noqa: PLC0415
    from vestry.data.source import KINDS  # noqa: PLC0415

    found = fashion_mnist.find(Places.of(data))
    where = {"fashion-mnist": str(found) if found else "not here yet: vestry data fetch"}
    rows = [
        {"source": name, "what": what, "where": where.get(name)} for name, what in KINDS.items()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        typer.echo(f"{row['source']:<14} {row['what']}")
        if row["where"]:
            typer.echo(f"{'':<14} {row['where']}")


@data_app.command("fetch", epilog="Example:  vestry data fetch")
def data_fetch(quiet: QuietOption = False) -> None:
    """Download Fashion-MNIST into the user's cache, checked against its published hashes."""
    from vestry.data import fashion_mnist  # noqa: PLC0415
    from vestry.data.places import Places  # noqa: PLC0415
    from vestry.pipeline import downloads  # noqa: PLC0415

    with display(quiet) as report:
        typer.echo(str(fashion_mnist.fetch(Places.of(), downloads(report))))


@data_app.command("verify", epilog="Example:  vestry data verify --data ~/data")
def data_verify(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check Fashion-MNIST's files against their published sizes and hashes."""
    from vestry.data import fashion_mnist  # noqa: PLC0415
    from vestry.data.places import Places  # noqa: PLC0415

    places = Places.of(data)
    folder = fashion_mnist.find(places)
    if folder is None:
        raise DataError("fashion-mnist is not here; `vestry data fetch` downloads it")
    findings = fashion_mnist.verify(folder)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        typer.echo("\n".join(f"{found.state:<8} {found.detail}" for found in findings))
    if any(finding.state != "good" for finding in findings):
        raise typer.Exit(1)


def main() -> None:
    """The command's entry point: errors that a user can act on are lines, not tracebacks."""
    sys.exit(exit_code())


def exit_code() -> int:
    code, said = called()
    for line in said:
        typer.echo(f"vestry: {line}", err=True)
    return code


def called() -> tuple[int, list[str]]:
    """Run the command; its exit code, and what is to be said of an error, line by line."""
    try:
        result = app(standalone_mode=False)
    except VestryError as error:
        return error.exit_code, str(error).splitlines()
    except UsageProblem as error:
        error.show()
        return int(error.exit_code), []
    except OSError as error:
        return 1, [os_error_text(error)]
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    # Typer answers Ctrl-C with this code, too, instead of passing the interrupt on.
    if result == INTERRUPTED:
        return INTERRUPTED, ["interrupted; what was finished is kept, run it again to go on"]
    return result if isinstance(result, int) else 0, []


def os_error_text(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    reason = error.strerror or str(error)
    return f"{place}{reason}; what was finished is kept, run it again when that is put right"
