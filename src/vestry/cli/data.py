"""`vestry data`: list, fetch and verify."""

import json
from dataclasses import asdict

import typer

from vestry.cli.options import DataOption, JsonOption, QuietOption, display
from vestry.errors import DataError

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
        typer.echo(f"{row['source']:<14} {row['what']}")
        if row["where"]:
            typer.echo(f"{'':<14} {row['where']}")


@data_app.command("fetch", epilog="Example:  vestry data fetch")
def data_fetch(quiet: QuietOption = False) -> None:
    """Download Fashion-MNIST into the user's cache, checked against its published hashes."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.data.sources import fashion_mnist  # noqa: PLC0415
    from vestry.pipeline.progress import downloads  # noqa: PLC0415

    with display(quiet) as report:
        typer.echo(str(fashion_mnist.fetch(DataPaths.of(), downloads(report))))


@data_app.command("verify", epilog="Example:  vestry data verify --data ~/data")
def data_verify(data: DataOption = None, as_json: JsonOption = False) -> None:
    """Check Fashion-MNIST's files against their published sizes and hashes."""
    from vestry.data.paths import DataPaths  # noqa: PLC0415
    from vestry.data.sources import fashion_mnist  # noqa: PLC0415

    places = DataPaths.of(data)
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
