"""Comparing what two fits came to."""

import pytest
import torch

from vestry.members.networks import trainer
from vestry.members.networks.network_member import fit

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


def killed_after(epoch, chosen, make_job, monkeypatch, **changes):
    """Leave behind what a fit does that is ended in this epoch; those that follow go on with it."""

    def kill(event):
        if event["event"] == "epoch" and event["epoch"] == epoch:
            raise KilledError

    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)
    with pytest.raises(KilledError):
        fit(chosen, make_job(on_event=kill, **changes))
