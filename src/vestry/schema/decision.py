"""The recommended model, why, and what would change that.

It follows from `[decision]`, validation figures and `cost`; test figures stand in `test` alone.
"""

from typing import Literal

from pydantic import Field

from vestry.schema.base import Interval, OnSplits, Record, Settings
from vestry.schema.significance import Difference

EvidenceWord = Literal["clear", "level", "too_few"]
Met = Literal["surely", "probably", "not"]


class Baseline(Record):
    """What needs no model and stands in every ranking: the most frequent class, or chance."""

    name: str = Field(description="as the page calls it")
    scores: OnSplits[dict[str, float]] = Field(
        description="`accuracy`, `recall_macro` (the balanced accuracy), `f1_macro`, `log_loss` as "
        "they are expected; the probabilities are the training rows' shares, or all alike"
    )
    by_score: OnSplits[float] = Field(description="by the score that models are chosen by")


class ScoreChosenBy(Record):
    """What orders the models, and what margins are of."""

    name: str = Field(description="as `[decision] score` has it")
    label: str = Field(description="at the head of a column")
    words: str = Field(description="in a sentence")
    better: Literal["higher", "lower"] = Field(description="which is")
    unit: str = Field(description="`share` is shown in per cent")
    rarest: float = Field(
        description="the rarest class's rows over the commonest's, of training rows (validation "
        "rows where there are none)"
    )


class CheckedLimit(Record):
    """A limit of the study held against a figure."""

    limit: str = Field(description="its key")
    asked: float | bool = Field(description="by the study")
    found: float | bool | None = Field(description="null: not measured")
    class_: str | None = Field(alias="class", description="that the figure is of")
    interval: Interval | None = Field(
        None,
        description="of an accuracy, 95%; of a time from the median to the slowest of a hundred "
        "(`p99_ms`); of the classes from the lowest lower end; null of what is exact",
    )
    meets: Met | None = Field(
        None,
        description="`surely` where the whole interval does, `probably` where the figure alone "
        "does, which is enough, or `not`",
    )


class LimitOnTest(CheckedLimit):
    """A limit on accuracy held against a test figure."""

    met: bool = Field(description="whether it is")


class Excluded(Record):
    """A model and the limits that it breaks."""

    name: str = Field(description="of the model")
    limits: list[CheckedLimit] = Field(description="that it breaks")


class Held(Record):
    """A model and how it meets every limit."""

    name: str = Field(description="of the model")
    limits: list[CheckedLimit] = Field(description="all of them")


class BestBeside(Record):
    """The most accurate beside another one on the validation images, first seeds."""

    name: str = Field(description="the other one")
    only_best: int = Field(description="images that only the best gets right")
    only_other: int = Field(description="images that only the other gets right")
    difference: float = Field(description="the best's accuracy less the other's")
    interval: Interval = Field(description="Bonett and Price's")
    p: float = Field(description="McNemar's")
    p_holm: float = Field(description="p adjusted over all others")
    behind: bool = Field(description="significantly less often right")
    p_within_holm: float = Field(
        description="of the exact test that it is `within` or more behind, adjusted"
    )
    within: bool = Field(description="shown not to be")
    p_best_within_holm: float = Field(
        description="of the same test that the best is `within` or more behind the other, adjusted"
    )
    best_within: bool = Field(description="shown not to be")
    costs_less: bool = Field(description="whether the other costs so much less that it counts")
    undecided: bool = Field(
        description="neither significantly behind nor shown to be near; and, unless the best is "
        "shown to be near it and it costs no less, to choose between the two could cost"
    )


class Reason(Record):
    """Why it is recommended."""

    best: str = Field(description="the most accurate that meets the limits, by validation")
    decided_by: Literal["latency", "bytes", "parameters", "ranking"] | None = Field(
        description="null where there was nothing to decide"
    )
    against: BestBeside | None = Field(description="`best` beside `recommended`")
    tests: list[BestBeside] = Field(description="`best` beside every other one")
    equals: list[BestBeside] = Field(
        description="where the study prefers latency or size: `recommended` (which stands for the "
        "best here) beside those that cost as much, a family of its own"
    )
    undecided: list[str] = Field(
        description="names that validation does not tell apart from `recommended`, where the "
        "choice between the two could cost; `evidence` is `too_few` where there are any"
    )
    rows_to_decide: int | None = Field(
        description="about how many validation images would decide of these (power 0.8 each, were "
        "the shares found true); null where nothing is undecided or over 10 million are needed"
    )


