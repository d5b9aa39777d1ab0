"""Training on classes of unlike size as if they were of one: by weights, or by what is drawn."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def balance_notes(balance: str | None) -> list[str]:
    """What a reader of its probabilities must know."""
    if balance is None:
        return []
    way = "by how often they are drawn" if balance == "sampling" else "by weights in the loss"
    return [
        f'balance = "{balance}": all classes count alike while training, {way}. It then takes rare '
        "classes for as frequent as the others, and its probabilities are those of such images."
    ]


def class_weights(labels: Tensor, classes: int) -> Tensor:
    """(classes,): what an image of each class counts, so that all classes count alike and the mean
    image counts 1 (King and Zeng 2001; scikit-learn's "balanced"). A class without images: 1."""
    counts = torch.bincount(labels, minlength=classes).float()
    there = counts > 0
    weights = torch.ones(classes)
    weights[there] = len(labels) / (int(there.sum()) * counts[there])
    return weights


def balanced_order(labels: NDArray[np.int64], random: np.random.Generator) -> NDArray[np.int64]:
    """As many rows as there are, every class as often to within one, in a new order.

    Of a class that is drawn more often than it has rows, each is drawn as often to within one.
    """
    found = random.permutation(np.unique(labels))
    quotas = np.full(len(found), len(labels) // len(found))
    quotas[: len(labels) % len(found)] += 1
    drawn = [
        _drawn(np.flatnonzero(labels == label), quota, random)
        for label, quota in zip(found, quotas, strict=True)
    ]
    return random.permutation(np.concatenate(drawn))


def _drawn(rows: NDArray[np.int64], count: int, random: np.random.Generator) -> NDArray[np.int64]:
    whole = np.repeat(rows, count // len(rows))
    return np.concatenate([whole, random.permutation(rows)[: count % len(rows)]])
