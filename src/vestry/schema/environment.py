"""Where and how long a study ran, and how often its test rows were looked at."""

from pydantic import Field

from vestry.schema.base import Record


class Environment(Record):
    """Machine and versions; nothing in it names the user, the host or a path."""

    python: str = Field(description="version")
    versions: dict[str, str | None] = Field(description="of libraries, by name")
    system: str = Field(description="and architecture")
    processor: str = Field(description="its name")
    cores: int | None = Field(description="there are")
    cores_used: int = Field(description="at most")
    memory_bytes: int | None = Field(description="there are")


class UsedRows(Record):
    """Some of the test rows."""

    comparisons: int = Field(description="that they took part in, in whatever set")
    rows: int = Field(description="how many they are")


class TestSetUses(Record):
    """How often these test rows were looked at as far as the register knows, whatever the run.

    Looks at other sets count where these hold at least half of the rows, known by their images,
    exactly or almost (of tables alone by ids and labels).
    """

    test: str = Field(description="fingerprint of the rows")
    count: int = Field(description="of all looks")
    comparisons: int = Field(description="looks that compared models")
    studies: int = Field(description="different ones among these")
    of_this_study: int = Field(description="looks of this study")
    first: str | None = Field(description="when; UTC, ISO 8601")
    last: str | None = Field(description="when; UTC, ISO 8601")
    accuracy: float = Field(description="the leader's, on test rows")
    luck: float = Field(
        description="how far the best of so many equally good models lies above the truth by "
        "chance, a share; the mean of that"
    )
    luck_deviation: float | None = Field(None, description="its standard deviation, a share")
    rows: int | None = Field(None, description="test rows")
    used: list[UsedRows] = Field([], description="by comparisons, the most first; they add up")
    sets: int = Field(
        1, description="sets of test rows that hold some of these, this one among them"
    )
    unmatched_sets: int = Field(
        0, description="sets of an earlier version's, whose rows are not known"
    )
