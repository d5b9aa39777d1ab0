"""Each optimizer's steps against Keras's formulas, written out in numpy float64."""

from typing import get_args

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import ValidationError

from vestry.members.networks.muon import Muon, orthogonal
from vestry.members.networks.network import Network
from vestry.members.networks.optimizers import OPTIMIZERS
from vestry.members.networks.settings import NetworkSettings, OptimizerName, TrainingSettings

RATE, STEPS = 0.01, 5


def sgd(value, gradient, memory, step, momentum=0.0):
    memory["m"] = momentum * memory.get("m", 0.0) - RATE * gradient
    return value + memory["m"]


def nesterov(value, gradient, memory, step, momentum=0.0, **_):
    memory["m"] = momentum * memory.get("m", 0.0) - RATE * gradient
    return value + momentum * memory["m"] - RATE * gradient


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
        ("sgd", nesterov, {"momentum": 0.9, "nesterov": True}),
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


def test_nesterov_without_momentum_is_refused():
    for keys in ({}, {"optimizer": "sgd"}, {"optimizer": "adam", "momentum": 0.9}):
        with pytest.raises(ValidationError, match=r"momentum = 0\.9"):
            TrainingSettings(nesterov=True, **keys)


@pytest.mark.parametrize("name", get_args(OptimizerName))
@pytest.mark.parametrize(("length", "taken"), [(10.0, 3.0), (2.0, 2.0)])
def test_gradients_are_no_longer_than_asked(name, length, taken):
    """As if the shorter gradient had been given; their direction stays."""
    drawn = torch.randn(40, generator=torch.Generator().manual_seed(0))
    drawn /= drawn.norm()
    ends = []
    for slope, clip in ((drawn * length, 3.0), (drawn * taken, None)):
        values = torch.ones(40)
        settings = TrainingSettings(optimizer=name, clip_norm=clip)
        OPTIMIZERS[name](settings, values, slope.clone()).step(RATE)
        ends.append(values)
    torch.testing.assert_close(*ends)


# Muon.


NETWORK = [
    {"conv": 6, "kernel": 3},
    {"batch_norm": True},
    {"conv": 8, "kernel": 3},
    {"batch_norm": True},
    {"flatten": True},
    {"dense": 12},
]


def network():
    return Network(NetworkSettings(layers=NETWORK).layers, (8, 8), 10, seed=3)


@examples(deadline=None)
@given(rows=st.integers(1, 30), columns=st.integers(1, 30), seed=st.integers(0, 2**16))
def test_the_orthogonal_matrix_keeps_directions_and_levels_their_sizes(rows, columns, seed):
    """Singular vectors stay; sizes, which may differ 30 times here, come near 1."""
    random = np.random.default_rng(seed)
    kept = min(rows, columns)
    left = np.linalg.qr(random.normal(size=(rows, rows)))[0][:, :kept]
    right = np.linalg.qr(random.normal(size=(columns, columns)))[0][:kept]
    sizes = 10.0 ** random.uniform(-2, -0.5, kept)
    sizes[0] = 1.0
    given = torch.tensor(left * sizes @ right, dtype=torch.float32)
    found = orthogonal(given).double().numpy()
    assert found.shape == (rows, columns)
    levelled = left.T @ found @ right.T
    np.testing.assert_allclose(levelled, np.diag(np.diag(levelled)), atol=1e-3)
    large = np.diag(levelled)[sizes / np.linalg.norm(sizes) > 0.1]
    assert (large > 0.5).all() and (large < 1.3).all()


def test_muon_takes_filters_over_several_channels_alone():
    own = network()
    banks = own.filter_banks()
    assert [tuple(bank.value.shape) for bank in banks] == [(54, 8)]
    assert banks[0].value.data_ptr() == own.parameters()["3.conv.kernel"].value.data_ptr()


def test_muon_steps_filters_along_orthogonal_matrices_and_the_rest_as_nesterov():
    own, steps, rate = network(), 4, 0.06
    muon = Muon(
        TrainingSettings(optimizer="muon", weight_decay=0.01),
        own.vector.values,
        own.vector.gradients,
        own.filter_banks(),
    )
    found = own.parameters()
    bank = found["3.conv.kernel"].value.double().numpy().copy()
    rest = found["6.dense.kernel"].value.double().numpy().copy()
    momentum, memory = 0.0, {"m": 0.0}
    for _ in range(steps):
        own.vector.gradients.normal_(generator=torch.Generator().manual_seed(1))
        slopes = {name: part.gradient.double().numpy().copy() for name, part in found.items()}
        muon.step(rate)
        momentum = 0.6 * momentum + slopes["3.conv.kernel"]
        slope = torch.from_numpy(slopes["3.conv.kernel"] + 0.6 * momentum)
        bank = bank / np.linalg.norm(bank) * np.sqrt(8) - rate * orthogonal(slope).numpy()
        memory["m"] = 0.9 * memory["m"] - 0.1 * slopes["6.dense.kernel"]
        rest = rest * (1 - rate * 0.01) + 0.9 * memory["m"] - 0.1 * slopes["6.dense.kernel"]
    np.testing.assert_allclose(found["3.conv.kernel"].value, bank, atol=1e-5)
    np.testing.assert_allclose(found["6.dense.kernel"].value, rest, atol=1e-5)
