"""Hand-written passes against autograd, for every kind of layer and in whole networks."""

import numpy as np
import pytest
import torch
from pydantic import TypeAdapter
from reference_network import TorchNetwork
from torch.nn import functional

from vestry.members.networks.block import Computation
from vestry.members.networks.layers import Layers
from vestry.members.networks.layers.dropout import DropoutBlock
from vestry.members.networks.network import Network

PARSED = TypeAdapter(Layers)
FLAT = {"flatten": True}
CASES = {
    "dense": [FLAT, {"dense": 7}],
    "dense tanh": [FLAT, {"dense": 7, "activation": "tanh"}, {"dense": 5, "activation": "sigmoid"}],
    "conv": [{"conv": 5, "kernel": 3}, {"conv": 4, "kernel": [2, 3]}, FLAT],
    "conv, no activation": [{"conv": 5, "kernel": 3, "activation": "none"}, FLAT],
    "strided": [{"conv": 5, "kernel": 3, "stride": 2}, {"conv": 4, "kernel": 3, "stride": 2}, FLAT],
    "leftover pixels": [
        {"conv": 9, "kernel": 2, "stride": 3},
        {"conv": 4, "kernel": 1, "stride": 2},
        FLAT,
    ],
    "same": [
        {"conv": 9, "kernel": 3, "padding": "same"},
        {"conv": 8, "kernel": [3, 2], "stride": 2, "padding": "same"},
        {"conv": 4, "kernel": 4, "stride": [2, 1], "padding": "same"},
        FLAT,
    ],
    "apart": [{"conv": 9, "kernel": 2, "stride": 2}, {"conv": 4, "kernel": 2, "stride": 2}, FLAT],
    "pool": [
        {"conv": 9, "kernel": 2},
        {"pool": 2},
        {"conv": 6, "kernel": 2, "activation": "tanh"},
        {"pool": 2},
        FLAT,
    ],
    "pool of many filters": [{"conv": 17, "kernel": 2}, {"pool": [3, 2]}, FLAT],
    "pool first": [{"pool": [2, 3]}, {"conv": 4, "kernel": 2}, FLAT],
    "overlapping pool": [{"conv": 4, "kernel": 3}, {"pool": 3, "stride": 2}, FLAT],
    "average pool": [{"conv": 4, "kernel": 3}, {"pool": 2, "kind": "average"}, FLAT],
    "global average": [{"conv": 4, "kernel": 3}, {"global_pool": "average"}],
    "global max": [{"conv": 4, "kernel": 3}, {"global_pool": "max"}],
    "batch norm": [
        {"conv": 4, "kernel": 3},
        {"batch_norm": True},
        {"pool": 2},
        FLAT,
        {"dense": 6},
        {"batch_norm": True},
    ],
    "wide and deep": [FLAT, {"dense": 6}, {"batch_norm": True}, {"concat": "input"}],
    "joined again": [
        {"conv": 4, "kernel": 3, "name": "early"},
        {"pool": 2},
        FLAT,
        {"dense": 6, "name": "middle"},
        {"dense": 5},
        {"concat": "middle"},
        {"concat": "early"},
    ],
    **{
        f"{name}": [
            {"conv": 5, "kernel": 3, "activation": name},
            {"batch_norm": True},
            {"activation": name},
            FLAT,
            {"dense": 6, "activation": name},
        ]
        for name in ("gelu", "silu", "leaky_relu", "relu")
    },
    "activations that others read from": [
        {"conv": 5, "kernel": 3, "activation": "tanh", "name": "early"},
        {"activation": "relu"},
        {"add": "early"},
        {"pool": 3, "stride": 2},
        {"activation": "leaky_relu"},
        FLAT,
    ],
    "pool between a convolution and gelu": [
        {"conv": 18, "kernel": 3, "activation": "none"},
        {"pool": 2},
        {"batch_norm": True},
        {"activation": "gelu"},
        {"conv": 9, "kernel": 2, "activation": "gelu"},
        {"pool": 2},
        FLAT,
    ],
    "padded by pixels": [
        {"conv": 9, "kernel": 2, "padding": 1, "activation": "none"},
        {"pool": 2},
        {"conv": 17, "kernel": 3, "padding": [1, 2], "stride": [2, 1]},
        {"pool": [1, 2]},
        {"conv": 4, "kernel": 3, "padding": [0, 1], "stride": 2, "bias": False},
        FLAT,
    ],
    **{
        f"padded by {mode}": [
            {"conv": 5, "kernel": 4, "padding": "same", "padding_mode": mode},
            {"pool": 2},
            {"conv": 4, "kernel": 3, "stride": 2, "padding": [2, 1], "padding_mode": mode},
            FLAT,
        ]
        for mode in ("reflect", "edge", "wrap")
    },
    "groups": [
        {"conv": 6, "kernel": 3, "groups": 2, "padding": "same"},
        {"conv": 18, "kernel": [2, 3], "groups": 3, "stride": 2, "bias": False},
        {"pool": 2},
        {"conv": 9, "kernel": 1, "groups": 9},
        FLAT,
    ],
    "depthwise": [
        {"conv": 6, "kernel": 3},
        {"depthwise": 1, "kernel": 3, "stride": 2, "padding": "same", "bias": False},
        {"batch_norm": True},
        {"depthwise": 2, "kernel": [1, 3], "padding": 1, "activation": "gelu"},
        {"pool": 2},
        {"depthwise": 1, "kernel": 2, "padding": [0, 1], "padding_mode": "wrap"},
        FLAT,
    ],
    "residual": [
        {"conv": 5, "kernel": 3},
        {
            "add": [
                {"conv": 5, "kernel": 3, "padding": 1, "activation": "none", "bias": False},
                {"batch_norm": True},
                {"activation": "relu"},
            ],
            "activation": "relu",
        },
        FLAT,
    ],
    "residual with a projection": [
        {"conv": 5, "kernel": 3},
        {"add": [{"conv": 7, "kernel": 3, "stride": [2, 1], "padding": "same"}]},
        {"add": [{"activation": "relu"}, {"conv": 4, "kernel": 1}], "name": "middle"},
        {"add": [{"conv": 3, "kernel": 1}, {"add": [{"conv": 6, "kernel": 1}]}]},
        {"add": "middle"},
        FLAT,
        {"add": [{"dense": 9}, {"batch_norm": True}, {"dense": 5}]},
        {"add": [{"dense": 5, "activation": "none"}]},
    ],
    "squeeze and excitation": [
        {"conv": 5, "kernel": 3},
        {"squeeze_excite": 2},
        {"conv": 4, "kernel": 3},
        {"squeeze_excite": 8},
        FLAT,
    ],
    "layer and group norm": [
        {"layer_norm": True},
        {"conv": 6, "kernel": 3},
        {"layer_norm": True},
        {"conv": 6, "kernel": 3},
        {"group_norm": 3},
        {"group_norm": 1, "epsilon": 0.01},
        FLAT,
        {"dense": 8},
        {"group_norm": 2},
        {"layer_norm": True},
    ],
    "repeated": [
        {"conv": 5, "kernel": 3},
        {
            "repeat": 2,
            "layers": [
                {"repeat": 2, "layers": [{"conv": 4, "kernel": 2}]},
                {"add": [{"repeat": 2, "layers": [{"conv": 4, "kernel": 3, "padding": "same"}]}]},
            ],
        },
        FLAT,
    ],
    **{
        f"{name} block": [
            {"conv": 5, "kernel": 3},
            {"block": name, "filters": 6, "stride": 2, "activation": "gelu"},
            {"block": name, "filters": 6, "kernel": [1, 3]},
            FLAT,
        ]
        for name in ("residual", "preactivation", "bottleneck", "separable")
    },
    "residual first": [{"add": [{"conv": 4, "kernel": 3, "padding": "same"}]}, FLAT],
}


