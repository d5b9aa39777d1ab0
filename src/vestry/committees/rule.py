"""What a committee rule is: several members' probabilities in, one set of probabilities out."""

from collections.abc import Iterator
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


# Rows cut into folds by what they hold and not by where they stand.


Rows = NDArray[np.int64]


def canonical_order(stacked: Stack, truth: Labels) -> Rows:
    """(n,) rows sorted by label, then by probabilities: the same however they were ordered."""
    columns = np.concatenate(list(stacked), axis=1).T
    return np.lexsort((*columns[::-1], truth))


def folds(stacked: Stack, truth: Labels, count: int) -> Iterator[tuple[Rows, Rows]]:
    """`count` pairs of rows to fit on and rows held out; every fold has its share of each class.

    Row i of the canonical order is held out in fold i mod `count`, so that neither a seed nor the
    order of the rows decides.
    """
    order = canonical_order(stacked, truth)
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order)) % count
    for fold in range(count):
        yield np.flatnonzero(place != fold), np.flatnonzero(place == fold)
