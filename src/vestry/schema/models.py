"""One member, one committee: what it is, how good, and what it takes."""

from math import inf
from typing import TYPE_CHECKING, Literal

from pydantic import Field, JsonValue

from vestry.schema.analysis import Analysis
from vestry.schema.base import Interval, OnSplits, Record, Settings, Spread
from vestry.schema.confidence import Abstention, Calibration, Conformal
from vestry.schema.cost import Cost
from vestry.schema.cross_validation import CrossValidation, LearningCurve
from vestry.schema.ensemble_gain import Diversity, EnsembleGain, LeaveOneOut, Repairs
from vestry.schema.optimism import Optimism
from vestry.schema.scores import Mistakes, Scores
from vestry.schema.search import Search
from vestry.schema.training import AugmentationShown, BackboneFacts, History, Training


class SeedScores(Record):
    """What one seed's model came to."""

    seed: int = Field(description="of a committee that of its members, or 0 where they differ")
    scores: OnSplits[dict[str, float]] = Field(description="every score that is a number, by key")


class _Scored(Record):
    """What members and committees share; each has the keys at places of its own."""

    if TYPE_CHECKING:
        scores: OnSplits[Scores]
        intervals: OnSplits[dict[str, Interval | None]]
        seeds: list[SeedScores]
        over_seeds: OnSplits[dict[str, Spread]] | None
        optimism: Optimism | None

    def spread(self, split: str, score: str) -> Spread | None:
        """Of a score over seeds; None where there is one seed."""
        return self.over_seeds.on(split).get(score) if self.over_seeds else None

    def tie_break(self, split: str) -> float:
        """The log loss, which is the lower the better; infinite where labels alone are known."""
        known = self.scores.on(split).log_loss is not None
        return self.central(split, "log_loss") if known else inf

    def central(self, split: str, score: str) -> float:
        """The mean over seeds where there are several, else the one figure."""
        return self.scores.on(split).number(score)

    def first_seed(self, score: str) -> float:
        """Tested, of the model that is stored and exported, whose table everything else is of."""
        return self.seeds[0].scores.test[score]

    @property
    def corrected_accuracy(self) -> float:
        """On validation rows, less what it has from choices that the same rows made."""
        return self.optimism.corrected if self.optimism else self.central("validation", "accuracy")

    def accuracy_interval(self, split: str) -> Interval:
        """Of the mean over seeds where there are several."""
        found = self.intervals.on(split)["accuracy"]
        if found is None:  # only other scores have none
            raise ValueError(f"the {split} accuracy has no interval")
        return found


class ScoredMember(_Scored):
    """A fitted member as it is compared with others."""

    kind: str = Field(
        description="the key that says it in the study: `estimator`, `layers`, `backbone`, `onnx` "
        "(trained elsewhere: its `fit_seconds` is 0), or that of another package's kind"
    )
    kind_words: str | None = Field(None, description="what such a model is called, in words")
    definition: list[str] = Field(
        description="short lines that say what it is: layers with output shape and parameters, or "
        "the estimator with its settings"
    )
    parameters: int | None = Field(description="null for estimators that have no such count")
    trainable_parameters: int | None = Field(description="of these; 0 of an `onnx`")
    fit_seconds: float | None = Field(
        description="to fit the first seed's model; null where it is not known"
    )
    training: Training | None = Field(description="null without epochs")
    backbone: BackboneFacts | None = Field(description="of a backbone")
    fitted_on: str = Field(
        description="in words: which rows the tables of validation and of test come from"
    )
    warnings: list[str] = Field(
        description='what was skipped, replaced or not reached ("stopped before it '
        'converged", "not stored"): these stand on top of the page and on the console, too'
    )
    notes: list[str] = Field(description="what a reader should know of it")
    stored: str | None = Field(
        description="the file its model is stored in, or null (`warnings` says why)"
    )
    scores: OnSplits[Scores] = Field(
        description="means over seeds, the figures to quote; `confusion` is the first seed's"
    )
    intervals: OnSplits[dict[str, Interval | None]] = Field(
        description="`accuracy`: Blaker's, or where there are several seeds one of images and "
        "seeds; of the test rows every other score, too, null where no method that was tried holds "
        "the truth often enough, as with few images of a class (of several seeds the first one's, "
        "moved to the mean and widened by the spread over seeds)"
    )
    mistakes: Mistakes = Field(description="the first seed's")
    seeds: list[SeedScores] = Field(
        description="each that it was fitted with; the first one's model is stored and exported, "
        "and mistakes, confusion, calibration, abstention and pictures are of its table"
    )
    over_seeds: OnSplits[dict[str, Spread]] | None = Field(
        description="by score; null for one seed"
    )
    threads: int | None = Field(
        description="cores that it was fitted with; why, and what was tried, is in `card.json`; "
        "null where it is not known"
    )
    reported: dict[str, float] = Field(
        description="`{score: value}` that a report gave for the test set; may be empty"
    )
    history: History | None = Field(
        description="the columns of `history.csv`: `epoch`, `learning_rate`, `train_loss`, "
        "`train_accuracy`, `train_precision_macro`, `train_recall_macro`, "
        "`train_precision_micro_at_half`, `train_recall_micro_at_half`, and the same with "
        "`validation_`, plus `seconds`, `images_per_second`"
    )
    note: str = Field(description="a remark from the study file; may be empty")
    milliseconds_per_image: float | None = Field(
        description="what predicting the test rows took, by image, with `threads` cores; for a "
        "backbone what a batch of new images took, since the test rows' features may have been "
        "kept; null where it is not known"
    )
    augmentation: AugmentationShown | None = Field(description="null without")
    search: Search | None = Field(description="null without")
    cross_validation: CrossValidation | None = Field(description="null without")
    learning_curve: LearningCurve | None = Field(description="null without")
    optimism: Optimism | None = Field(
        None, description="of the validation accuracy; null where these rows chose nothing in it"
    )
    cost: Cost | None = Field(None, description="what it takes to run")


