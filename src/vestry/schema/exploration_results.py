"""What `vestry explore` writes: `explore.json`."""

from pydantic import Field

from vestry.schema.base import Format, Record
from vestry.schema.data import Data
from vestry.schema.environment import Environment
from vestry.schema.exploration import Exploration


class SuggestedFile(Record):
    """A file of corrections that follow from the images: copies of one image that have several
    labels get that of most of them, or are left out where there is none of most."""

    file: str = Field(
        description="its name, beside `explore.json`; as `[data] corrections` reads it"
    )
    relabelled: int = Field(description="images that are to have another label")
    dropped: int = Field(description="images that are to be left out")
    sha256: str = Field(description="of its content as it was written")


class ExplorationResults(Record):
    """A source that was looked at."""

    format: Format = Field(description="of this file")
    title: str = Field(description="which source was looked at, in words")
    created: str = Field(description="when; UTC, ISO 8601")
    data: Data = Field(description="which images")
    exploration: Exploration = Field(description="what was found")
    corrections: SuggestedFile | None = Field(
        None, description="null where nothing follows from the images"
    )
    environment: Environment = Field(description="machine and versions")
    seconds: dict[str, float] = Field(description="`total`")