def build(layers, shape=(11, 12, 2), computation=None):
    layers = PARSED.validate_python(layers)
    choices = {} if computation is None else dict.fromkeys(range(20), computation)
    network = Network(layers, shape, 3, 5, choices)
    torch.manual_seed(1)
    for name, tensor in network.tensors().items():  # biases and statistics that are not all alike
        if not name.endswith("kernel"):
            tensor.add_(0.2 * torch.rand(tensor.shape))
    network.vector.refresh()
    reference = TorchNetwork(layers, shape, 3)
    reference.restore(network.tensors())
    return network, reference, torch.rand(6, *shape), torch.randint(3, (6,))


def gradients(network, images, labels):
    scores = network.forward(images, training=True)
    truth = functional.one_hot(labels, 3)
    network.backward((torch.softmax(scores, 1) - truth) / len(images))
    return scores, {name: p.gradient.clone() for name, p in network.parameters().items()}


def reference_gradients(reference, network, images, labels):
    """By autograd, under the names and in the order of axes that `network` uses."""
    reference.train()
    scores = reference(images)
    functional.cross_entropy(scores, labels).backward()
    found = {}
    for index, (step, module) in enumerate(zip(reference.traced, reference.steps, strict=True)):
        key = f"{index + 1}.{step.layer.key}"
        inner = getattr(module, "inner", None)
        if inner is not None:
            kernel = inner.weight.grad
            kernel = kernel.permute(2, 3, 1, 0).flatten(0, 2) if kernel.ndim == 4 else kernel.t()
            found[f"{key}.kernel"] = kernel
            if inner.bias is not None:
                found[f"{key}.bias"] = inner.bias.grad
        elif step.layer.key == "squeeze_excite":
            for name, dense in module.named_children():
                found |= {f"{key}.{name}": dense.weight.grad.t()}
                found |= {f"{key}.{name}_bias": dense.bias.grad}
        elif step.layer.key.endswith("_norm"):
            found |= {f"{key}.scale": module.weight.grad, f"{key}.shift": module.bias.grad}
    return scores.detach(), found


