"""What a study file says of a network: its layers, how it is trained, how its images are altered.

Defaults of training are Keras's, because the reports were made with it, but for three: how images
are scaled, batch normalisation's statistics, and the learning rate of long trainings.
Studies of the reports ask for Keras's.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    SerializerFunctionWrapHandler,
    Tag,
    model_serializer,
    model_validator,
)

from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.distillation import Distillation
from vestry.members.networks.layers import Layers
from vestry.members.networks.progressive import Progressive
from vestry.members.networks.schedules import Cosine, Schedule


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# How a network is trained.


OptimizerName = Literal["sgd", "adam", "adamw", "adagrad", "rmsprop", "muon"]
Precision = Literal["auto", "fp32", "bf16"]
DeviceName = Literal["auto", "cpu", "cuda", "mps"]

_LEARNING_RATES: dict[OptimizerName, float] = {
    "sgd": 1e-2,
    "adam": 1e-3,
    "adamw": 1e-3,
    "adagrad": 1e-3,
    "rmsprop": 1e-3,
    "muon": 0.06,
}
_DECAYS: dict[OptimizerName, float] = {"adamw": 0.004, "muon": 0.008}


Monitor = Literal[
    "val_loss", "val_accuracy", "val_balanced_accuracy", "val_macro_f1", "val_roc_auc"
]


class EarlyStopping(_Settings):
    """Stop when `monitor` has not improved by more than `min_delta` for `patience` epochs."""

    patience: int = Field(ge=1)
    min_delta: float = Field(0.0, ge=0)
    restore_best: bool = False
    monitor: Monitor = "val_loss"


def _auto(given: Any) -> Any:
    """None is what scikit-learn's callers write for it."""
    return "auto" if given is None else given


def _augmentation_kind(value: Any) -> str:
    return "auto" if isinstance(value, str) else "alterations"


_Augmented = Annotated[
    Annotated[Augmentation, Tag("alterations")] | Annotated[Literal["auto"], Tag("auto")],
    Discriminator(_augmentation_kind),
]


_ENOUGH_STEPS = 1000
"""A falling rate gains on thousands of images and loses on a few hundred, whose few steps it cuts
short: hand signs, 235 steps, -0.7 points; CIFAR-10, 1,875 steps, +1.6.
"""


_LATER = (
    "least_steps",
    "nesterov",
    "clip_norm",
    "label_smoothing",
    "balance",
    "ema",
    "mirrored_at_test",
    "teacher",
    "distillation",
    "device",
    "progressive",
)


class TrainingSettings(_Settings):
    epochs: Annotated[int, Field(ge=1, le=100_000)] = 10
    least_steps: Annotated[int, Field(ge=1, le=10_000_000)] | None = None
    """So many batches are learnt from at least: where rows are few, an epoch goes through them
    several times.
    """
    batch_size: Annotated[int, Field(ge=1, le=65536)] = 32
    optimizer: OptimizerName = "adam"
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """None takes Keras's default for the optimizer."""
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """For sgd and rmsprop; the others have their own."""
    weight_decay: Annotated[float, Field(ge=0)] | None = None
    """Decoupled: each step shrinks every parameter by learning rate times this. None: 0.004 for
    adamw, 0.008 for muon, else 0.
    """
    nesterov: bool = False
    """Of sgd with momentum: the step goes from where the velocity would lead to."""
    clip_norm: Annotated[float, Field(gt=0)] | None = None
    """All gradients together are made no longer than this, before each step."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """Part of the truth that is spread evenly over all classes while training."""
    balance: Literal["weights", "sampling"] | None = None
    """All classes as if they had equally many training rows: each row by a weight in the loss, or
    by how often it is drawn.
    """
    ema: Annotated[float, Field(gt=0, lt=1)] | None = None
    """Validated and kept is a moving average of the weights, of which this part stays a step."""
    early_stopping: EarlyStopping | None = None
    schedule: Annotated[Schedule, BeforeValidator(_auto)] = "auto"
    """Of the learning rate. auto: falls along a cosine where all epochs are at least 1,000 steps,
    else constant.
    """
    precision: Precision = "auto"
    """auto: bfloat16 where a trial on this machine finds it right and faster."""
    augmentation: _Augmented | None = None
    """Of training rows, while training; None leaves them as they are. auto: mirrored where a quick
    check of the training rows finds that mirrored images show the same.
    """
    teacher: str | None = None
    """A model or committee of the study, or onnx:FILE, whose probabilities it learns from."""
    distillation: Distillation | None = None
    """How it does; None: as `Distillation` says by default."""

    @property
    def distilled(self) -> Distillation:
        return self.distillation or Distillation()

    @model_validator(mode="after")
    def distillation_needs_teacher(self) -> "TrainingSettings":
        if self.distillation is not None and self.teacher is None:
            raise ValueError("distillation says how a student learns; name its teacher as well")
        return self

    @property
    def initial_learning_rate(self) -> float:
        return self.learning_rate or _LEARNING_RATES[self.optimizer]

    @property
    def resolved_weight_decay(self) -> float:
        if self.weight_decay is not None:
            return self.weight_decay
        return _DECAYS.get(self.optimizer, 0.0)

    @model_validator(mode="after")
    def nesterov_needs_momentum(self) -> "TrainingSettings":
        if self.nesterov and not (self.optimizer == "sgd" and self.momentum):
            raise ValueError(
                'nesterov = true is of optimizer = "sgd" with a momentum, such as momentum = 0.9'
            )
        return self

    @model_serializer(mode="wrap")
    def without_unused(self, given: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """Without keys that came later and are not used: fits and files are known by the rest."""
        tables: dict[str, Any] = given(self)
        fields = type(self).model_fields
        for key in _LATER:
            if key in fields and getattr(self, key) == fields[key].default:
                tables.pop(key, None)
        return tables

    def passes(self, rows: int) -> int:
        """How often an epoch goes through so many training rows."""
        least = (self.least_steps or 0) / self.epochs
        return max(1, math.ceil(least * self.batch_size / rows))

    def steps(self, rows: int) -> int:
        """Batches of an epoch over so many training rows."""
        return math.ceil(self.passes(rows) * rows / self.batch_size)

    def rates(self, epoch: int, rows: int) -> list[float]:
        """The learning rate of each step of an epoch, which counts from 0, over so many rows."""
        steps = self.steps(rows)
        schedule = self.schedule
        if schedule == "auto" and self.epochs * steps >= _ENOUGH_STEPS:
            schedule = Cosine(cosine=True)
        if isinstance(schedule, str):
            return [self.initial_learning_rate] * steps
        factors = schedule.factors(epoch, self.epochs, steps)
        return [self.initial_learning_rate * factor for factor in factors]


class ImageTrainingSettings(TrainingSettings):
    """Of a network that sees images; a head on a backbone does not."""

    scale: Literal["unit", "standard"] = Field(
        "standard", description="pixels as 0..1, or as z-scores of each channel"
    )
    mirrored_at_test: bool | Literal["auto"] = Field(
        False,
        description="its answer is the mean of that to the image and to its mirror image; auto: "
        "where validation rows show that this helps",
    )
    device: DeviceName = Field(
        "auto",
        description="where it is trained: the processor, a card by CUDA, or Apple's by MPS; auto: "
        "CUDA where torch has it, else the processor",
    )


class NetworkSettings(ImageTrainingSettings):
    """A network as data, and how it is trained."""

    kind: Literal["layers"] = "layers"
    layers: Layers = Field(min_length=1, description="the output layer is added")
    progressive: Progressive | None = Field(
        None, description="it learns from smaller images in its first epochs"
    )
