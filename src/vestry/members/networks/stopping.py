"""Early stopping: the monitored figure, epoch by epoch."""

from dataclasses import dataclass

from vestry.members.networks.settings import EarlyStopping


@dataclass
class Stopper:
    """Follows the monitored figure; JSON-able through `vars`, so that a checkpoint can hold it."""

    best: float | None = None
    best_epoch: int = 0
    epochs_without_improvement: int = 0

    def improved(self, settings: EarlyStopping, epoch: int, value: float) -> bool:
        """Take the figure of an epoch (counted from 1), of which less is better; say whether it is
        the best so far."""
        if self.best is None or value < self.best - settings.min_delta:
            self.best, self.best_epoch = value, epoch
            self.epochs_without_improvement = 0
            return True
        self.epochs_without_improvement += 1
        return False

    def stops(self, settings: EarlyStopping) -> bool:
        return self.epochs_without_improvement >= settings.patience
