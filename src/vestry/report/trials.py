"""A member's search as the page reads it: what was varied, every trial, and the best."""

from dataclasses import dataclass
from typing import Any

from vestry.predictions.scores import SCORES, Score
from vestry.report.formatting import decimal, per_cent, whole
from vestry.report.models import Model
from vestry.schema import search as schema
from vestry.schema.search import SearchRange, Trial

COMPLETE, PRUNED, FAILED = "complete", "pruned", "failed"


@dataclass(frozen=True)
class Parameter:
    """One value of a member that a search may set.

    choices: what it may be, numbers in rising order, or None where it is any number from `low`
    to `high`; log: whether such a number was drawn by its logarithm.
    """

    key: str
    choices: list[Any] | None
    low: float = 0.0
    high: float = 1.0
    log: bool = False

    @property
    def name(self) -> str:
        """ "layers #1.conv" as "layer 1 conv"."""
        plain = self.key.replace("layers #", "layer ").replace("#", "")
        return " ".join(plain.replace(".", " ").replace("_", " ").split())

    @property
    def allowed(self) -> str:
        if self.choices is not None:
            return ", ".join(value_text(choice) for choice in self.choices)
        scale = ", by its logarithm" if self.log else ""
        return f"{value_text(self.low)} to {value_text(self.high)}{scale}"


@dataclass(frozen=True)
class Search:
    """facts: what the results say of the search as a whole."""

    model: Model
    facts: schema.Search
    parameters: list[Parameter]
    trials: list[Trial]
    best: Trial

    @property
    def score_name(self) -> str:
        return self._score.words

    @property
    def lower_is_better(self) -> bool:
        return self._score.better == "lower"

    @property
    def _score(self) -> Score:
        return SCORES[self.facts.score]

    @property
    def complete(self) -> list[Trial]:
        """Trials that ran to their end, best first."""
        ended = [t for t in self.trials if t.state == COMPLETE and t.score is not None]
        sign = self._score.sign
        return sorted(ended, key=lambda trial: (-sign * (trial.score or 0.0), trial.number))

    def count(self, state: str) -> int:
        return sum(trial.state == state for trial in self.trials)

    def shown(self, score: float | None) -> str:
        return per_cent(score) if self._score.is_share else decimal(score)


def searches(members: list[Model]) -> list[Search]:
    return [
        _search_of(model, model.member.search)
        for model in members
        if model.member and model.member.search
    ]


def _search_of(model: Model, facts: schema.Search) -> Search:
    trials = sorted(facts.trials, key=lambda trial: trial.number)
    return Search(
        model=model,
        facts=facts,
        parameters=[_parameter(key, ways) for key, ways in facts.space.items()],
        trials=trials,
        best=next(trial for trial in trials if trial.number == facts.best.number),
    )


def _parameter(key: str, ways: SearchRange) -> Parameter:
    if ways.between is not None:
        return Parameter(key, None, *ways.between, bool(ways.log))
    choices = list(ways.choose or [])
    return Parameter(key, sorted(choices) if all(map(is_number, choices)) else choices)


def shown_number(trial: Trial) -> int:
    """Counted from 1, as a reader does."""
    return trial.number + 1


def is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_text(value: Any) -> str:
    """A value of a study file in as few signs as tell it from its neighbours."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return whole(value) if value >= 0 else str(value)
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, list):
        return " × ".join(value_text(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {value_text(part)}" for key, part in value.items())
    return str(value)
