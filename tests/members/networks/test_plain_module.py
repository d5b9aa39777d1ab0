"""The layers of a study as a torch module: it gives what blocks give, forward and backward."""

import numpy as np
import pytest
import torch
from test_network import CASES, build

from vestry.errors import MemberError
from vestry.members.networks.autograd_network import AutogradNetwork
from vestry.members.networks.block import Block
from vestry.members.networks.layer import LAYERS
from vestry.members.networks.plain_module import PlainModule

FLAT = {"flatten": True}
MORE = {
    "keras statistics": [{"conv": 4, "kernel": 3}, {"batch_norm": True, "momentum": 0.9}, FLAT],
    "depthwise, grouped, other borders": [
        {"depthwise": 2, "kernel": 3, "padding": "same"},
        {"conv": 6, "kernel": 3, "groups": 2, "padding": [1, 2], "padding_mode": "reflect"},
        {"conv": 4, "kernel": 3, "padding": 1, "padding_mode": "wrap", "bias": False},
        {"conv": 4, "kernel": 3, "padding": 1, "padding_mode": "edge", "activation": "none"},
        {"dropout": 0.0},
        FLAT,
    ],
}
EVERY = {**CASES, **MORE}


def both(layers, shape=(11, 12, 2)):
    blocks, _, images, labels = build(layers, shape)
    plain = AutogradNetwork(
        PlainModule([step.layer for step in blocks.traced[:-1]], shape, 3, 5), shape, 3, "plain"
    )
    assert plain.tensors().keys() == blocks.tensors().keys()
    plain.restore(blocks.tensors())
    return blocks, plain, images, labels


@pytest.mark.parametrize("layers", EVERY.values(), ids=EVERY.keys())
def test_blocks_and_autograd_give_the_same(layers):
    blocks, plain, images, labels = both(layers)
    with torch.inference_mode():
        for network in (blocks, plain):
            network.standardise((255 * images).to(torch.uint8))
        given = [network.forward(images, training=True) for network in (blocks, plain)]
        torch.testing.assert_close(*given, rtol=1e-4, atol=1e-5)
        for network, scores in zip((blocks, plain), given, strict=True):
            network.backward((scores.softmax(1) - torch.eye(3)[labels]) / len(images))
        slopes = [
            dict(zip(blocks.parameters(), network.vector.parameters, strict=True))
            for network in (blocks, plain)
        ]
        for name, part in slopes[0].items():
            torch.testing.assert_close(
                slopes[1][name].gradient, part.gradient, rtol=1e-3, atol=1e-5, msg=name
            )
        for network in (blocks, plain):
            network.measure_statistics([images[:4], images[4:]])
        torch.testing.assert_close(
            *(network.forward(images, training=False) for network in (blocks, plain)),
            rtol=1e-4,
            atol=1e-5,
        )
    for name, tensor in blocks.tensors().items():
        torch.testing.assert_close(plain.tensors()[name], tensor, rtol=1e-4, atol=1e-5, msg=name)


def test_every_layer_is_among_them():
    def keys(layers):
        for layer in layers:
            yield from layer
            inner = layer.get("layers", layer.get("add"))
            yield from keys(inner) if isinstance(inner, list) else ()

    met = {key for layers in EVERY.values() for key in keys(layers)}
    assert set(LAYERS) - met <= {"coupled", "shifted"}  # other tests' own


def test_muon_steps_the_same_filters():
    blocks, plain, *_ = both([{"conv": 5, "kernel": 3}, {"conv": 4, "kernel": 3}, FLAT])
    one, other = ([tuple(b.value.shape) for b in n.filter_banks()] for n in (blocks, plain))
    assert one == other == [(18, 5), (45, 4)]


@pytest.mark.parametrize(
    "layers",
    [
        [FLAT, {"dropout": 0.4}],
        [{"add": [{"conv": 2, "kernel": 1}], "drop": 0.4}, FLAT],
    ],
)
def test_what_is_dropped_is_made_up_for_and_follows_from_the_seed(layers):
    _, plain, images, _ = both(layers)
    with torch.inference_mode():
        known = plain.forward(images, training=False)
        drawn = []
        for seed in (*range(400), 0):
            plain.seed(np.random.default_rng(seed))
            drawn.append(plain.forward(images, training=True).clone())
        assert torch.equal(drawn[0], drawn[-1]) and not torch.equal(drawn[0], drawn[1])
        error = torch.stack(drawn).std(0) / 20
        assert ((torch.stack(drawn).mean(0) - known).abs() < 5 * error + 1e-4).all()


def test_a_layer_without_a_plain_form_says_so(monkeypatch):
    monkeypatch.setattr(LAYERS["dense"], "plain", LAYERS["dense"].__mro__[1].plain)
    with pytest.raises(MemberError, match=r"'dense' is trained on the processor alone: DenseBlock"):
        both([FLAT])
    with pytest.raises(NotImplementedError):
        Block().differentiable(torch.zeros(1), ())
