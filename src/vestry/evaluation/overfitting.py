"""From which epoch a network only gets better on the rows that it has seen."""

from collections.abc import Mapping, Sequence
from math import isfinite
from typing import Any

Results = dict[str, Any]
LEAST_RISE = 0.01
LEAST_EPOCHS = 3


def overfitting(history: Mapping[str, Sequence[float]] | None) -> Results | None:
    """Where validation loss is lowest, from where it has risen for good, and the gap at the end.

    history: columns of `history.csv`. None without epochs or without both losses.

    Validation loss *rises for good* from the first epoch after the lowest from which it stays at
    least 1% above its lowest until the end. That is called overfitting (`rises_from`, else None)
    only where it lasts three epochs or more and training loss fell on meanwhile: a single bad
    epoch, or a training that goes wrong on its own rows too, is not.
    """
    epochs = complete_epochs(history or {})
    if not epochs:
        return None
    lowest, last = min(epochs, key=lambda row: float(row["validation_loss"])), epochs[-1]
    return {
        "epochs": len(epochs),
        "lowest_epoch": lowest["epoch"],
        "last_epoch": last["epoch"],
        "rises_from": rises_from(epochs, lowest),
        "at_lowest": figures(lowest),
        "at_last": figures(last),
    }


def complete_epochs(history: Mapping[str, Sequence[float]]) -> list[Results]:
    """One row an epoch; those without both losses are left out."""
    columns = ("epoch", "train_loss", "validation_loss", "train_accuracy", "validation_accuracy")
    given = [name for name in columns if history.get(name)]
    rows = [
        dict(zip(given, values, strict=True))
        for values in zip(*(history[name] for name in given), strict=True)
    ]
    return [row for row in rows if all(is_number(row.get(name)) for name in columns[:3])]


def is_number(value: Any) -> bool:
    return value is not None and isfinite(value)


def rises_from(epochs: list[Results], lowest: Results) -> int | None:
    limit = lowest["validation_loss"] * (1 + LEAST_RISE)
    tail: list[Results] = []
    for row in reversed(epochs):
        if row["epoch"] <= lowest["epoch"] or row["validation_loss"] < limit:
            break
        tail.append(row)
    falls = epochs[-1]["train_loss"] < lowest["train_loss"]
    return int(tail[-1]["epoch"]) if len(tail) >= LEAST_EPOCHS and falls else None


def figures(row: Results) -> Results:
    """Losses and accuracies of one epoch, and how far training is ahead of validation."""
    train, validation = row.get("train_accuracy"), row.get("validation_accuracy")
    known = is_number(train) and is_number(validation)
    return {
        "train_loss": row["train_loss"],
        "validation_loss": row["validation_loss"],
        "train_accuracy": train if known else None,
        "validation_accuracy": validation if known else None,
        "accuracy_gap": train - validation if known else None,  # type: ignore[operator]
    }
