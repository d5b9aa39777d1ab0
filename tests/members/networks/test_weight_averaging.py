"""A moving average of the weights: what it is, and that it is what is validated and kept."""

import numpy as np
import pytest
import torch
from fits import killed_after, same, timeless, weights

from vestry.members.networks.averaging import MovingAverage
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings

LAYERS = [{"conv": 8, "kernel": 3}, {"batch_norm": True}, {"pool": 2}, {"flatten": True}]


def settings(**given):
    return NetworkSettings(**{"layers": LAYERS, "epochs": 4, "batch_size": 50} | given)


def test_the_average_follows_the_formula():
    values = torch.zeros(3)
    average, expected = MovingAverage(values, 0.8), np.zeros(3)
    for step in range(1, 60):
        values.copy_(torch.tensor([1.0, step, -1.0]))
        average.add(step)
        kept = min(0.8, (1 + step) / (10 + step))
        expected = kept * expected + (1 - kept) * values.numpy()
    np.testing.assert_allclose(average.mean, expected, rtol=1e-5)
    with average.in_place():
        assert torch.equal(values, average.mean)
    assert torch.equal(values, torch.tensor([1.0, 59.0, -1.0]))


@pytest.mark.parametrize("stopping", [None, {"patience": 2, "restore_best": True}])
def test_what_is_kept_is_what_was_validated(job, stopping):
    work = job()
    member = fit(settings(ema=0.95, early_stopping=stopping), work)
    right = (
        member.predict_proba(work.validation_images).argmax(1) == work.validation_labels
    ).mean()
    best = (member.card()["training"]["best_epoch"] or 4) - 1
    assert member.history[best]["validation_accuracy"] == pytest.approx(right)
    plain = fit(settings(early_stopping=stopping), job())
    assert member.history[0]["train_loss"] == plain.history[0]["train_loss"]
    assert member.history[0]["validation_loss"] != plain.history[0]["validation_loss"]


def test_without_validation_rows_the_average_is_kept_too(job):
    none = {"validation_images": job().images[:0], "validation_labels": job().labels[:0]}
    averaged, plain = (weights(fit(settings(ema=part), job(**none))) for part in (0.95, None))
    assert not same(averaged, plain)


def test_resumed_training_ends_with_the_same_bits(job, monkeypatch):
    undisturbed = fit(settings(ema=0.9), job())
    killed_after(3, settings(ema=0.9), job, monkeypatch)
    resumed = fit(settings(ema=0.9), job())
    assert same(weights(undisturbed), weights(resumed))
    assert timeless(undisturbed.history) == timeless(resumed.history)
