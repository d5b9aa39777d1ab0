"""The command that prints JSON Schemas of what Vestry reads and writes."""

import json
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pydantic import BaseModel

SCHEMA_EXAMPLES = (
    "Examples:  vestry schema > study.schema.json    |    "
    "vestry schema results > results.schema.json"
)


class _Kind(StrEnum):
    """study: a study file. results: a run's results.json. exploration: an explore.json.
    comparison: what `vestry compare` writes beside its page."""

    STUDY = "study"
    RESULTS = "results"
    EXPLORATION = "exploration"
    COMPARISON = "comparison"


def schema(
    kind: Annotated[
        _Kind, typer.Argument(help="What kind of file: study, results, exploration or comparison.")
    ] = _Kind.STUDY,
) -> None:
    """Print the JSON Schema of a study file, or of what a command writes, for other programs."""
    typer.echo(json.dumps(_type_of(kind).model_json_schema(), indent=1))


def _type_of(kind: _Kind) -> "type[BaseModel]":
    from vestry.schema.exploration import ExplorationResults  # noqa: PLC0415
    from vestry.schema.results import Results  # noqa: PLC0415
    from vestry.schema.run_comparison import RunComparison  # noqa: PLC0415
    from vestry.study.settings import Study  # noqa: PLC0415

    kinds: dict[_Kind, type[BaseModel]] = {
        _Kind.STUDY: Study,
        _Kind.RESULTS: Results,
        _Kind.EXPLORATION: ExplorationResults,
        _Kind.COMPARISON: RunComparison,
    }
    return kinds[kind]
