"""Muon: filters go along the orthogonal matrix nearest to their momentum.

Jordan et al. (2024), "Muon: an optimizer for hidden layers in neural networks"
(kellerjordan.github.io/posts/muon), with the numbers of the same author's `airbench94_muon`, which
also keeps the length of each filter bank. Its place is before batch normalisation, to which that
length means nothing.
"""

import torch
from torch import Tensor

from vestry.members.networks.block import Parameter
from vestry.members.networks.optimizer import Optimizer

_MOMENTUM, _OTHERS_MOMENTUM = 0.6, 0.9
_OTHERS = 0.1 / 0.06
"""The rate of what is no filter bank, as a multiple of that of filter banks."""
_ITERATIONS = 3
_QUINTIC = (3.4445, -4.7750, 2.0315)
"""Jordan's coefficients: singular values come near 1 soonest, not nearest."""
_EPSILON = 1e-7
_NOTHING = (
    "It has no filters over several channels, which Muon is for: all of it went by gradient "
    "descent with Nesterov's momentum."
)


def orthogonal(matrix: Tensor) -> Tensor:
    """Nearly the orthogonal matrix that is nearest to `matrix` (rows, columns), as Muon takes it:
    its singular values go to between 0.7 and 1.2 or so, by a Newton-Schulz iteration."""
    tall = matrix.shape[0] > matrix.shape[1]
    x = matrix.t() if tall else matrix
    x = x / (x.norm() + _EPSILON)
    a, b, c = _QUINTIC
    for _ in range(_ITERATIONS):
        square = x @ x.t()
        x = torch.addmm(x, torch.addmm(square, square, square, beta=b, alpha=c), x, beta=a)
    return x.t() if tall else x


class Muon(Optimizer):
    """Filter banks by Muon; all else by gradient descent with Nesterov's momentum, at `_OTHERS`
    times the rate."""

    def begin(self) -> None:
        self.velocity = self.add_state("velocity")
        for number, bank in enumerate(self.banks):
            self.state[f"bank{number}"] = torch.zeros_like(bank.value)

    def update(self, learning_rate: float) -> None:
        for number, bank in enumerate(self.banks):
            _move(bank, self.state[f"bank{number}"], learning_rate)
            bank.gradient.zero_()  # so that what follows leaves it as it is
        self._descend(_OTHERS * learning_rate)

    def notes(self) -> list[str]:
        banks, of = len(self.banks), sum(bank.value.numel() for bank in self.banks)
        if not banks:
            return []
        return [
            f"Muon stepped {banks} filter bank{'s' * (banks > 1)} ({of:,} numbers), gradient "
            "descent with Nesterov's momentum all else."
        ]

    def warnings(self) -> list[str]:
        return [] if self.banks else [_NOTHING]

    def _descend(self, learning_rate: float) -> None:
        self.velocity.mul_(_OTHERS_MOMENTUM).sub_(self.gradients, alpha=learning_rate)
        self.values.add_(self.velocity, alpha=_OTHERS_MOMENTUM)
        self.values.sub_(self.gradients, alpha=learning_rate)


def _move(bank: Parameter, momentum: Tensor, learning_rate: float) -> None:
    """A step from the bank at its length, which is that of filters of length 1."""
    momentum.mul_(_MOMENTUM).add_(bank.gradient)
    slope = bank.gradient.add(momentum, alpha=_MOMENTUM)
    filters = bank.value.shape[1]
    bank.value.mul_(filters**0.5 / (bank.value.norm() + _EPSILON))
    bank.value.sub_(orthogonal(slope), alpha=learning_rate)
