"""`vestry data`: list, fetch and verify."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from vestry.cli.options import DataOption, JsonOption, QuietOption, display
from vestry.errors import DataError, StudyError

if TYPE_CHECKING:
    from vestry.data.published import PublishedSet

_USUAL = "fashion-mnist"
SetArgument = Annotated[
    str, typer.Argument(help="A published set, such as mnist or medmnist:bloodmnist.")
]

data_app = typer.Typer(help="List, fetch and verify data.", no_args_is_help=True)


@data_app.command("list", epilog="Example:  vestry data list")
def data_list(data: DataOption = None, as_json: JsonOption = False) -> None:
    """List the sources that a study can name, and whether their data is there."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.data.source_kind import kinds_in_order  # noqa: PLC0415

    places = DataPaths.of(data)
    rows = [
        {"source": kind.spelling, "what": kind.words, "where": kind.where(places)}
        for kind in kinds_in_order()
    ]
    if as_json:
        typer.echo(json.dumps(rows, indent=1))
        return
    for row in rows:
        typer.echo(f"{row['source']:<15} {row['what']}")
        if row["where"]:
            typer.echo(f"{'':<15} {row['where']}")


@data_app.command("fetch", epilog="Examples:  vestry data fetch    |    vestry data fetch mnist")
def data_fetch(name: SetArgument = _USUAL, quiet: QuietOption = False) -> None:
    """Download a published set into the user's cache, checked against its published sums."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.pipeline.progress import Downloads  # noqa: PLC0415

    published = _published(name)
    with display(quiet) as report:
        typer.echo(str(published.fetch(DataPaths.of(), Downloads(report))))


@data_app.command("verify", epilog="Example:  vestry data verify --data ~/data")
def data_verify(
    name: SetArgument = _USUAL, data: DataOption = None, as_json: JsonOption = False
) -> None:
    """Check a published set's files against their published sums."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415

    published = _published(name)
    folder = published.find(DataPaths.of(data))
    if folder is None:
        raise DataError(f"{name} is not here; `vestry data fetch {name}` downloads it")
    findings = published.verify(folder)
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=1))
    else:
        typer.echo("\n".join(f"{found.state:<8} {found.detail}" for found in findings))
    if any(finding.state != "good" for finding in findings):
        raise typer.Exit(1)


def _published(name: str) -> "PublishedSet":
    from vestry.data.source import source_kind  # noqa: PLC0415
    from vestry.data.source_kind import kinds_in_order  # noqa: PLC0415

    kind, _ = source_kind(name)
    if kind.published is None:
        sets = [one.spelling for one in kinds_in_order() if one.published is not None]
        raise StudyError(f"{name} is not downloaded; what is: {', '.join(sets)}")
    return kind.published(name.partition(":")[2])
