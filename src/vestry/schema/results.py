"""All that a run's `results.json` says."""

from typing import Literal

from pydantic import Field

from vestry.schema.ablations import ComparedPair, SizePair, Step
from vestry.schema.analysis import Agreement, Misclassified
from vestry.schema.base import Format, Record
from vestry.schema.claims import CheckedClaim
from vestry.schema.cross_validation import NestedChoice
from vestry.schema.data import Data
from vestry.schema.decision import Baseline, Decision, ScoreChosenBy
from vestry.schema.environment import Environment, TestSetUses
from vestry.schema.explanations import Explanation
from vestry.schema.exploration import Exploration
from vestry.schema.label_issues import Doubts, Leaks
from vestry.schema.models import Committee, Member
from vestry.schema.optimism import BestOfSeveral
from vestry.schema.robustness import Robustness
from vestry.schema.scores import RankCurves
from vestry.schema.significance import Comparisons, Ranked, Resolution, TestFamily


class StudyFacts(Record):
    """Which study this is."""

    file: str = Field(description="as it was given")
    hash: str = Field(description="of the resolved study")
    text: str = Field(description="the resolved study as TOML")


class Notice(Record):
    """What was skipped, capped or replaced."""

    level: Literal["warning", "note"] = Field(description="how much it matters")
    text: str = Field(description="in words")


class Failure(Record):
    """A member or committee that came to nothing."""

    name: str = Field(description="of it")
    seed: int | None = Field(description="null of a committee")
    reason: str = Field(description="why")
    details: str = Field(
        description="the end of the traceback or of what the process said, for whoever looks for "
        "the cause"
    )


class VotesOfModel(Record):
    """A model's answer to one image."""

    label: int = Field(description="the answer")
    confidence: float | None = Field(description="its probability; null of labels alone")
    top: list[tuple[int, float]] = Field(
        description="the three most probable, with probability; none of labels alone"
    )


class VotedImage(Record):
    """A test image and all answers."""

    id: str = Field(description="of the image")
    truth: int = Field(description="label")
    votes: dict[str, VotesOfModel] = Field(description="by model")


class Votes(Record):
    """A seeded draw of test images."""

    seed: int = Field(description="they were drawn with")
    images: list[VotedImage] = Field(description="in the order of the draw")


class FirstRows(Record):
    """The first five test images."""

    ids: list[str] = Field(description="of the images")
    truth: list[int] = Field(description="labels")
    probabilities: dict[str, list[list[float]]] = Field(
        description="by model: one vector an image; not of those that gave labels alone"
    )


class ComparisonResults(Record):
    """What comparing the models of a study comes to: it is done again only where something that it
    depends on has changed."""

    format: Format = Field(description="of this file")
    title: str = Field(description="the study's")
    about: str = Field(description="what the study says of itself; may be empty")
    study: StudyFacts = Field(description="which one")
    notices: list[Notice] = Field(description="what a reader must know before the figures")
    data: Data = Field(description="which images")
    members: dict[str, Member] = Field(description="every fitted member by name, in study order")
    committees: dict[str, Committee] = Field(description="every committee by name")
    failures: list[Failure] = Field(description="what came to nothing, and why")
    ranking: list[Ranked] = Field(
        description="best first, by mean validation accuracy less its `optimism` (log loss breaks "
        "ties)"
    )
    best_of: BestOfSeveral | None = Field(
        None, description="what the first has from being first; null for one model"
    )
    score: ScoreChosenBy | None = Field(description="what orders them; null without models")
    baselines: list[Baseline] = Field(description="what needs no model, to set beside the ranking")
    rank_curves: RankCurves | None = Field(
        description="of the rarest class; null where it has a fifth of the commonest's rows or more"
    )
    votes: Votes = Field(description="what models say of some test images")
    first_rows: FirstRows = Field(description="probability vectors to compare by eye")
    exploration: Exploration | None = Field(description="a look at the images before any model")
    misclassified: Misclassified | None = Field(description="over all members")
    agreement: Agreement | None = Field(description="who misses what; null for a single member")
    pairs: list[ComparedPair] = Field(description="one entry a `[[pair]]` of the study")
    steps: list[Step] = Field(description="one entry a member but the first, in study order")
    size_pairs: list[SizePair] = Field(
        description="every two learning curves at every size that both have"
    )
    comparisons: Comparisons | None = Field(description="of every pair; null for one model")
    families: list[TestFamily] = Field(
        description="which tests were adjusted together (Holm), and how many there were; what "
        "rests on none of them is exploratory"
    )
    resolution: Resolution | None = Field(description="null for one model")
    doubts: Doubts = Field(description="images whose label the members doubt")
    leaks: Leaks | None = Field(description="test scores without repeats and doubted labels")
    decision: Decision | None = Field(description="null where no cost was measured")
    claims: list[CheckedClaim] = Field(description="one entry a `[[claim]]` of the study")
    robustness: Robustness | None = Field(description="what models make of altered images")
    nested: NestedChoice | None = Field(
        None, description="what choosing gives; null where test rows are set aside"
    )

    @property
    def what_choosing_gives(self) -> NestedChoice | None:
        """The figure to quote, where folds test the same images that several models were chosen
        by; None where test rows are set aside, and where there was nothing to choose from."""
        return self.nested if len(self.ranking) > 1 else None


class Results(ComparisonResults):
    """Everything a report says; figures and sentences are both made from it."""

    test_looks: TestSetUses = Field(description="how often test rows were looked at")
    explanations: dict[str, Explanation] | None = Field(
        description="what each member's answers rest on; null where the study leaves it out"
    )
    created: str = Field(description="when it was written; UTC, ISO 8601")
    environment: Environment = Field(description="machine and versions")
    seconds: dict[str, float] = Field(description="`total`, and what it was spent on")

    @property
    def models(self) -> dict[str, Member | Committee]:
        """Members and committees by name."""
        return {**self.members, **self.committees}
