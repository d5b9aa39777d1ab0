"""Comparing what two fits came to."""

import torch

TIMED = {"seconds", "images_per_second"}


class KilledError(Exception):
    """What a test raises to end a fit halfway."""


def weights(member):
    return {name: tensor.clone() for name, tensor in member.network.tensors().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def timeless(history):
    """What a history says but for how long it took."""
    return [{key: value for key, value in row.items() if key not in TIMED} for row in history]