class Majority(Record):
    """Always answering the most frequent class of the training rows."""

    class_: str = Field(alias="class", description="its name")
    accuracy: float = Field(description="of that, on the validation rows")
    above: list[str] = Field(description="names shown to be better")
    not_above: list[str] = Field(description="names not shown to be better")


class Change(Record):
    """What another wish would lead to.

    `limit`: the least loosening of one limit that changes the answer is to `found`; `outright`:
    accuracy whatever it costs; `prefer`: another preference.
    """

    kind: Literal["limit", "outright", "prefer"] = Field(description="of wish")
    limit: str | None = Field(None, description="its key")
    asked: float | bool | None = Field(None, description="by the study")
    found: float | bool | None = Field(None, description="what would do")
    class_: str | None = Field(None, alias="class", description="that the figure is of")
    prefer: str | None = Field(None, description="the other preference")
    name: str = Field(description="who would be taken")


class ScoreDifference(Record):
    """Of two models on the same test rows, by a score that is no accuracy."""

    value: float = Field(description="the one's less the other's, means over seeds")
    interval: Interval = Field(
        description="95%, Student's t with the variance of resamples of the images and of seeds"
    )
    p: float = Field(description="that it is 0, likewise")


class OnTest(Record):
    """What the test images say afterwards of the one that was taken."""

    accuracy: float = Field(description="mean over seeds")
    interval: Interval = Field(description="of it")
    limits: list[LimitOnTest] = Field(description="those on accuracy and on the score")
    agrees: bool = Field(description="whether all are met")
    ahead: list[str] = Field(
        description="names that could have been taken and are significantly ahead of it there "
        "by the score that chooses (accuracy: McNemar's; else as `best_less_taken_by_score`; Holm "
        "over all of these); they change nothing"
    )
    best_less_taken: Difference | None = Field(
        description="null where it is the best, or the score that chooses is not the accuracy"
    )
    best_less_taken_by_score: ScoreDifference | None = Field(
        None, description="by that score; null where it is the accuracy, or it is the best"
    )


class Decision(Record):
    """Which model to take and why."""

    recommended: str | None = Field(description="name")
    evidence: EvidenceWord | None = Field(
        description="how far validation bears the choice: `clear` (all that it was chosen among "
        "are significantly behind it, or cost alone decides), `level` (a cheaper one is shown to "
        "be within the margin and taken, or others are and cost no less), `too_few` "
        "(`reason.undecided` names those of which it is not known; `recommended` is the first by "
        "validation of them)"
    )
    reason: Reason | None = Field(description="null where nothing is recommended")
    runner_up: str | None = Field(description="would be taken if the first were not there")
    level_with: list[str] | None = Field(
        description="`best` and those that are shown to be within the margin of it"
    )
    binding: Excluded | None = Field(
        description="who would be taken without limits, and the limits that it breaks"
    )
    test: OnTest | None = Field(description="afterwards, on test images")
    nearest: Excluded | None = Field(
        description="where nothing meets the limits: the model whose worst miss, as a share of "
        "what is asked, is the smallest"
    )
    changes: list[Change] = Field(description="what another wish would lead to")
    settings: Settings = Field(description="`[decision]` of the study")
    level: float = Field(description="of the tests")
    cheaper_times: float = Field(
        description="a model is cheaper than another that costs at least so many times as much"
    )
    cost_floor: dict[str, float] = Field(
        description="and at least so much more: `latency` in ms, `bytes`, `parameters`"
    )
    rows: int = Field(description="validation images")
    admissible: list[str] = Field(description="names that meet the limits")
    excluded: list[Excluded] = Field(description="the others")
    held: list[Held] = Field(description="each model and all limits; empty without any")
    explains: list[str] = Field(description="names of models that explain themselves")
    pareto: dict[str, list[str]] = Field(
        description="for `latency` and `bytes`: names by rising cost that no other one is as good "
        "as in both cost and the validation figure by the score that chooses, and better in one"
    )
    majority: Majority = Field(description="beside always answering one class")

    @property
    def headline(self) -> str:
        """The recommendation in a few words, which page, console and model card share."""
        name = self.recommended
        if name is None and self.admissible:
            usual = self.majority.class_
            return f"No model is shown to be better than always answering \u201c{usual}\u201d"
        if name is None:
            return "No model meets the limits of this study"
        if self.evidence == "too_few":
            return f"Too few images to choose; ahead so far: {name}"
        return f"Recommended: {name}"
