"""What was tried on the validation rows before one was taken: epochs of a network, trials of a
search. Kept beside the model, so that what the choice flatters can be said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.storage.run_folder import write_arrays

EPOCHS, TRIALS = "validation_epochs.npz", "validation_trials.npz"
LOSS = np.dtype(np.float16)
"""Losses of single rows need no more digits: they are only averaged, to choose by."""
_LARGEST = float(np.finfo(LOSS).max)


@dataclass(frozen=True, eq=False)
class Tried:
    """What was chosen among, on the rows that chose.

    right: (rows, candidates) whether each is right on each row; in the order in which they were
    tried. taken: the column of the one that was taken. loss: (rows, candidates) log loss in nats,
    where the least mean of it chose; None where accuracy did. min_delta: a later one was taken only
    where its mean was better by more than this.
    """

    right: NDArray[np.bool_]
    taken: int
    loss: NDArray[np.float16] | None = None
    min_delta: float = 0.0

    @classmethod
    def of(
        cls,
        right: Sequence[NDArray[np.bool_]],
        loss: Sequence[NDArray[np.floating]] | None,
        taken: int,
        min_delta: float = 0.0,
    ) -> "Tried":
        """right, loss: (rows,) of each candidate, one or more."""
        losses = _columns(loss) if loss is not None else None
        return cls(np.stack(right, 1), taken, losses, min_delta)

    def save(self, path: Path) -> None:
        losses = {} if self.loss is None else {"loss": self.loss}
        write_arrays(
            path,
            {
                "right": np.packbits(self.right, axis=0),
                "rows": np.array(len(self.right)),
                "taken": np.array(self.taken),
                "min_delta": np.array(self.min_delta),
                **losses,
            },
        )


def _columns(loss: Sequence[NDArray[np.floating]]) -> NDArray[np.float16]:
    return np.stack([np.minimum(each, _LARGEST) for each in loss], 1).astype(LOSS)


def load_tried(path: Path) -> Tried | None:
    """None where there is no such file, because nothing was chosen."""
    if not path.is_file():
        return None
    with np.load(path, allow_pickle=False) as file:
        right = np.unpackbits(file["right"], axis=0, count=int(file["rows"])).astype(bool)
        loss = file.get("loss")
        return Tried(right, int(file["taken"]), loss, float(file["min_delta"]))
