"""How a network is trained; every default is Keras's, because the reports were made with it."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from vestry.members.networks.augmentation_settings import Augmentation
from vestry.members.networks.schedules import Schedule

OptimizerName = Literal["sgd", "adam", "adamw", "adagrad", "rmsprop"]
Precision = Literal["auto", "fp32", "bf16"]

LEARNING_RATES: dict[OptimizerName, float] = {
    "sgd": 1e-2,
    "adam": 1e-3,
    "adamw": 1e-3,
    "adagrad": 1e-3,
    "rmsprop": 1e-3,
}


class EarlyStopping(BaseModel):
    """Stop when `monitor` has not improved by more than `min_delta` for `patience` epochs."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    patience: int = Field(ge=1)
    min_delta: float = Field(0.0, ge=0)
    restore_best: bool = False
    monitor: Literal["val_loss", "val_accuracy"] = "val_loss"


class TrainingSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    epochs: Annotated[int, Field(ge=1, le=100_000)] = 10
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 32
    optimizer: OptimizerName = "adam"
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """None takes Keras's default for the optimizer."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """For sgd and rmsprop; the others have their own."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """Decoupled: each step shrinks every parameter by learning rate times this. None: 0.004 for
    adamw, else 0.
    """
    early_stopping: EarlyStopping | None = None
    schedule: Schedule | None = None
    precision: Precision = "auto"
    """auto: bfloat16 where a trial on this machine finds it right and faster."""
    augmentation: Augmentation | None = None
    """Of training rows, while training; None leaves them as they are."""

    @property
    def initial_learning_rate(self) -> float:
        return self.learning_rate or LEARNING_RATES[self.optimizer]

    @property
    def resolved_weight_decay(self) -> float:
        if self.weight_decay is not None:
            return self.weight_decay
        return 0.004 if self.optimizer == "adamw" else 0.0
