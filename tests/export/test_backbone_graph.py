"""Frozen backbones as graphs give the features that the members' own backbones give."""

import numpy as np
import onnxruntime
import pytest
import torch
from torch.nn import functional

from vestry.export.backbone_graph import backbone_features
from vestry.export.network_graph import loaded
from vestry.members.backbones.frozen_networks import EarlierNetwork, PublishedNetwork
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.source import image_size
from vestry.members.backbones.weights import random_backbone
from vestry.members.graph import Graph, finished
from vestry.members.networks.network import Network
from vestry.members.networks.rows import as_tensor
from vestry.members.networks.settings import NetworkSettings
from vestry.members.onnx_models.wrapped_graph import resize_matrix


@pytest.mark.parametrize(("size", "wanted"), [(28, 32), (28, 64), (64, 28), (33, 32), (7, 7)])
def test_resizing_is_torchs(size, wanted):
    plane = torch.rand((1, 1, size, size), generator=torch.Generator().manual_seed(0))
    expected = functional.interpolate(
        plane, (wanted, wanted), mode="bilinear", align_corners=False, antialias=True
    )[0, 0].numpy()
    matrix = resize_matrix(size, wanted)
    np.testing.assert_allclose(matrix @ plane[0, 0].numpy() @ matrix.T, expected, atol=1e-5)


def features_of(settings, card, backbone, shape, images):
    graph = Graph()
    weights = loaded({name: value.numpy() for name, value in backbone.tensors().items()})
    value = backbone_features(graph, "images", settings, card, weights)
    graph.rename(value.name, "features")
    sides = value.shape
    if value.layout == "channels_first":
        sides = (sides[2], *sides[:2])
    model = finished(graph, shape, {"features": sides})
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    given = session.run(None, {"images": images})[0]
    return given.transpose(0, 2, 3, 1) if value.layout == "channels_first" else given


@pytest.mark.parametrize(
    ("name", "shape", "layers"),
    [
        ("vgg16", (28, 28), [{"flatten": True}]),
        ("resnet50", (40, 36, 3), [{"global_pool": "average"}, {"dense": 4}]),
    ],
)
def test_published_backbones(name, shape, layers):
    settings = BackboneSettings(backbone=name, weights="random", layers=layers)
    facts = PUBLISHED[name]
    module = random_backbone(facts)
    random = torch.Generator().manual_seed(1)
    for key, tensor in module.state_dict().items():
        if key.endswith(("running_mean", "running_var")):
            tensor.copy_(torch.rand(tensor.shape, generator=random) + 0.5)
    backbone = PublishedNetwork(module, facts, image_size(settings, shape), settings.early_pool)
    images = np.random.default_rng(0).integers(0, 256, (2, *shape), np.uint8)
    with torch.inference_mode():
        expected = backbone.forward(as_tensor(images), "fp32").numpy()
    given = features_of(settings, {"image_shape": list(shape)}, backbone, shape, images)
    np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-4 * expected.max())


@pytest.mark.parametrize("shape", [(9, 9), (12, 10), (12, 10, 3)])
@pytest.mark.parametrize("trained_on", [(9, 9), (9, 9, 3)])
def test_an_earlier_network(shape, trained_on):
    settings = NetworkSettings(
        layers=[{"conv": 5, "kernel": 3}, {"pool": 2}, {"flatten": True}, {"dense": 6}]
    )
    network = Network(settings.layers, trained_on, 3)
    card = {
        "settings": settings.model_dump(mode="json"),
        "image_shape": list(trained_on),
        "classes": 3,
    }
    backbone = EarlierNetwork("study:run/net", card, network.tensors(), shape)
    images = np.random.default_rng(0).integers(0, 256, (3, *shape), np.uint8)
    with torch.inference_mode():
        expected = backbone.forward(as_tensor(images), "fp32").numpy()
    head = BackboneSettings(backbone="study:run/net", layers=[{"flatten": True}])
    whole = {"image_shape": list(shape), "earlier_network": card}
    given = features_of(head, whole, backbone, shape, images)
    np.testing.assert_allclose(given, expected, atol=1e-4)
