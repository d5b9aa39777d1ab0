"""Images become z-scores of each channel, by the training rows alone; stored with the weights."""

from typing import Any

import numpy as np
import pytest
import torch

from vestry.members.networks.network import Network, Standardised
from vestry.members.networks.rows import as_tensor
from vestry.members.networks.settings import NetworkSettings

LAYERS = NetworkSettings.model_validate(
    {"layers": [{"conv": 4, "kernel": 3}, {"flatten": True}]}
).layers


def pictures(rows: int, channels: int) -> np.ndarray:
    random = np.random.default_rng(5)
    shape = (rows, 6, 5) if channels == 1 else (rows, 6, 5, channels)
    return random.integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_mean_and_deviation_are_those_of_each_channel(channels: int) -> None:
    images = pictures(40, channels)
    found = Standardised.of(as_tensor(images))
    flat = images.reshape(-1, channels) / 255
    np.testing.assert_allclose(found.mean, flat.mean(0), rtol=1e-6)
    np.testing.assert_allclose(found.deviation, flat.std(0), rtol=1e-6)
    pixels = torch.from_numpy(images.reshape(40, 6, 5, channels) / 255).float()
    scores = found.apply(pixels).reshape(-1, channels)
    np.testing.assert_allclose(scores.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scores.std(0, correction=0), 1, atol=1e-5)


def test_a_channel_that_never_changes_is_only_moved() -> None:
    found = Standardised.of(as_tensor(np.full((3, 4, 4), 51, np.uint8)))
    assert found.deviation.tolist() == [1.0]
    assert found.apply(torch.full((1, 4, 4, 1), 0.2)).abs().max() < 1e-6


def test_it_is_stored_with_the_weights_and_found_again() -> None:
    images = pictures(20, 3)
    network = Network(LAYERS, (6, 5, 3), 2)
    network.standardise(as_tensor(images))
    again = Network(LAYERS, (6, 5, 3), 2, seed=1)
    again.restore(network.tensors())
    pixels = torch.from_numpy(images / 255).float()
    assert torch.equal(again.forward(pixels, False), network.forward(pixels, False))


def test_weights_from_pixels_of_0_to_1_stay_as_they_were() -> None:
    network = Network(LAYERS, (6, 5, 1), 2)
    stored = network.tensors()
    again = Network(LAYERS, (6, 5, 1), 2, seed=1)
    again.standardise(as_tensor(pictures(9, 1)))
    again.restore(stored)
    assert again.standardised is None and again.tensors().keys() == stored.keys()


@pytest.mark.parametrize(
    ("rows", "more", "falls"),
    [
        (2048, {}, True),
        (1984, {}, False),
        (60_000, {"schedule": "constant"}, False),
        (60_000, {"schedule": None}, True),
    ],
)
def test_a_rate_falls_by_itself_where_training_is_long_enough(
    rows: int, more: dict[str, Any], falls: bool
) -> None:
    given = {"layers": [{"flatten": True}], "epochs": 16, "batch_size": 32} | more
    settings = NetworkSettings.model_validate(given)
    rates = [settings.rates(epoch, rows)[0] for epoch in range(16)]
    assert rates[0] == 1e-3 and (rates[-1] < 1e-4 if falls else set(rates) == {1e-3})


def test_a_cosine_falls_to_zero_over_all_epochs() -> None:
    given = {"layers": [{"flatten": True}], "epochs": 4, "schedule": {"cosine": True}}
    settings = NetworkSettings.model_validate(given)
    rates = [1e-3 * 0.5 * (1 + np.cos(np.pi * epoch / 4)) for epoch in range(4)]
    found = [rate for epoch in range(4) for rate in settings.rates(epoch, 4)]
    assert found == pytest.approx(rates)
