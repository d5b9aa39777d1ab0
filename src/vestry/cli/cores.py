"""How many cores a command may use."""

import os
import sys
from typing import Annotated

import typer

CoresOption = Annotated[
    int | None,
    typer.Option("--cores", envvar="VESTRY_CORES", min=1, help="Cores to use; by default all."),
]


def available_cores() -> int:
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
