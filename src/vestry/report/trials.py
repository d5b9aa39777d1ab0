"""A member's search as the page reads it: what was varied, every trial, and the best."""

from dataclasses import dataclass
from typing import Any

from vestry.predictions.scores import SCORES, Score
from vestry.report.formatting import decimal, per_cent, whole
from vestry.report.models import Model

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
class Trial:
    """`number` counts from 1, as a reader does; `score` is one of validation rows."""

    number: int
    state: str
    values: dict[str, Any]
    score: float | None
    loss: float | None
    epochs: int | None
    seconds: float | None
    reason: str | None


@dataclass(frozen=True)
class Search:
    """facts: what `results.json` says of the search as a whole."""

    model: Model
    facts: dict[str, Any]
    parameters: list[Parameter]
    trials: list[Trial]
    best: Trial | None

    @property
    def score_name(self) -> str:
        return self._score.words

    @property
    def lower_is_better(self) -> bool:
        return self._score.better == "lower"

    @property
    def _score(self) -> Score:
        return SCORES[self.facts.get("score") or "accuracy"]

    @property
    def complete(self) -> list[Trial]:
        """Trials that ran to their end, best first."""
        ended = [t for t in self.trials if t.state == COMPLETE and t.score is not None]
        sign = 1 if self.lower_is_better else -1
        return sorted(ended, key=lambda trial: (sign * (trial.score or 0.0), trial.number))

    def count(self, state: str) -> int:
        return sum(trial.state == state for trial in self.trials)

    def shown(self, score: float | None) -> str:
        return per_cent(score) if self._score.is_share else decimal(score)


def searches(members: list[Model]) -> list[Search]:
    return [_search_of(m, m.entry["search"]) for m in members if m.entry.get("search")]


def _search_of(model: Model, facts: dict[str, Any]) -> Search:
    trials = [_trial(row) for row in facts.get("trials") or []]
    best = (facts.get("best") or {}).get("number")
    return Search(
        model=model,
        facts=facts,
        parameters=[_parameter(key, ways) for key, ways in (facts.get("space") or {}).items()],
        trials=sorted(trials, key=lambda t: t.number),
        best=next((t for t in trials if best is not None and t.number == best + 1), None),
    )


def _parameter(key: str, ways: dict[str, Any]) -> Parameter:
    if "between" in ways:
        low, high = ways["between"]
        return Parameter(key, None, low, high, bool(ways.get("log")))
    choices = list(ways["choose"])
    return Parameter(key, sorted(choices) if all(map(_is_number, choices)) else choices)


def _trial(row: dict[str, Any]) -> Trial:
    return Trial(
        number=row["number"] + 1,
        state=row["state"],
        values=row.get("values") or {},
        score=row.get("score"),
        loss=row.get("validation_loss"),
        epochs=row.get("epochs_run"),
        seconds=row.get("seconds"),
        reason=row.get("reason"),
    )


def _is_number(value: Any) -> bool:
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
