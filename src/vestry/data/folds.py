"""Folds of a whole study: every training row is predicted by models that have not seen it."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vestry.data.image_set import ImageSet
from vestry.data.split import Rows, divide_rows
from vestry.data.subset import Fold, NestedFold

BELOW = 2_000
"""Training rows below which a study without `validation` chooses by folds: a fifth of fewer is too
few to choose by, and so many fits are cheap."""


class Folds(BaseModel):
    """`validation = { folds = 5 }`: no rows are set aside to choose by.

    folds: equal parts of the training rows, each class with its share, each held out once;
    repeats: how often they are drawn anew. inner: the fraction of what a fold learns from that
    is set aside in it where early stopping or a search needs rows to go by.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    folds: Annotated[int, Field(ge=2, le=100, strict=True)]
    repeats: Annotated[int, Field(ge=1, le=20, strict=True)] = 1
    inner: Annotated[float, Field(gt=0, lt=1)] = 0.2


FIVE = Folds(folds=5)


class TestFolds(BaseModel):
    """`test = { folds = 5 }`: no rows are set aside to test on; each is tested on once, by models
    that neither learnt from it nor were chosen by it."""

    __test__ = False  # for pytest, which takes it for a test
    model_config = ConfigDict(extra="forbid", frozen=True)

    folds: Annotated[int, Field(ge=2, le=100, strict=True)]


class Inner(BaseModel):
    """Rows set aside of those that a fit gets, to stop or to search by; JSON-able."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fraction: float
    seed: int

    def rows(self, rows: ImageSet) -> tuple[Rows, Rows]:
        """Which rows are learnt from and which are set aside: at least one, each class in its
        share, no group on both sides."""
        size = max(1, round(self.fraction * len(rows)))
        taken, left = divide_rows(rows, size, "random", self.seed)
        return left, taken


@dataclass(frozen=True)
class StudyFolds:
    """The folds of one study's training rows.

    seed: they are drawn with. tests: how many folds test, where no rows are set aside for that.
    """

    settings: Folds
    seed: int
    tests: int | None = None

    @property
    def inner(self) -> Inner:
        return Inner(fraction=self.settings.inner, seed=self.seed)

    @property
    def answered(self) -> tuple[Literal["validation", "test"], ...]:
        """Splits of which each row is answered by a model of some fold."""
        return ("validation", "test") if self.tests else ("validation",)

    @property
    def share(self) -> float:
        """Of all training rows, what each fold's models get."""
        return 1 - 1 / self.settings.folds

    def parts(self) -> list[Fold]:
        """Every fold of every repeat, in order."""
        return [
            Fold(number=n, of=self.settings.folds, stratified=True, seed=self.seed + repeat)
            for repeat in range(self.settings.repeats)
            for n in range(1, self.settings.folds + 1)
        ]

    def outer(self) -> list[Fold]:
        """The folds that test, in order; none where rows are set aside. Drawn as those that choose
        are, so that as many are the same ones, whose fits serve for both."""
        count = self.tests or 0
        return [
            Fold(number=n, of=count, stratified=True, seed=self.seed) for n in range(1, count + 1)
        ]

    def nested(self) -> list[list[NestedFold]]:
        """For each fold that tests, those of its other rows that something is chosen by there."""
        count = self.settings.folds
        return [
            [
                NestedFold(
                    outer=outer,
                    inner=Fold(number=n, of=count, stratified=True, seed=self.seed),
                )
                for n in range(1, count + 1)
            ]
            for outer in self.outer()
        ]

    def every(self) -> list[Fold | NestedFold]:
        """Every part that a model is fitted on, each once, those that it is chosen by first."""
        nested = [part for parts in self.nested() for part in parts]
        return list(dict.fromkeys([*self.parts(), *self.outer(), *nested]))

    def check(self, rows: ImageSet) -> None:
        """Raise DataError where there are too few rows or groups for so many folds."""
        for part in self.every():
            learnt, _ = part.rows(rows.labels, rows.groups)
            self.inner.rows(rows.rows(learnt))

    def rules(self, rows: int) -> list[str]:
        """How the parts of `rows` training rows came about, as a split's words."""
        drawn = f"{self.words()} drawn at random by class (seed {self.seed})"
        return [
            f"training: all {rows:,} rows, none of them set aside",
            f"validation: out-of-fold predictions of all {rows:,} training rows, {drawn}",
            *([f"test: all {rows:,} rows, each once, {self.tested()}"] if self.tests else ()),
        ]

    def test_words(self) -> str | None:
        """ "5 nested folds"; None where rows are set aside."""
        return f"{self.tests} nested folds" if self.tests else None

    def tested(self) -> str:
        """ "in 5 nested folds, by models that neither learnt from it nor were chosen by it"."""
        return (
            f"in {self.test_words()}, by models that neither learnt from it nor were chosen by it"
        )

    def choice(self, rows: int) -> str:
        """ "chosen by 5 folds of all 500 training images"."""
        return f"chosen by {self.words()} of all {rows:,} training images"

    def words(self) -> str:
        """ "5 folds", "5 folds, drawn 3 times"."""
        again = f", drawn {self.settings.repeats} times" if self.settings.repeats > 1 else ""
        return f"{self.settings.folds} folds{again}"
