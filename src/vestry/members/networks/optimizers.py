"""One step of each optimizer over the flat parameter vector, with Keras's formulas and defaults;
Muon, which Keras has otherwise, stands in `muon.py`."""

import math

import torch

from vestry.members.networks.muon import Muon
from vestry.members.networks.optimizer import Optimizer
from vestry.members.networks.settings import OptimizerName


class _GradientDescent(Optimizer):
    """nesterov: as Keras has it (Sutskever et al. 2013), one step ahead of the velocity."""

    def begin(self) -> None:
        if self.momentum:
            self.velocity = self.add_state("velocity")

    def update(self, learning_rate: float) -> None:
        if self.momentum:
            self.velocity.mul_(self.momentum).sub_(self.gradients, alpha=learning_rate)
            if self.nesterov:
                self.values.add_(self.velocity, alpha=self.momentum)
                self.values.sub_(self.gradients, alpha=learning_rate)
            else:
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
        self.count = torch.zeros((), device=self.values.device)

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
    "muon": Muon,
}
