"""Each optimizer's steps against Keras's formulas, written out in numpy float64."""

import numpy as np
import pytest
import torch

from vestry.members.networks.optimizers import OPTIMIZERS
from vestry.members.networks.settings import TrainingSettings

RATE, STEPS = 0.01, 5


def sgd(value, gradient, memory, step, momentum=0.0):
    memory["m"] = momentum * memory.get("m", 0.0) - RATE * gradient
    return value + memory["m"]


def adam(value, gradient, memory, step):
    memory["m"] = 0.9 * memory.get("m", 0.0) + 0.1 * gradient
    memory["v"] = 0.999 * memory.get("v", 0.0) + 0.001 * gradient**2
    rate = RATE * np.sqrt(1 - 0.999**step) / (1 - 0.9**step)
    return value - rate * memory["m"] / (np.sqrt(memory["v"]) + 1e-7)


def adamw(value, gradient, memory, step):
    return adam(value - value * 0.004 * RATE, gradient, memory, step)


def adagrad(value, gradient, memory, step):
    memory["a"] = memory.get("a", 0.1) + gradient**2
    return value - RATE * gradient / np.sqrt(memory["a"] + 1e-7)


def rmsprop(value, gradient, memory, step, momentum=0.0):
    memory["v"] = 0.9 * memory.get("v", 0.0) + 0.1 * gradient**2
    memory["m"] = momentum * memory.get("m", 0.0) + RATE * gradient / np.sqrt(memory["v"] + 1e-7)
    return value - memory["m"]


@pytest.mark.parametrize(
    ("name", "formula", "extra"),
    [
        ("sgd", sgd, {}),
        ("sgd", sgd, {"momentum": 0.9}),
        ("adam", adam, {}),
        ("adamw", adamw, {}),
        ("adagrad", adagrad, {}),
        ("rmsprop", rmsprop, {}),
        ("rmsprop", rmsprop, {"momentum": 0.5}),
    ],
)
def test_steps_are_keras_formulas(name, formula, extra):
    random = np.random.default_rng(0)
    expected = random.normal(size=40)
    # some gradients as small as epsilon, where its place in the formula shows
    gradients = random.normal(size=(STEPS, 40)) * 10.0 ** random.integers(-8, 1, 40)
    values, slopes = torch.tensor(expected, dtype=torch.float32), torch.zeros(40)
    own = OPTIMIZERS[name](TrainingSettings(optimizer=name, **extra), values, slopes)
    memory = {}
    for step, gradient in enumerate(gradients, 1):
        slopes.copy_(torch.from_numpy(gradient))
        own.step(RATE)
        expected = formula(expected, gradient, memory, step, **extra)
    np.testing.assert_allclose(values.numpy(), expected, rtol=2e-4, atol=2e-6)


def test_weight_decay_is_decoupled():
    values, slopes = torch.ones(4), torch.zeros(4)
    settings = TrainingSettings(optimizer="sgd", weight_decay=0.5)
    own = OPTIMIZERS["sgd"](settings, values, slopes)
    own.step(0.1)
    torch.testing.assert_close(values, torch.full((4,), 0.95))


@pytest.mark.parametrize(
    ("name", "rate"), [("sgd", 1e-2), ("adam", 1e-3), ("adagrad", 1e-3), ("rmsprop", 1e-3)]
)
def test_learning_rates_default_to_keras(name, rate):
    assert TrainingSettings(optimizer=name).initial_learning_rate == rate
    assert TrainingSettings(optimizer=name, learning_rate=0.5).initial_learning_rate == 0.5
