"""The options that say what does a study's tasks."""

from enum import StrEnum
from typing import Annotated

import typer


class EngineChoice(StrEnum):
    """As `vestry.pipeline.engines` has them, which is heavy to load."""

    LOCAL = "local"
    RAY = "ray"


EngineOption = Annotated[
    EngineChoice,
    typer.Option(
        "--engine",
        help="What fits the models: processes of this machine, or the nodes of a Ray cluster.",
    ),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        "--address",
        metavar="HOST:PORT",
        help="The Ray cluster, or auto for the one that this machine is a node of; by default "
        "RAY_ADDRESS, else one is started here.",
    ),
]
