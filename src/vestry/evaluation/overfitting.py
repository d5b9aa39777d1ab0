"""How far a network is better on the rows that it has seen, and from which epoch it only is."""

from collections.abc import Mapping, Sequence
from math import isfinite, sqrt
from typing import Any, NamedTuple, TypeGuard

from vestry.schema.analysis import EpochFigures, Overfitting
from vestry.schema.base import Number

_LEAST_RISE = 0.01
_LEAST_EPOCHS = 3
_FAR = 0.1
"""Accuracy on training rows that is so far above that on validation rows is *far* above it."""
_SURE = 1.645
"""Standard deviations above guessing that rule guessing out (one-sided, 5%)."""
_COLUMNS = ("epoch", "train_loss", "validation_loss", "train_accuracy", "validation_accuracy")


class Guessing(NamedTuple):
    """What always saying the commonest class gets right, and of how many validation rows."""

    accuracy: float
    rows: int


class _Epoch(NamedTuple):
    """A row of `history.csv`."""

    epoch: int
    train_loss: Number
    validation_loss: Number
    train_accuracy: Number | None = None
    validation_accuracy: Number | None = None


def overfitting(
    history: Mapping[str, Sequence[Number | None]] | None,
    kept: int | None = None,
    guessing: Guessing | None = None,
) -> Overfitting | None:
    """Where validation loss is lowest, from where it has risen for good, and the gap at the end.

    history: columns of `history.csv`. kept: the epoch whose weights were kept; None for the last.
    guessing: None where it is not known. None without epochs or without both losses.

    Validation loss *rises for good* from the first epoch after the lowest from which it stays at
    least 1% above its lowest until the end. That is called overfitting (`rises_from`, else None)
    only where it lasts three epochs or more and training loss fell on meanwhile: a single bad
    epoch, or a training that goes wrong on its own rows too, is not.
    """
    epochs = _complete_epochs(history or {})
    if not epochs:
        return None
    lowest, last = min(epochs, key=lambda row: row.validation_loss), epochs[-1]
    at_kept = next((row for row in epochs if row.epoch == kept), last)
    return Overfitting(
        epochs=len(epochs),
        lowest_epoch=lowest.epoch,
        last_epoch=last.epoch,
        rises_from=_rises_from(epochs, lowest),
        at_lowest=_figures(lowest),
        at_last=_figures(last),
        kept_epoch=at_kept.epoch,
        at_kept=_figures(at_kept),
        far_above=(_figures(at_kept).accuracy_gap or 0.0) >= _FAR,
        guessing=guessing.accuracy if guessing else None,
        no_better_than_guessing=_guesses(at_kept, guessing),
    )


def _guesses(row: _Epoch, guessing: Guessing | None) -> bool:
    accuracy = row.validation_accuracy
    if not guessing or not guessing.rows or accuracy is None or not isfinite(accuracy):
        return False
    chance = guessing.accuracy
    deviation = sqrt(chance * (1 - chance) / guessing.rows)
    return bool(accuracy <= chance + _SURE * deviation)


def _complete_epochs(history: Mapping[str, Sequence[Number | None]]) -> list[_Epoch]:
    """One row an epoch; those without both losses are left out."""
    given = [name for name in _COLUMNS if history.get(name)]
    rows = [
        dict(zip(given, values, strict=True))
        for values in zip(*(history[name] for name in given), strict=True)
    ]
    return [_Epoch(**row) for row in rows if all(map(_is_number, map(row.get, _COLUMNS[:3])))]


def _is_number(value: Any) -> TypeGuard[Number]:
    return value is not None and isfinite(value)


def _rises_from(epochs: list[_Epoch], lowest: _Epoch) -> int | None:
    limit = lowest.validation_loss * (1 + _LEAST_RISE)
    tail: list[_Epoch] = []
    for row in reversed(epochs):
        if row.epoch <= lowest.epoch or row.validation_loss < limit:
            break
        tail.append(row)
    falls = epochs[-1].train_loss < lowest.train_loss
    return tail[-1].epoch if len(tail) >= _LEAST_EPOCHS and falls else None


def _figures(row: _Epoch) -> EpochFigures:
    """Both accuracies where both are known."""
    train, validation = row.train_accuracy, row.validation_accuracy
    losses = {"train_loss": row.train_loss, "validation_loss": row.validation_loss}
    if not (_is_number(train) and _is_number(validation)):
        unknown = dict.fromkeys(("train_accuracy", "validation_accuracy", "accuracy_gap"))
        return EpochFigures(**losses, **unknown)
    return EpochFigures(
        **losses,
        train_accuracy=train,
        validation_accuracy=validation,
        accuracy_gap=train - validation,
    )
