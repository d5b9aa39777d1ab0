"""Grouped bars: several scores of each model on one scale from 0 to 100%."""

from dataclasses import dataclass

from vestry.report.models import Model

_SCORES = (
    ("accuracy", "accuracy"),
    ("precision_macro", "precision"),
    ("recall_macro", "recall"),
    ("f1_macro", "F1"),
)


@dataclass(frozen=True)
class Bar:
    """A score of the test images, as a share; `interval` where it has one."""

    name: str
    value: float
    interval: tuple[float, float] | None
    style: str


@dataclass(frozen=True)
class Group:
    """All bars of one model."""

    name: str
    is_committee: bool
    bars: list[Bar]


def bar_groups(models: list[Model]) -> list[Group]:
    return [Group(model.name, model.is_committee, _bars(model)) for model in models]


def _bars(model: Model) -> list[Bar]:
    """Accuracy with its interval, then macro precision, recall and F1."""
    found = []
    for number, (score, name) in enumerate(_SCORES):
        value = model.score("test", score)
        if value is not None:
            interval = model.interval("test") if score == "accuracy" else None
            found.append(Bar(name, value, interval, f"bar{number}"))
    return found
