"""What a model takes to run.

All models of a run take turns in one process. A committee's time is, round by round, that of its
members and its rule; a backbone that members share is counted once.
"""

from pydantic import Field

from vestry.schema.base import Number, Record


class Latency(Record):
    """Milliseconds of one image."""

    median_ms: float = Field(description="over the rounds")
    p99_ms: float | None = Field(
        description="a time that was measured, under 100 rounds the slowest; null of a given cost"
    )
    rounds: int | None = Field(description="how often it was timed; null of a given cost")


class Cost(Record):
    """Bytes, and time on `threads` cores."""

    bytes: int | None = Field(description="of the files that predicting needs")
    latency: Latency | None = Field(description="one image; null where it was not measured")
    images_per_second: float | None = Field(description="in batches, median of three turns")
    threads: int | None = Field(description="cores it was measured with")
    reason: str | None = Field(description="why there are no figures")


class CostBeside(Record):
    """What a committee takes beside a member."""

    committee: Number = Field(description="what the committee takes")
    member: Number = Field(description="what the member takes")
    added: Number = Field(description="the committee's less the member's")
    times: float | None = Field(description="the committee's over the member's; null over 0")
