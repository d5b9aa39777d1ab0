"""Training as a study asks for it: what is smoothed, clipped, and stepped by which optimizer."""

import pytest
import torch
from fits import killed_after, same, timeless, weights

from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.trainer import smoothed_truths

LAYERS = [
    {"conv": 8, "kernel": 3},
    {"batch_norm": True},
    {"conv": 16, "kernel": 3},
    {"pool": 2},
    {"batch_norm": True},
    {"flatten": True},
]
BASE = {"layers": LAYERS, "epochs": 3, "batch_size": 50}
STRONG = {
    "optimizer": "muon",
    "schedule": {"linear": True},
    "label_smoothing": 0.1,
    "clip_norm": 5.0,
}


def settings(**given):
    return NetworkSettings(**BASE | given)


def test_unused_keys_leave_no_trace_in_what_fits_are_known_by():
    written = settings().model_dump(mode="json")
    assert not {"nesterov", "clip_norm", "label_smoothing"} & written.keys()
    used = settings(**STRONG, momentum=0.0).model_dump(mode="json")
    assert used["clip_norm"] == 5.0 and used["label_smoothing"] == 0.1
    assert NetworkSettings(**used) == settings(**STRONG)


def test_smoothed_truths():
    torch.testing.assert_close(
        smoothed_truths(4, 0.2),
        torch.full((4, 4), 0.05) + 0.8 * torch.eye(4),
    )
    assert torch.equal(smoothed_truths(3, 0.0), torch.eye(3))


def test_label_smoothing_keeps_a_network_from_being_sure(job):
    plain, smoothed = (fit(settings(epochs=12, label_smoothing=part), job()) for part in (0.0, 0.3))
    images = job().images
    sure, less = (member.predict_proba(images).max(1).mean() for member in (plain, smoothed))
    assert less < 0.85 and sure > less + 0.1


def test_muon_learns_in_few_epochs(job):
    """Digits, three epochs of 24 steps: Adam at its default rate is behind by then."""
    member = fit(settings(**STRONG), job())
    assert member.history[-1]["validation_accuracy"] > 0.9
    rates = [row["learning_rate"] for row in member.history]
    assert rates == sorted(rates, reverse=True)
    card = member.card()
    assert card["training"]["optimizer"] == "muon" and card["training"]["learning_rate"] == 0.06
    assert any("1 filter bank (1,152 numbers)" in note for note in card["notes"])


def test_muon_says_where_it_has_nothing_to_do(job):
    dense = [{"flatten": True}, {"dense": 16}]
    card = fit(settings(layers=dense, optimizer="muon", epochs=1), job()).card()
    assert any("no filters over several channels" in line for line in card["warnings"])


@pytest.mark.parametrize(
    "given", [STRONG, {"optimizer": "sgd", "momentum": 0.9, "nesterov": True, "clip_norm": 1.0}]
)
def test_resumed_training_ends_with_the_same_bits(job, monkeypatch, given):
    undisturbed = fit(settings(**given), job())
    killed_after(2, settings(**given), job, monkeypatch)
    resumed = fit(settings(**given), job())
    assert same(weights(undisturbed), weights(resumed))
    assert timeless(undisturbed.history) == timeless(resumed.history)
