"""What a committee rule is: several members' probabilities in, one set of probabilities out."""

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Stack = NDArray[np.float64]
Labels = NDArray[np.int64]

FLOOR = 1e-7
"""Probabilities are raised to this before their logarithm is taken, so that one member's zero is
no veto; Keras's own epsilon."""


class Rule(Protocol):
    """How probabilities of several members become one set of probabilities.

    learns: whether `fit` looks at the rows at all; a rule that does not is the same whatever it is
    fitted on.
    """

    learns: bool

    def fit(self, stacked: Stack, truth: Labels) -> "Rule":
        """Learn from (members, n, classes) probabilities and (n,) labels."""
        ...

    def combine(self, stacked: Stack) -> Stack:
        """Turn (members, n, classes) into (n, classes), rows summing to 1."""
        ...

    @property
    def settled(self) -> dict[str, Any]:
        """Options that a fitted rule came to by trying; with them the next fit need not try again,
        and may be as rough as the rule's accuracy allows."""
        return {}

    def card(self) -> dict[str, Any]:
        """What was learnt, JSON-able.

        Lists under `weights`, `chosen` and `influence` hold one number a member, in their order;
        `notes` is a list of sentences.
        """
        ...


def log_losses(stacked: Stack, truth: Labels) -> NDArray[np.float64]:
    """(members,) mean negative log probability of the truth, floored."""
    given = stacked[:, np.arange(len(truth)), truth]
    return np.asarray(-np.log(np.maximum(given, FLOOR)).mean(axis=1))


def weighted_mean(stacked: Stack, weights: NDArray[np.float64]) -> Stack:
    """(n, classes) for weights (members,) that sum to 1."""
    return np.asarray(np.einsum("m,mnk->nk", weights, stacked))
