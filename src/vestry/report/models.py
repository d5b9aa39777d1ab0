"""The models of a run - members and committees alike - as the page names and orders them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from vestry.report.formatting import counted
from vestry.schema.base import Interval, OnSplits, Spread
from vestry.schema.confidence import Abstention, Calibration, Conformal
from vestry.schema.cost import Cost
from vestry.schema.decision import ScoreChosenBy
from vestry.schema.models import Committee, Member
from vestry.schema.results import Results
from vestry.schema.run_comparison import RankedOfRuns
from vestry.schema.scores import Mistakes
from vestry.schema.significance import BesideFirst, Ranked
from vestry.schema.training import History


@dataclass(frozen=True)
class Model:
    """One member or committee.

    rank: its place in the page's order, from 1, which is that of validation.
    series: its place in the study, which gives it the same colour in every figure.
    place: the rank as it is shown, "1=" where others have the same validation figures.
    on_test: what the test images say of it beside the first; None for the first.
    ordered_by, by_score: the score that orders the models, and its figures; None where that is the
    accuracy.
    """

    name: str
    entry: Member | Committee
    rank: int
    series: int
    place: str = ""
    on_test: BesideFirst | None = None
    ordered_by: ScoreChosenBy | None = None
    by_score: OnSplits[float] | None = None

    @property
    def is_committee(self) -> bool:
        return isinstance(self.entry, Committee)

    @property
    def member(self) -> Member | None:
        return self.entry if isinstance(self.entry, Member) else None

    @property
    def history(self) -> History:
        """Columns by name; empty without epochs."""
        return (self.member.history if self.member else None) or {}

    @property
    def mark(self) -> str | None:
        """ "ahead", "behind", "level" or "unknown"; None where `on_test` is."""
        return self.on_test.mark if self.on_test else None

    @property
    def anchor(self) -> str:
        """A name for HTML ids; the user's name could hold anything."""
        return f"m{self.series}"

    @property
    def slug(self) -> str:
        """A name for files: as much of the user's as any system takes, and its place."""
        plain = re.sub(r"[^a-z0-9]+", "-", self.name.lower())[:40].strip("-")
        return f"{plain}-{self.anchor}" if plain else self.anchor

    @property
    def of_seed(self) -> str:
        """Behind its name where a figure is of its first seed alone; empty where it has one."""
        seeds = len(self.entry.seeds)
        return f" (the first of its {seeds} seeds)" if seeds > 1 else ""

    def is_level_with(self, other: "Model") -> bool:
        """Whether both have the same validation figures."""
        return self.place == other.place and self.place.endswith("=")

    def score(self, split: str, score: str) -> float | None:
        return self.entry.scores.on(split).numbers.get(score)

    def accuracy(self, split: str) -> float:
        return self.entry.scores.on(split).accuracy

    def central_accuracy(self, split: str) -> float:
        """The mean over seeds where there are several; of validation rows less what is due to
        choices that the same rows made."""
        if split == "validation":
            return self.entry.corrected_accuracy
        return self.entry.central(split, "accuracy")

    def interval(self, split: str) -> Interval:
        return self.entry.accuracy_interval(split)

    @property
    def reported(self) -> dict[str, float]:
        return self.entry.reported

    @property
    def mistakes(self) -> Mistakes:
        return self.entry.mistakes

    @property
    def cost(self) -> Cost | None:
        return self.entry.cost

    @property
    def only_labels(self) -> bool:
        """Whether it gave labels alone, so that nothing is known of how sure it was."""
        return self.entry.calibration is None or self.entry.abstention is None

    @property
    def calibration(self) -> Calibration:
        if self.entry.calibration is None:
            raise ValueError(f"{self.name} gave labels alone")
        return self.entry.calibration

    @property
    def abstention(self) -> Abstention:
        if self.entry.abstention is None:
            raise ValueError(f"{self.name} gave labels alone")
        return self.entry.abstention

    @property
    def conformal(self) -> Conformal:
        if self.entry.conformal is None:
            raise ValueError(f"{self.name} gave labels alone")
        return self.entry.conformal

    @property
    def latency(self) -> float | None:
        """Milliseconds of one image at the median; None where it was not measured."""
        return self.cost.latency.median_ms if self.cost and self.cost.latency else None

    @property
    def size(self) -> int | None:
        """Bytes of the files that predicting needs; None where that was not measured."""
        return self.cost.bytes if self.cost else None

    def over_seeds(self, split: str, score: str) -> Spread | None:
        """Of a score, or None where one seed was fitted."""
        return self.entry.spread(split, score)


@dataclass(frozen=True)
class ChosenOn:
    """The images that models are chosen by, in words. can_fold: whether folds would make every
    training image one of them, and do not yet."""

    noun: str
    mark: str
    can_fold: bool

    @property
    def images(self) -> str:
        """ "validation images"."""
        return f"{self.noun}s{self.mark}"

    @property
    def in_short(self) -> str:
        """ "on validation images", "out-of-fold": where there is little room."""
        return self.mark.strip(" ()") or f"on {self.images}"

    def counted(self, count: int) -> str:
        """ "100 validation images", "400 training images (out-of-fold)"."""
        return f"{counted(count, self.noun)}{self.mark}"


def chosen_on(results: Results) -> ChosenOn:
    if results.data.chosen_by:
        return ChosenOn("training image", " (out-of-fold)", can_fold=False)
    return ChosenOn("validation image", "", can_fold=not tables_alone(results))


def tables_alone(results: Results) -> bool:
    """Whether tables were judged, so that neither images nor models are at hand."""
    return results.data.image_shape is None


def models_in_study_order(results: Results) -> list[Model]:
    """Members as the study lists them, then committees."""
    rows = {row.name: (place, row) for place, row in enumerate(results.ranking, 1)}
    entries: dict[str, Member | Committee] = {**results.members, **results.committees}
    return [
        Model(
            name,
            entry,
            place,
            series,
            shown_rank(row, results.ranking),
            row.on_test,
            *_by_score(results.score, row),
        )
        for series, (name, entry) in enumerate(entries.items())
        for place, row in [rows[name]]
    ]


def _by_score(
    score: ScoreChosenBy | None, row: Ranked
) -> tuple[ScoreChosenBy | None, OnSplits[float] | None]:
    if score is None or score.name == "accuracy":
        return None, None
    if row.validation_score is None or row.test_score is None:
        return None, None
    return score, OnSplits(validation=row.validation_score, test=row.test_score)


def unsure(models: Sequence[Model]) -> list[Model]:
    """Those that gave probabilities, so that it can be asked whether they are kept."""
    return [model for model in models if not model.only_labels]


def shown_rank(row: Ranked | RankedOfRuns, rows: Sequence[Ranked] | Sequence[RankedOfRuns]) -> str:
    """ "3", or "3=" where others have the same validation figures."""
    return f"{row.rank}=" if sum(other.rank == row.rank for other in rows) > 1 else str(row.rank)


def models_by_rank(results: Results) -> list[Model]:
    return sorted(models_in_study_order(results), key=lambda model: model.rank)


def main_model(results: Results) -> Model | None:
    """The one that the page speaks of first: the recommended, else the best by validation."""
    taken = results.decision.recommended if results.decision else None
    ranked = models_by_rank(results)
    return next((model for model in ranked if model.name == taken), ranked[0] if ranked else None)


def unsure_main_first(results: Results) -> list[Model]:
    """Those that gave probabilities, by rank, the main one before all others."""
    main = main_model(results)
    ranked = unsure(models_by_rank(results))
    return sorted(ranked, key=lambda model: main is None or model.name != main.name)