class Member(ScoredMember):
    """A fitted member."""

    analysis: Analysis = Field(description="where it is good and bad")
    calibration: Calibration | None = Field(
        description="whether its confidence can be trusted; null where it gave labels alone"
    )
    abstention: Abstention | None = Field(
        description="answering only where it is sure; null where it gave labels alone"
    )
    conformal: Conformal | None = Field(
        description="answering with a set of classes; null where it gave labels alone"
    )


class ScoredCommittee(_Scored):
    """A committee of members as it is compared with others."""

    scores: OnSplits[Scores] = Field(description="of its own tables, as a member's")
    intervals: OnSplits[dict[str, Interval | None]] = Field(description="as a member's")
    mistakes: Mistakes = Field(description="of its first table")
    seeds: list[SeedScores] = Field(
        description="one a seed where all members that have several have the same number: the "
        "rule fitted on and applied to that seed's tables; else the first seeds' alone, and "
        "`notes` says so. The first one is exported"
    )
    over_seeds: OnSplits[dict[str, Spread]] | None = Field(
        description="by score; null for one seed"
    )
    rule: str = Field(description="its key")
    options: Settings = Field(description="the rule's own settings")
    members: list[str] = Field(description="names")
    asked: list[str] = Field(
        description="those that have a say: a rule that learns may leave some out, which are not "
        "exported and cost nothing when it predicts"
    )
    fitted_on: Literal["validation", "out_of_fold"] | None = Field(
        description="null where the rule learns nothing"
    )
    learnt: dict[str, JsonValue] = Field(
        description="what the rule learnt: `weights.<member>`, `chosen.<member>` for the seats of "
        "`greedy`, `influence.<member>` for `stacking`, and the rule's own settings and losses; "
        "the coefficients of `stacking` stand in its `card.json`"
    )
    parameters: int | None = Field(description="sum over those that are asked")
    fit_seconds: float | None = Field(description="sum over members; null as for them")
    milliseconds_per_image: float | None = Field(description="sum over those that are asked")
    reported: dict[str, float] = Field(description="`{score: value}` that a report gave")
    notes: list[str] = Field(description="what a reader should know of it")
    note: str = Field(description="a remark from the study file; may be empty")
    mean_of_members: OnSplits[dict[str, float]] = Field(
        description="plain means of its members' own scores, which are *not* the committee's"
    )
    optimism: Optimism | None = Field(
        None, description="of the validation accuracy; null where these rows chose nothing in it"
    )
    cost: Cost | None = Field(None, description="what it takes to run")

    @property
    def only_member(self) -> str | None:
        """The model that it is under another name, where its rule asks nobody else."""
        return self.asked[0] if len(self.asked) == 1 and len(self.seeds) == 1 else None


class Committee(ScoredCommittee):
    """A committee of members."""

    analysis: Analysis = Field(description="where it is good and bad")
    calibration: Calibration = Field(description="whether its confidence can be trusted")
    abstention: Abstention = Field(description="answering only where it is sure")
    conformal: Conformal = Field(description="answering with a set of classes")
    repairs: Repairs = Field(description="what it fixes and breaks")
    worth: EnsembleGain = Field(description="what it gains, and for what")
    leave_one_out: LeaveOneOut = Field(description="without each member")
    diversity: Diversity = Field(description="of its members")


ScoredModel = ScoredMember | ScoredCommittee
