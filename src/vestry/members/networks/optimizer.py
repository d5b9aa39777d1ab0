"""What every optimizer does: one step over the flat parameter vector.

`weight_decay` is decoupled for all of them, as in Keras: a step first shrinks every parameter by
learning rate times decay.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from vestry.members.networks.block import Parameter
from vestry.members.networks.settings import TrainingSettings


class Optimizer:
    """Changes `values` in place by `gradients`; `state` is what it keeps between steps.

    banks: the parameters among them that are filters over several channels, as matrices (inputs,
    filters).
    """

    def __init__(
        self,
        settings: TrainingSettings,
        values: Tensor,
        gradients: Tensor,
        banks: Sequence[Parameter] = (),
    ) -> None:
        self.values = values
        self.gradients = gradients
        self.banks = banks
        self.momentum = settings.momentum
        self.nesterov = settings.nesterov
        self.weight_decay = settings.resolved_weight_decay
        self.clip_norm = settings.clip_norm
        self.steps = 0
        self.state: dict[str, Tensor] = {}
        self.begin()

    def begin(self) -> None:
        """Add the state that it starts with."""

    def step(self, learning_rate: float) -> None:
        self.steps += 1
        if self.clip_norm is not None:
            self._clip(self.clip_norm)
        if self.weight_decay:
            self.values.mul_(1 - learning_rate * self.weight_decay)
        self.update(learning_rate)

    def _clip(self, most: float) -> None:
        """Pascanu, Mikolov and Bengio (2013): shorter, in the same direction."""
        length = float(self.gradients.norm())
        if length > most:
            self.gradients.mul_(most / length)

    def update(self, learning_rate: float) -> None:
        raise NotImplementedError

    def notes(self) -> list[str]:
        """What a reader of the results should know of it."""
        return []

    def warnings(self) -> list[str]:
        """What went otherwise than a reader would expect."""
        return []

    def add_state(self, name: str, fill: float = 0.0) -> Tensor:
        self.state[name] = torch.full_like(self.values, fill)
        return self.state[name]
