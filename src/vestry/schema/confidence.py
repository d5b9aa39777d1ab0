"""Whether a maker's confidence can be trusted, and what it is good for.

First seeds' tables of the test rows. Confidence is the probability of the most probable class.
"""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, Record


class BrierParts(Record):
    """Brier's score of the top label over bins (Murphy 1973).

    `score` = `reliability` - `resolution` + `uncertainty` + `within_bins`.
    """

    score: float = Field(description="mean square of confidence less right or wrong")
    reliability: float = Field(description="how far confidence is off in the bins")
    resolution: float = Field(description="how far the bins' accuracies differ")
    uncertainty: float = Field(description="what the accuracy alone leaves")
    within_bins: float = Field(description="what varies inside the bins")


class Bin(Record):
    """Rows of about the same confidence."""

    rows: int = Field(description="images")
    confidence: float = Field(description="mean")
    accuracy: float = Field(description="share that is right")
    interval: Interval = Field(description="Blaker's, of the accuracy")


class Reliability(Record):
    """A table held against its own confidence."""

    accuracy: float = Field(description="share that is right")
    confidence: float = Field(
        description="mean; above the accuracy's interval a model is over-confident"
    )
    log_loss: float = Field(description="as under scores")
    ece: float = Field(description="as under scores")
    ece_bias: float = Field(
        description="the `ece` of a perfectly calibrated model with these confidences on so many "
        "rows: mean of 200 seeded draws"
    )
    ece_chance: float = Field(description="what 95% of those draws stay under")
    brier: float = Field(description="as under scores")
    brier_parts: BrierParts = Field(description="of the top label, over `bins`")
    bins: list[Bin] = Field(
        description="by rising confidence, at most 15 of equal mass, equal confidences in one"
    )


class Calibration(Record):
    """The best temperature, and the test rows before and after it."""

    temperature: float = Field(
        description="of least log loss on validation rows, between 0.05 and 20 (log probabilities "
        "over it, normalised; probabilities under 1e-7 count as 1e-7)"
    )
    edge: Literal["low", "high"] | None = Field(
        description="the end of that range at which it lies, as where no answer is wrong"
    )
    fitted_on: int = Field(description="validation rows")
    rows: int = Field(description="test rows")
    before: Reliability = Field(description="their table as it is")
    after: Reliability = Field(description="at that temperature")


class RiskCurve(Record):
    """At most 100 points, the surest rows first."""

    coverage: list[float] = Field(description="share of rows that are answered")
    risk: list[float] = Field(description="share of wrong answers among those given")


class AtCoverage(Record):
    """The strictest threshold that answers so many."""

    coverage_asked: float = Field(description="0.95, 0.9, 0.8 or 0.5 of the test rows")
    threshold: float = Field(description="an image is answered where confidence is not below it")
    rows: int = Field(description="answered")
    coverage: float = Field(description="share that is answered")
    accuracy: float = Field(description="of the answers")
    interval: Interval = Field(description="Blaker's")


class Answered(Record):
    """What a threshold answers of some rows."""

    rows: int = Field(description="answered")
    coverage: float = Field(description="share that is answered")
    accuracy: float | None = Field(description="of the answers; null where there are none")
    interval: Interval | None = Field(description="Blaker's; null where nothing is answered")


class Threshold(Record):
    """Chosen to answer most *validation* rows with the accuracy that the study asks for."""

    accuracy_asked: float = Field(description="the study's, of `[abstention]`")
    threshold: float | None = Field(
        description="an image is answered where confidence is not below it (0: all are)"
    )
    validation: Answered | None = Field(description="what it answers of the validation rows")
    test: Answered | None = Field(description="what it answers of the test rows")
    reason: str | None = Field(description="why no threshold reaches it; then the rest is null")


class Abstention(Record):
    """Answering only where a model is sure."""

    rows: int = Field(description="test rows")
    curve: RiskCurve = Field(description="risk by coverage")
    area: float = Field(description="under the whole curve (Geifman and El-Yaniv 2017)")
    excess_area: float = Field(
        description="how far that is above the least that so many mistakes allow"
    )
    at_coverage: list[AtCoverage] = Field(description="for 95%, 90%, 80% and 50%")
    threshold: Threshold = Field(description="for the accuracy that the study asks for")
