"""What `vestry explore` writes: `explore.json`."""

from pydantic import Field

from vestry.schema.base import Format, Record
from vestry.schema.data import Data
from vestry.schema.environment import Environment
from vestry.schema.exploration import Exploration


class ExplorationResults(Record):
    """A source that was looked at."""

    format: Format = Field(description="of this file")
    title: str = Field(description="which source was looked at, in words")
    created: str = Field(description="when; UTC, ISO 8601")
    data: Data = Field(description="which images")
    exploration: Exploration = Field(description="what was found")
    environment: Environment = Field(description="machine and versions")
    seconds: dict[str, float] = Field(description="`total`")
