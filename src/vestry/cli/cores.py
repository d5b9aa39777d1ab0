"""The option that says how many cores a command may use."""

from typing import Annotated

import typer

CoresOption = Annotated[
    int | None,
    typer.Option("--cores", envvar="VESTRY_CORES", min=1, help="Cores to use; by default all."),
]
