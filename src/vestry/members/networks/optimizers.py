"""One step of each optimizer over the flat parameter vector, with Keras's formulas and defaults.

`weight_decay` is decoupled for all of them, as in Keras: a step first shrinks every parameter by
learning rate times decay.
"""

import math

import torch
from torch import Tensor

from vestry.members.networks.settings import OptimizerName, TrainingSettings


class Optimizer:
    """Changes `values` in place by `gradients`; `state` is what it keeps between steps."""

    def __init__(self, settings: TrainingSettings, values: Tensor, gradients: Tensor) -> None:
        self.values = values
        self.gradients = gradients
        self.momentum = settings.momentum
        self.weight_decay = settings.resolved_weight_decay
        self.steps = 0
        self.state: dict[str, Tensor] = {}
        self.begin()

    def begin(self) -> None:
        """Add the state that it starts with."""

    def step(self, learning_rate: float) -> None:
        self.steps += 1
        if self.weight_decay:
            self.values.mul_(1 - learning_rate * self.weight_decay)
        self.update(learning_rate)

    def update(self, learning_rate: float) -> None:
        raise NotImplementedError

    def add_state(self, name: str, fill: float = 0.0) -> Tensor:
        self.state[name] = torch.full_like(self.values, fill)
        return self.state[name]


class _GradientDescent(Optimizer):
    def begin(self) -> None:
        if self.momentum:
            self.velocity = self.add_state("velocity")

    def update(self, learning_rate: float) -> None:
        if self.momentum:
            self.velocity.mul_(self.momentum).sub_(self.gradients, alpha=learning_rate)
            self.values.add_(self.velocity)
        else:
            self.values.sub_(self.gradients, alpha=learning_rate)


class _Adam(Optimizer):
    """Kingma and Ba (2015). Keras adds epsilon before the bias correction of the second moment.

    torch's fused kernel adds it after, so it is given epsilon divided by that correction's root,
    which makes the two formulas the same.
    """

    beta1, beta2, epsilon = 0.9, 0.999, 1e-7

    def begin(self) -> None:
        self.first_moment = self.add_state("first_moment")
        self.second_moment = self.add_state("second_moment")
        self.count = torch.zeros(())

    def update(self, learning_rate: float) -> None:
        self.count.fill_(self.steps)
        correction = math.sqrt(1 - self.beta2**self.steps)
        torch._fused_adam_(
            [self.values],
            [self.gradients],
            [self.first_moment],
            [self.second_moment],
            [],
            [self.count],
            lr=learning_rate,
            beta1=self.beta1,
            beta2=self.beta2,
            weight_decay=0.0,
            eps=self.epsilon / correction,
            amsgrad=False,
            maximize=False,
        )


class _Adagrad(Optimizer):
    """Duchi, Hazan and Singer (2011); starts at 0.1, with epsilon under the root."""

    epsilon, start = 1e-7, 0.1

    def begin(self) -> None:
        self.squares = self.add_state("squares", self.start)

    def update(self, learning_rate: float) -> None:
        self.squares.addcmul_(self.gradients, self.gradients)
        root = (self.squares + self.epsilon).sqrt_()
        self.values.addcdiv_(self.gradients, root, value=-learning_rate)


class _RmsProp(Optimizer):
    """Hinton's lecture 6e; epsilon stands under the root."""

    decay, epsilon = 0.9, 1e-7

    def begin(self) -> None:
        self.squares = self.add_state("squares")
        if self.momentum:
            self.velocity = self.add_state("velocity")

    def update(self, learning_rate: float) -> None:
        self.squares.mul_(self.decay).addcmul_(self.gradients, self.gradients, value=1 - self.decay)
        root = (self.squares + self.epsilon).sqrt_()
        if self.momentum:
            self.velocity.mul_(self.momentum).addcdiv_(self.gradients, root, value=learning_rate)
            self.values.sub_(self.velocity)
        else:
            self.values.addcdiv_(self.gradients, root, value=-learning_rate)


OPTIMIZERS: dict[OptimizerName, type[Optimizer]] = {
    "sgd": _GradientDescent,
    "adam": _Adam,
    "adamw": _Adam,
    "adagrad": _Adagrad,
    "rmsprop": _RmsProp,
}
