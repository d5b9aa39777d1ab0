"""Networks as graphs answer as the networks do, for every layer that a study may have."""

import numpy as np
import onnxruntime
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from narrow_networks import PUBLISHED
from vestry.errors import StudyError
from vestry.export.network_graph import loaded, network_scores
from vestry.members.graph import Graph, finished
from vestry.members.networks.activations import ACTIVATIONS
from vestry.members.networks.graph_ends import scaled_pixels, softmax
from vestry.members.networks.network import Network
from vestry.members.networks.rows import as_tensor, scaled
from vestry.members.networks.settings import NetworkSettings

CLASSES = 4
IMAGE = st.tuples(st.integers(8, 13), st.integers(8, 13)).flatmap(
    lambda sides: st.sampled_from([sides, (*sides, 3)])
)
ACTIVATION = st.sampled_from(list(ACTIVATIONS))
CONV = st.fixed_dictionaries(
    {
        "conv": st.integers(1, 20),
        "kernel": st.sampled_from([1, 2, 3, [3, 2]]),
        "stride": st.sampled_from([1, 2, [1, 2]]),
        "padding": st.sampled_from(["valid", "same", 1, [0, 2]]),
        "activation": ACTIVATION,
    },
    optional={
        "padding_mode": st.sampled_from(["zeros", "reflect", "edge", "wrap"]),
        "bias": st.booleans(),
    },
)
GROUPED = st.builds(
    lambda groups, of_each, conv: conv | {"conv": groups * of_each, "groups": groups},
    *(st.integers(1, 4), st.integers(1, 3), CONV),
)
DEPTHWISE = st.builds(
    lambda each, conv: {"depthwise": each, **{k: v for k, v in conv.items() if k != "conv"}},
    *(st.integers(1, 3), CONV),
)
POOL = st.fixed_dictionaries(
    {"pool": st.sampled_from([2, [2, 1], 3]), "kind": st.sampled_from(["max", "average"])},
    optional={"stride": st.sampled_from([1, 2])},
)
NORM = st.sampled_from([{"batch_norm": True}, {"layer_norm": True}, {"group_norm": 1}])
SQUEEZE = st.fixed_dictionaries({"squeeze_excite": st.sampled_from([1, 2, 8])})
ACTS = st.fixed_dictionaries({"activation": ACTIVATION})
SAME = CONV.map(lambda layer: layer | {"padding": "same"})


def adding(inner):
    layers = st.lists(inner, min_size=1, max_size=3)
    drop = st.sampled_from([0.0, 0.5])
    return st.fixed_dictionaries({"add": layers}, optional={"activation": ACTIVATION, "drop": drop})


RESIDUAL = adding(st.one_of(SAME, NORM, ACTS, SQUEEZE, adding(SAME)))
BLOCK = st.fixed_dictionaries(
    {
        "block": st.sampled_from(["residual", "preactivation", "bottleneck", "separable"]),
        "filters": st.integers(1, 9),
        "stride": st.sampled_from([1, 2, [2, 1]]),
    }
)
REPEATED = st.fixed_dictionaries(
    {"repeat": st.just(2), "layers": st.lists(BLOCK, min_size=1, max_size=2)}
)
KINDS = st.one_of(*(CONV, GROUPED, DEPTHWISE, POOL, NORM, ACTS, SQUEEZE, RESIDUAL, BLOCK, REPEATED))
PLANES = st.lists(KINDS, max_size=4)
TO_FLAT = st.sampled_from([{"flatten": True}, {"global_pool": "average"}, {"global_pool": "max"}])
FLAT = st.lists(
    st.one_of(
        st.fixed_dictionaries({"dense": st.integers(1, 12), "activation": ACTIVATION}),
        st.just({"dropout": 0.5}),
        NORM,
        ACTS,
        st.just({"concat": "input"}),
        adding(st.fixed_dictionaries({"dense": st.integers(1, 12), "activation": ACTIVATION})),
    ),
    max_size=3,
)


def network_of(layers, shape, seed=0):
    """A network with random biases and moving statistics, as training would leave them."""
    settings = NetworkSettings(layers=layers)
    network = Network(settings.layers, shape, CLASSES, seed)
    random = torch.Generator().manual_seed(seed)
    for name, tensor in network.tensors().items():
        if not name.endswith(("kernel", "squeeze", "excite")):
            drawn = torch.rand(tensor.shape, generator=random)
            tensor.copy_(drawn + 0.5 if "variance" in name or "scale" in name else drawn - 0.5)
    network.vector.refresh()
    return network


def graph_of(network, shape):
    graph = Graph()
    tensors = loaded({name: value.numpy() for name, value in network.tensors().items()})
    scores = network_scores(graph, network.traced, tensors, scaled_pixels(graph, "images", shape))
    graph.rename(softmax(graph, scores), "probabilities")
    return finished(graph, shape, {"probabilities": (CLASSES,)})


def both(network, shape, images):
    session = onnxruntime.InferenceSession(
        graph_of(network, shape).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = session.run(["probabilities"], {"images": images})[0]
    with torch.inference_mode():
        scores = network.forward(scaled(as_tensor(images)), training=False)
        return given, torch.softmax(scores, 1).numpy()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shape=IMAGE, planes=PLANES, to_flat=TO_FLAT, flat=FLAT, seed=st.integers(0, 99))
def test_any_network_answers_alike(shape, planes, to_flat, flat, seed):
    try:
        network = network_of([*planes, to_flat, *flat], shape, seed)
    except StudyError:  # it shrinks its images to nothing
        return
    images = np.random.default_rng(seed).integers(0, 256, (5, *shape), np.uint8)
    given, expected = both(network, shape, images)
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, expected, atol=2e-5)


def test_groups_answer_alike():
    layers = [
        {"conv": 12, "kernel": 3, "groups": 3, "padding": 1, "padding_mode": "edge"},
        {"group_norm": 4},
        {"conv": 8, "kernel": 3, "groups": 4, "stride": 2, "bias": False},
        {"flatten": True},
        {"group_norm": 2},
    ]
    images = np.random.default_rng(0).integers(0, 256, (3, 9, 10, 3), np.uint8)
    given, expected = both(network_of(layers, (9, 10, 3)), (9, 10, 3), images)
    np.testing.assert_allclose(given, expected, atol=1e-5)


def test_a_layer_joined_in_again_is_flattened_as_in_training():
    layers = [
        {"conv": 6, "kernel": 3, "name": "early"},
        {"pool": 2},
        {"flatten": True},
        {"dense": 5},
        {"concat": "early"},
        {"dense": 7},
    ]
    shape = (9, 10, 3)
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    given, expected = both(network_of(layers, shape), shape, images)
    np.testing.assert_allclose(given, expected, atol=1e-5)


@pytest.mark.parametrize("name", ["r9-8", "air-16", "depthwise"])
def test_narrow_networks_answer_alike(name):
    images = np.random.default_rng(0).integers(0, 256, (3, 28, 28), np.uint8)
    given, expected = both(network_of(PUBLISHED[name][0], (28, 28)), (28, 28), images)
    np.testing.assert_allclose(given, expected, atol=1e-5)


def test_any_number_of_rows_goes_in():
    shape = (8, 8)
    network = network_of([{"flatten": True}, {"dense": 3}], shape)
    session = onnxruntime.InferenceSession(
        graph_of(network, shape).SerializeToString(), providers=["CPUExecutionProvider"]
    )
    for rows in (0, 1, 17):
        given = session.run(None, {"images": np.zeros((rows, *shape), np.uint8)})[0]
        assert given.shape == (rows, CLASSES)
