"""What the training loop asks of a network, however it is computed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from vestry.members.networks.block import Parameter, ParameterVector
from vestry.members.networks.layer import Shape
from vestry.members.networks.rows import scaled

PREDICT_BATCH = 256
"""Images at a time, where nothing is learnt from them."""


class Trainable(Protocol):
    """Takes images scaled to [0, 1] as (n, height, width, channels) float32, gives (n, classes)
    scores; `backward` follows the `forward` of the same batch.
    """

    classes: int
    place: str
    """The device, as torch names it, that scores and parameters are on."""
    vector: ParameterVector
    """All parameters that training changes."""

    def forward(self, x: Tensor, training: bool) -> Tensor: ...

    def backward(self, gradient: Tensor) -> object:
        """Store the gradient of every parameter, given that of the scores."""
        ...

    def tensors(self) -> dict[str, Tensor]:
        """All that inference needs, by name; views, so copying into them restores the network."""
        ...

    def restore(self, tensors: Mapping[str, Tensor]) -> None: ...

    def standardise(self, images: Tensor) -> None:
        """Take z-scores by each channel's mean and deviation of `images` (n, height, width,
        channels) bytes from now on."""
        ...

    def resized(self, image_shape: Shape) -> "Trainable":
        """What takes images of another size, of the same parameters in memory."""
        ...

    def measure_statistics(self, batches: Iterable[Tensor]) -> None:
        """Let what predicts by statistics of training rows take them from `batches`."""
        ...

    def seed(self, random: np.random.Generator) -> None:
        """Let what is drawn in training be drawn from `random`."""
        ...

    def filter_banks(self) -> Sequence[Parameter]:
        """Filters of convolutions over several channels, as matrices (inputs, filters)."""
        ...


def predict(network: Trainable, images: Tensor) -> Tensor:
    """(n, classes) float32 scores of (n, height, width, channels) images, some at a time.

    Into one tensor: small ones, kept where a batch was before, would leave no place for the next.
    """
    scores = torch.empty(len(images), network.classes)
    parts = zip(*(torch.split(each, PREDICT_BATCH) for each in (images, scores)), strict=True)
    for some, into in parts:
        into.copy_(network.forward(scaled(some), training=False))
    return scores
