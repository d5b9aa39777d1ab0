"""Whether a model's confidence can be trusted, and what it is good for.

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
    confidence: float = Field(description="mean")
    overconfidence: float = Field(description="mean confidence less accuracy")
    overconfidence_interval: Interval = Field(
        description="of it, paired row by row: above 0 a model is over-confident on average, below "
        "0 under-confident, else neither is shown"
    )
    log_loss: float = Field(description="as under scores")
    ece: float = Field(description="as under scores")
    ece_debiased: float = Field(
        description="less what chance adds to it (Kumar, Liang and Ma 2019), not below 0"
    )
    ece_bias: float = Field(
        description="the `ece` of a perfectly calibrated model with these confidences on so many "
        "rows: mean of 999 seeded draws"
    )
    ece_chance: float = Field(description="what 95% of those draws stay under")
    ece_p: float = Field(
        description="of the calibration test: the share of those draws whose `ece` is no smaller "
        "(the table itself counted as one)"
    )
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
    log_loss_change: float = Field(description="of the test rows: `after` less `before`")
    log_loss_change_interval: Interval = Field(
        description="of it, paired: where it holds 0, no difference is shown"
    )


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
    interval: Interval | None = Field(
        description="Blaker's; null where nothing is answered, and of the rows by which a "
        "threshold was chosen"
    )


class Threshold(Record):
    """Chosen by *validation* rows to answer most images with the accuracy that the study asks for.

    In at least `confidence_asked` of cases, over validation rows drawn like the images to come,
    what it answers of these is right with `accuracy_asked` or more: exact binomial tests, learn
    then test (Angelopoulos et al. 2021). For each model on its own.
    """

    accuracy_asked: float = Field(description="the study's, of `[abstention]`")
    confidence_asked: float = Field(description="the study's `confidence` there")
    threshold: float | None = Field(
        description="an image is answered where confidence is not below it (0: all are); null "
        "where none can be guaranteed"
    )
    validation: Answered | None = Field(description="what it answers of the validation rows")
    test: Answered | None = Field(description="what it answers of the test rows")
    validation_rows: int = Field(description="that it was chosen by")
    validation_needed: int | None = Field(
        description="where none can be guaranteed: about how many validation rows would do in four "
        "of five cases, were mistakes as frequent; null where no number would"
    )
    reason: str | None = Field(description="why none is guaranteed; then the rest is null")


class Covered(Record):
    """One class's test rows."""

    rows: int = Field(description="of that class")
    coverage: float | None = Field(description="share whose set holds it; null without rows")
    interval: Interval | None = Field(description="Blaker's; null without rows")


class SetsOnTest(Record):
    """How the sets do on the test rows."""

    rows: int = Field(description="images")
    covered: int = Field(description="whose class is in their set")
    coverage: float = Field(description="their share")
    interval: Interval = Field(description="Blaker's, of the coverage")
    mean_size: float = Field(description="classes in a set, on average")
    sizes: list[int] = Field(description="images whose set has 1, 2, ... all classes")
    singletons: float = Field(description="share of sets with one class")
    filled: int = Field(
        description="sets that the thresholds leave empty; they hold the most probable class"
    )
    unfilled_coverage: float = Field(
        description="were these left empty: near what was asked, where `coverage` is above it "
        "because the most probable class alone is right more often"
    )
    by_class: list[Covered] = Field(description="in the order of the classes")


class SetRule(Record):
    """Which classes are in the set, and how that does on the test rows."""

    thresholds: list[float] = Field(
        description="a class is in the set where its probability is not below its threshold, in "
        "the order of the classes; 0: always"
    )
    validation_by_class: list[int] = Field(description="validation rows of each class")
    test: SetsOnTest = Field(description="on the test rows")


class Conformal(Record):
    """Sets of classes that hold an image's class as often as asked (split conformal prediction:
    Vovk, Gammerman and Shafer 2005; the score, 1 less the probability: Sadinle, Lei and Wasserman
    2019, whose sets are the smallest).

    The promise is one over validation and test images together that are drawn alike; where the
    validation rows were answered out of fold, it is cross-conformal (Vovk 2015), near what was
    asked, not exactly.
    """

    coverage_asked: float = Field(description="the study's, `coverage` of `[abstention]`")
    validation_rows: int = Field(description="that thresholds were chosen by")
    marginal: SetRule = Field(description="one threshold: as often as asked over all images")
    by_class: SetRule = Field(
        description="one threshold a class (Mondrian): as often as asked for each class"
    )
    rows_needed: int = Field(
        description="validation rows that a threshold needs, over all or for its class; with "
        "fewer it is 0, since nothing else can be promised"
    )


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
