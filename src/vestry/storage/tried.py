"""What was tried on the validation rows before one was taken: epochs of a network, trials of a
search. Kept beside the model, so that what the choice flatters can be said.
"""

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.errors import DamagedError
from vestry.storage.array_damage import ARRAY_DAMAGE
from vestry.storage.run_folder import write_arrays

EPOCHS, TRIALS = "validation_epochs.npz", "validation_trials.npz"
_LOSS = np.dtype(np.float16)
"""Losses of single rows need no more digits: they are only averaged, to choose by."""
_LARGEST = float(np.finfo(_LOSS).max)

Rows = NDArray[np.bool_]
Losses = NDArray[np.floating]


@dataclass(frozen=True, eq=False)
class Tried:
    """What was chosen among, on the rows that chose.

    right: (rows, candidates) whether each is right on each row, in the order in which they were
    tried. taken: the column of the one that was. loss: (rows, candidates) log loss in nats, where
    the least mean of it chose; None where accuracy did. min_delta: a later one was taken only where
    its mean was better by more than this.
    """

    right: Rows
    taken: int
    loss: Losses | None = None
    min_delta: float = 0.0

    @classmethod
    def of(
        cls,
        right: Sequence[Rows],
        loss: Sequence[Losses] | None,
        taken: int,
        min_delta: float = 0.0,
    ) -> "Tried":
        """right, loss: (rows,) of each candidate, one or more."""
        losses = None if loss is None else np.minimum(np.stack(loss, 1), _LARGEST).astype(_LOSS)
        return cls(np.stack(right, 1), taken, losses, min_delta)

    def alone(self) -> "Tried":
        """The one that was taken, as if nothing else had been tried."""
        own = [self.taken]
        return Tried(self.right[:, own], 0, None if self.loss is None else self.loss[:, own])

    def save(self, path: Path) -> None:
        write_arrays(path, _arrays(self))


def load_tried(path: Path) -> Tried | None:
    """None where there is no such file, because nothing was chosen."""
    if not path.is_file():
        return None
    with _opened(path) as file:
        return _tried(file)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[Any]:
    """Raises DamagedError where the file cannot be read."""
    try:
        with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            yield file
    except ARRAY_DAMAGE as error:
        raise DamagedError(f"{path} is damaged ({error}); remove it and run again") from None


def _arrays(tried: Tried) -> dict[str, Any]:
    return {
        "right": np.packbits(tried.right, axis=0),
        "rows": np.array(len(tried.right)),
        "taken": np.array(tried.taken),
        "min_delta": np.array(tried.min_delta),
    } | ({} if tried.loss is None else {"loss": tried.loss})


def _tried(file: Any) -> Tried:
    packed, rows, taken = file["right"], int(file["rows"]), int(file["taken"])
    if packed.ndim != 2 or not 0 <= rows <= 8 * len(packed) or not 0 <= taken < packed.shape[1]:
        raise ValueError(f"{rows} rows and candidate {taken} of {packed.shape} bytes")
    right = np.unpackbits(packed, axis=0, count=rows).astype(bool)
    return Tried(right, taken, file.get("loss"), float(file["min_delta"]))


# The trials of a search, each of which may have been chosen among epochs of its own.


@dataclass(frozen=True, eq=False)
class TriedTrials:
    """each: a trial's epochs, or its one result. taken: the place of the one that was. by_loss:
    whether the least mean log loss chose among trials; else accuracy did."""

    each: Sequence[Tried]
    taken: int
    by_loss: bool

    @classmethod
    def of(cls, each: Sequence[Tried], taken: int, by_loss: bool) -> "TriedTrials":
        """Trials that were not all chosen in the same way count by their end alone."""
        ways = {(trial.loss is None, trial.min_delta) for trial in each}
        if len(ways) > 1 or (by_loss and each[0].loss is None):
            each = [trial.alone() for trial in each]
        return cls(each, taken, by_loss)

    def save(self, path: Path) -> None:
        whole = Tried(
            np.concatenate([trial.right for trial in self.each], axis=1),
            self.taken,
            _beside([trial.loss for trial in self.each]),
            self.each[0].min_delta,
        )
        counts = np.array([trial.right.shape[1] for trial in self.each])
        ends = np.array([trial.taken for trial in self.each])
        own = {"counts": counts, "ends": ends, "by_loss": np.array(self.by_loss)}
        write_arrays(path, _arrays(whole) | own)


def _beside(losses: Sequence[Losses | None]) -> Losses | None:
    known = [loss for loss in losses if loss is not None]
    return np.concatenate(known, axis=1) if len(known) == len(losses) else None


def load_tried_trials(path: Path) -> TriedTrials | None:
    """None where there is no such file, because nothing was searched for."""
    if not path.is_file():
        return None
    with _opened(path) as file:
        whole, ends, by_loss = _tried(file), file["ends"], bool(file["by_loss"])
        ends_at = np.cumsum(file["counts"])
    starts = [0, *ends_at[:-1].tolist()]
    parts = [slice(*edges) for edges in zip(starts, ends_at.tolist(), strict=True)]
    each = [
        Tried(
            whole.right[:, part],
            int(end),
            None if whole.loss is None else whole.loss[:, part],
            whole.min_delta,
        )
        for part, end in zip(parts, ends, strict=True)
    ]
    return TriedTrials(each, whole.taken, by_loss)
