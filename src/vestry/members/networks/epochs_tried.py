"""Which validation rows each epoch was right on, where early stopping takes the best of them."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vestry.members.networks.settings import EarlyStopping
from vestry.storage.tried import Tried

_MEANS = ("val_loss", "val_accuracy")


class EpochsTried:
    """Keeps nothing where no epoch is chosen (without early stopping, or where the last is kept),
    nor where what is followed is neither the mean of losses nor that of right answers."""

    def __init__(self, stopping: EarlyStopping | None, labels: Tensor) -> None:
        chosen = stopping and stopping.restore_best and stopping.monitor in _MEANS and len(labels)
        self.stopping = stopping if chosen else None
        self.labels = labels
        self.right: list[NDArray[np.bool_]] = []
        self.loss: list[NDArray[np.floating]] = []

    def add(self, log_probabilities: Tensor) -> None:
        """Of the epoch that has just been validated: (n, classes)."""
        if self.stopping is None:
            return
        self.right.append((log_probabilities.argmax(1) == self.labels).numpy())
        if self.stopping.monitor == "val_loss":
            own = log_probabilities.gather(1, self.labels[:, None])[:, 0]
            self.loss.append(-own.numpy())

    def tried(self, best_epoch: int) -> Tried | None:
        """best_epoch: the one whose weights were kept, from 1."""
        if self.stopping is None or not self.right:
            return None
        return Tried.of(self.right, self.loss or None, best_epoch - 1, self.stopping.min_delta)

    # What a checkpoint holds of it.

    def tensors(self) -> dict[str, Tensor]:
        found: dict[str, NDArray[Any]] = {
            "right": np.array(self.right),
            "loss": np.array(self.loss),
        }
        return {name: torch.from_numpy(each) for name, each in found.items() if len(each)}

    def restore(self, tensors: dict[str, Tensor], epochs: int) -> None:
        """Of so many epochs; ValueError where it is of others, or of other rows."""
        shape = (epochs, len(self.labels))
        wanted = {name for name in self._kept() if epochs}
        if tensors.keys() != wanted or any(each.shape != shape for each in tensors.values()):
            raise ValueError(f"{sorted(tensors)} are not of {epochs} epochs and {shape[1]} rows")
        if wanted:
            self.right = list(tensors["right"].numpy().astype(bool))
            self.loss = list(tensors["loss"].numpy()) if "loss" in tensors else []

    def _kept(self) -> tuple[str, ...]:
        if self.stopping is None:
            return ()
        return ("right", "loss") if self.stopping.monitor == "val_loss" else ("right",)
