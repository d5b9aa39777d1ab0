"""`vestry studies`: those that come with Vestry."""

import json

import typer

from vestry.cli.options import JsonOption

STUDIES_EXAMPLES = "Examples:  vestry studies    |    vestry run a-four-families"


def studies(as_json: JsonOption = False) -> None:
    """List the studies that come with vestry; `vestry run NAME` runs one."""
    from vestry.study.shipped import shipped_studies  # noqa: PLC0415

    found = shipped_studies()
    if as_json:
        rows = [
            {"name": s.name, "title": s.title, "source": s.source, "path": str(s.path)}
            for s in found
        ]
        typer.echo(json.dumps(rows, indent=1))
        return
    width = max((len(study.name) for study in found), default=0)
    for study in found:
        typer.echo(f"{study.name:<{width}}  {study.title} ({study.source})")
