"""When to stop training, and which epoch's weights to keep."""

from dataclasses import dataclass

from vestry.members.networks.training import EarlyStopping


@dataclass
class Stopper:
    """Follows the monitored figure; JSON-able through `vars`, so that a checkpoint can hold it."""

    best: float | None = None
    best_epoch: int = 0
    waited: int = 0

    def improved(self, settings: EarlyStopping, epoch: int, row: dict[str, float]) -> bool:
        """Take the figures of an epoch (counted from 1); say whether they are the best so far."""
        value = (
            row["validation_loss"]
            if settings.monitor == "val_loss"
            else -row["validation_accuracy"]
        )
        if self.best is None or value < self.best - settings.min_delta:
            self.best, self.best_epoch, self.waited = value, epoch, 0
            return True
        self.waited += 1
        return False

    def stops(self, settings: EarlyStopping) -> bool:
        return self.waited >= settings.patience