@pytest.mark.parametrize("way", ["fold", "transposed", "library"])
@pytest.mark.parametrize("name", CASES)
def test_gradients_are_autograds(name, way):
    network, reference, images, labels = build(CASES[name], computation=Computation("fp32", way))
    scores, own = gradients(network, images, labels)
    expected_scores, expected = reference_gradients(reference, network, images, labels)
    torch.testing.assert_close(scores, expected_scores, rtol=1e-4, atol=1e-5)
    assert own.keys() == expected.keys()
    for key, gradient in expected.items():
        torch.testing.assert_close(
            own[key], gradient, rtol=1e-3, atol=1e-5, msg=lambda m, k=key: f"{k}: {m}"
        )


@pytest.mark.parametrize("count", [1, 6, 40])
@pytest.mark.parametrize("name", CASES)
def test_inference_is_the_modules(name, count):
    """Of many images by other kernels than of few."""
    network, reference, images, _ = build(CASES[name])
    images = torch.rand(count, *images.shape[1:])
    with torch.no_grad():
        expected = reference.eval()(images)
    torch.testing.assert_close(
        network.forward(images, training=False), expected, rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize(
    "name",
    ["conv", "pool", "batch norm", "wide and deep", "same", "residual", "layer and group norm"],
)
def test_bfloat16_gradients_are_close(name):
    network, reference, images, labels = build(CASES[name], computation=Computation("bf16"))
    _, own = gradients(network, images, labels)
    _, expected = reference_gradients(reference, network, images, labels)
    for key, gradient in expected.items():  # rounding may change which pixel of a pool is largest
        assert (own[key] - gradient).norm() <= 0.2 * gradient.norm() + 1e-3, key


def test_same_padding_puts_the_odd_pixel_at_the_end():
    """A 2 x 2 sum at stride 2 over 3 x 3: TensorFlow's windows start at the first pixel."""
    network = Network(
        PARSED.validate_python(
            [{"conv": 1, "kernel": 2, "stride": 2, "padding": "same", "activation": "none"}, FLAT]
        ),
        (3, 3, 1),
        4,
    )
    network.tensors()["1.conv.kernel"].fill_(1.0)
    network.tensors()["3.dense.kernel"].copy_(torch.eye(4))
    image = torch.arange(9.0).view(1, 3, 3, 1)
    expected = [0 + 1 + 3 + 4, 2 + 5, 6 + 7, 8]
    assert network.forward(image, training=False).flatten().tolist() == expected


def test_weights_start_as_keras_does():
    network = Network(PARSED.validate_python([{"conv": 32, "kernel": 3}, FLAT]), (8, 8, 16), 10, 3)
    tensors = network.tensors()
    kernel = tensors["1.conv.kernel"]
    limit = (6 / (9 * (16 + 32))) ** 0.5
    assert kernel.abs().max() <= limit
    assert kernel.std() == pytest.approx(limit / 3**0.5, rel=0.03)
    assert not tensors["1.conv.bias"].any()
    again = Network(PARSED.validate_python([{"conv": 32, "kernel": 3}, FLAT]), (8, 8, 16), 10, 4)
    assert not torch.equal(kernel, again.tensors()["1.conv.kernel"])


def test_weights_behind_precise_batch_norm_start_by_their_inputs():
    """As PyTorch's do; with Keras's statistics they are Keras's to the bit."""
    layers = [{"conv": 32, "kernel": 3}, {"batch_norm": True}, FLAT]
    precise = Network(PARSED.validate_python(layers), (8, 8, 16), 10, 3).tensors()
    for key, inputs in (("1.conv.kernel", 9 * 16), ("4.dense.kernel", 6 * 6 * 32)):
        limit = inputs**-0.5
        assert 0.98 * limit < precise[key].abs().max() <= limit
    plain = Network(PARSED.validate_python([layers[0], FLAT]), (8, 8, 16), 10, 3).tensors()
    layers[1] = {"batch_norm": True, "statistics": "keras"}
    keras = Network(PARSED.validate_python(layers), (8, 8, 16), 10, 3).tensors()
    assert torch.equal(keras["1.conv.kernel"], plain["1.conv.kernel"])
    assert torch.equal(keras["4.dense.kernel"], plain["3.dense.kernel"])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_dropout_drops_and_scales(dtype):
    dropout = DropoutBlock(0.3)
    dropout.seed(np.random.default_rng(0))
    values = torch.full((1000, 1000), 7.0, dtype=dtype)
    out = dropout.forward(values, training=True)
    share = (out == 0).float().mean().item()
    assert share == pytest.approx(0.3, abs=0.002)
    assert torch.equal(out[out != 0].unique(), torch.tensor([7 / 0.7], dtype=dtype))
    assert torch.equal(dropout.backward(values), out)
    assert dropout.forward(values, training=False) is values


def test_autograd_gives_the_same_in_inference_mode():
    """In which networks are trained, and whose tensors autograd does not take."""
    layers = [{"squeeze_excite": 2}, {"layer_norm": True}, {"activation": "relu"}, FLAT]
    network, reference, images, labels = build(layers)
    with torch.inference_mode():
        _, own = gradients(network, images.clone(), labels)
    _, expected = reference_gradients(reference, network, images, labels)
    for key, gradient in expected.items():
        torch.testing.assert_close(own[key], gradient, rtol=1e-3, atol=1e-5)


def test_a_dropped_branch_is_left_out_forward_and_backward():
    """Row by row: nothing of it and no gradient, or all of it over the share that is kept."""
    layers = [{"add": [{"dense": 4, "activation": "none"}], "drop": 0.25}]
    network = Network(PARSED.validate_python(layers), (4,), 4)
    network.seed(np.random.default_rng(0))
    tensors = network.tensors()
    tensors["1.dense.kernel"].copy_(torch.eye(4))
    tensors["3.dense.kernel"].copy_(torch.eye(4))
    ones = torch.ones(2000, 4)
    out = network.forward(ones, training=True)
    dropped = out[:, 0] == 1
    assert dropped.float().mean().item() == pytest.approx(0.25, abs=0.03)
    torch.testing.assert_close(out[~dropped], 1 + ones[~dropped] / 0.75)
    network.backward(ones)
    bias = network.parameters()["1.dense.bias"].gradient
    torch.testing.assert_close(bias, torch.full((4,), (~dropped).sum() / 0.75))
    assert torch.equal(network.forward(ones, training=False), 2 * ones)


def test_filters_of_several_channels_are_found_as_matrices():
    """For optimizers that go by matrices: no filters of one channel or of a group, no dense layer;
    every parameter is known by its layer's place, and by its role in it.
    """
    layers = [
        {"conv": 4, "kernel": 3},
        {"conv": 6, "kernel": [3, 2], "padding": "same"},
        {"depthwise": 1, "kernel": 3, "padding": "same"},
        {"conv": 6, "kernel": 3, "groups": 2, "padding": "same"},
        {"add": [{"conv": 8, "kernel": 1, "stride": 2}]},
        FLAT,
        {"add": [{"dense": 5}]},
    ]
    network = Network(PARSED.validate_python(layers), (11, 12, 1), 3)
    banks = [block.filter_bank for block in network.blocks if block.filter_bank is not None]
    names = {id(parameter): name for name, parameter in network.parameters().items()}
    assert {names[id(bank)]: tuple(bank.value.shape) for bank in banks} == {
        "2.conv.kernel": (3 * 2 * 4, 6),
        "5.conv.kernel": (6, 8),
        "6.add.kernel": (6, 8),
    }


def test_weights_of_another_network_are_refused():
    one = Network(PARSED.validate_python([FLAT, {"dense": 4}]), (4, 4, 1), 3)
    other = Network(PARSED.validate_python([FLAT]), (4, 4, 1), 3)
    with pytest.raises(ValueError, match="weights of another network"):
        one.restore(other.tensors())
