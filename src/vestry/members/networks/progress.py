"""Where training stands after a whole epoch, and what is told of it meanwhile."""

import time
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter
from torch import Tensor

from vestry.members.networks.stopping import Stopper


def progress_of(state: dict[str, Any], epochs: int) -> "Progress":
    """As a checkpoint holds it; ValueError where it is none of a fit of so many epochs."""
    found = TypeAdapter(Progress).validate_python(state)
    whole = 0 <= found.stopper.best_epoch <= found.epoch == len(found.history) <= epochs
    if not whole:
        raise ValueError(f"{found.epoch} epochs, {len(found.history)} with figures, of {epochs}")
    return found


@dataclass
class Progress:
    """A checkpoint holds all of it."""

    epoch: int = 0
    history: list[dict[str, float]] = field(default_factory=list)
    stopper: Stopper = field(default_factory=Stopper)
    seconds: float = 0.0

    def epoch_event(self, row: dict[str, float], epochs: int) -> dict[str, Any]:
        """row: the epoch's figures. epochs: of the whole training."""
        return {
            "event": "epoch",
            "epochs": epochs,
            "seconds_left": round((epochs - self.epoch) * self.seconds / self.epoch, 1),
            **row,
        }

    def step_event(
        self, seen: Tensor, labels: Tensor, started: float, epochs: int
    ) -> dict[str, Any]:
        """Within an epoch; the loss is the mean over its images so far.

        seen: (done, classes) log probabilities. labels: (rows,) of the epoch's order. started: by
        the monotonic clock.
        """
        done, rows = len(seen), len(labels)
        speed = done / (time.monotonic() - started)
        rest = (epochs - self.epoch) * rows - done
        return {
            "event": "step",
            "epoch": self.epoch + 1,
            "epochs": epochs,
            "part": done / rows,
            "images_per_second": round(speed, 1),
            "train_loss": -float(seen.gather(1, labels[:done, None]).mean()),
            "seconds_left": round(rest / speed, 1),
        }
