"""What a study file says of a network: its layers, how it is trained, how its images are altered.

Defaults of training are Keras's, because the reports were made with it, but for three: how images
are scaled, batch normalisation's statistics, and the learning rate of long trainings.
Studies of the reports ask for Keras's.
"""

import math
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, Tag

from vestry.members.networks.layers import Layers


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


# Learning rates that change from epoch to epoch; each gives a factor on the initial rate.


_Epochs = Annotated[int, Field(ge=0)]


class Exponential(_Settings):
    """Constant for the first `after` epochs, then times exp(-`exponential`) each epoch."""

    exponential: float = Field(gt=0)
    after: _Epochs = 0

    def factor(self, epoch: int, epochs: int) -> float:
        """`epoch` counts from 0."""
        return math.exp(-self.exponential * max(epoch - self.after + 1, 0))


class Step(_Settings):
    """Times `step` every `every` epochs."""

    step: float = Field(gt=0, le=1)
    every: int = Field(ge=1)

    def factor(self, epoch: int, epochs: int) -> float:
        return self.step ** (epoch // self.every)


class Cosine(_Settings):
    """Rises linearly over `warmup` epochs, then falls to zero along half a cosine.

    Loshchilov and Hutter, SGDR (2017), without restarts; stepped once an epoch.
    """

    cosine: Literal[True]
    warmup: _Epochs = 0

    def factor(self, epoch: int, epochs: int) -> float:
        if epoch < self.warmup:
            return (epoch + 1) / (self.warmup + 1)
        done = (epoch - self.warmup) / max(epochs - self.warmup, 1)
        return 0.5 * (1 + math.cos(math.pi * done))


def _schedule_kind(value: Any) -> str | None:
    if isinstance(value, str):
        return value
    keys = value if isinstance(value, dict) else getattr(type(value), "model_fields", ())
    return next((kind for kind in ("exponential", "step", "cosine") if kind in keys), None)


Schedule = Annotated[
    Annotated[Exponential, Tag("exponential")]
    | Annotated[Step, Tag("step")]
    | Annotated[Cosine, Tag("cosine")]
    | Annotated[Literal["auto"], Tag("auto")]
    | Annotated[Literal["constant"], Tag("constant")],
    Discriminator(_schedule_kind),
]


# How training images are altered.


_Fraction = Annotated[float, Field(ge=0, lt=1)]


def _check_shift(given: Any) -> Any:
    """One line for what would be a line for each branch of the union."""
    parts = given if isinstance(given, list | tuple) else [given, given]
    numbers = all(isinstance(part, int | float) and not isinstance(part, bool) for part in parts)
    if not (numbers and len(parts) == 2 and all(0 <= part < 1 for part in parts)):
        raise ValueError(
            f"a part of a side from 0 to below 1 is needed, or [vertical, horizontal], not {given}"
        )
    return given


Shift = Annotated[_Fraction | tuple[_Fraction, _Fraction], BeforeValidator(_check_shift)]


class Augmentation(_Settings):
    """Random alterations of training images, drawn anew for each image and epoch.

    Each range is uniform. They come in this order: flip; then rotation, zoom and shift about the
    image's centre, in one bilinear interpolation; then pad and crop; then erasing. Whatever comes
    in from outside the image is 0.
    """

    horizontal_flip: bool = Field(False, description="left and right exchanged in every other one")
    shift: Shift = Field(
        0.0, description="at most this part of a side, or of [height, width], either way"
    )
    rotation: Annotated[float, Field(ge=0, le=180)] = Field(
        0.0, description="at most so many degrees, either way"
    )
    zoom: _Fraction = Field(0.0, description="sides become 1 - this to 1 + this times as long")
    erasing: Annotated[float, Field(ge=0, le=1)] = Field(
        0.0, description="in this part of the images, one rectangle becomes noise"
    )
    pad_crop: Annotated[int, Field(ge=0, le=1024)] = Field(
        0, description="so many pixels of 0 on each side, then a random crop of the first size"
    )

    @property
    def shifts(self) -> tuple[float, float]:
        """Parts of height and width."""
        return self.shift if isinstance(self.shift, tuple) else (self.shift, self.shift)

    @property
    def interpolates(self) -> bool:
        return bool(self.rotation or self.zoom or any(self.shifts))

    @property
    def alters(self) -> bool:
        """False where every alteration is off."""
        return bool(self.interpolates or self.horizontal_flip or self.erasing or self.pad_crop)

    def words(self) -> list[str]:
        """What is done, a phrase each, in the order in which it is done."""
        vertical, horizontal = (f"{100 * part:g}%" for part in self.shifts)
        shift = f"{vertical} of each side"
        if vertical != horizontal:
            shift = f"{vertical} of the height and {horizontal} of the width"
        said: list[tuple[float, str]] = [
            (self.horizontal_flip, "horizontal flip of every other image"),
            (self.rotation, f"rotation up to {self.rotation:g} degrees either way"),
            (self.zoom, f"zoom by {1 - self.zoom:g} to {1 + self.zoom:g}"),
            (any(self.shifts), f"shift up to {shift} either way"),
            (self.pad_crop, f"{self.pad_crop} pixels of padding and a random crop"),
            (self.erasing, f"a random rectangle erased in {100 * self.erasing:g}% of the images"),
        ]
        return [words for is_on, words in said if is_on]


# How a network is trained.


OptimizerName = Literal["sgd", "adam", "adamw", "adagrad", "rmsprop"]
Precision = Literal["auto", "fp32", "bf16"]

_LEARNING_RATES: dict[OptimizerName, float] = {
    "sgd": 1e-2,
    "adam": 1e-3,
    "adamw": 1e-3,
    "adagrad": 1e-3,
    "rmsprop": 1e-3,
}


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


_ENOUGH_STEPS = 1000
"""A falling rate gains on thousands of images and loses on a few hundred, whose few steps it cuts
short: hand signs, 235 steps, -0.7 points; CIFAR-10, 1,875 steps, +1.6.
"""


class TrainingSettings(_Settings):
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
    schedule: Annotated[Schedule, BeforeValidator(_auto)] = "auto"
    """Of the learning rate. auto: falls along a cosine where all epochs are at least 1,000 steps,
    else constant.
    """
    precision: Precision = "auto"
    """auto: bfloat16 where a trial on this machine finds it right and faster."""
    augmentation: Augmentation | None = None
    """Of training rows, while training; None leaves them as they are."""

    @property
    def initial_learning_rate(self) -> float:
        return self.learning_rate or _LEARNING_RATES[self.optimizer]

    @property
    def resolved_weight_decay(self) -> float:
        if self.weight_decay is not None:
            return self.weight_decay
        return 0.004 if self.optimizer == "adamw" else 0.0

    def rate(self, epoch: int, rows: int) -> float:
        """The learning rate of an epoch, which counts from 0, of training on so many rows."""
        schedule = self._falling(rows)
        factor = 1.0 if schedule is None else schedule.factor(epoch, self.epochs)
        return self.initial_learning_rate * factor

    def _falling(self, rows: int) -> Exponential | Step | Cosine | None:
        """None for a constant rate."""
        if not isinstance(self.schedule, str):
            return self.schedule
        steps = self.epochs * math.ceil(rows / self.batch_size)
        falls = self.schedule == "auto" and steps >= _ENOUGH_STEPS
        return Cosine(cosine=True) if falls else None


class ImageTrainingSettings(TrainingSettings):
    """Of a network that sees images; a head on a backbone does not."""

    scale: Literal["unit", "standard"] = Field(
        "standard", description="pixels as 0..1, or as z-scores of each channel"
    )


class NetworkSettings(ImageTrainingSettings):
    """A network as data, and how it is trained."""

    kind: Literal["layers"] = "layers"
    layers: Layers = Field(min_length=1, description="the output layer is added")
