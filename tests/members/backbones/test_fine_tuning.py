"""A backbone's last layers learn with the head, and nothing before them; the whole is exported."""

import json

import numpy as np
import onnxruntime
import pytest
import torch
from pydantic import ValidationError
from torch import nn

from vestry.export.backbone_graph import backbone_graph
from vestry.members.backbones.architectures import Resnet50, Vgg16
from vestry.members.backbones.backbone_model import fit, load
from vestry.members.backbones.fine_tuning import split
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.graph import Graph, finished
from vestry.members.networks.network import Network
from vestry.members.networks.settings import NetworkSettings

HEADS = {
    "dense": [{"flatten": True}, {"dense": 8, "activation": "tanh"}, {"dropout": 0.2}],
    "normed": [{"global_pool": "average"}, {"batch_norm": True}, {"dense": 8}],
}


def settings(backbone="vgg16", head="dense", **given):
    given = {"weights": "random", "epochs": 3, "precision": "fp32", "batch_size": 8} | given
    return BackboneSettings(backbone=backbone, layers=HEADS[head], **given)


@pytest.mark.parametrize("backbone", [Vgg16, Resnet50])
@pytest.mark.parametrize("layers", [1, 3, 13])
def test_the_two_parts_are_the_whole(backbone, layers):
    module = backbone().eval()
    module.initialise(torch.Generator().manual_seed(0))
    images = torch.randn(2, 3, 32, 32)
    first, last = split(module, layers)
    kinds = nn.Conv2d if backbone is Vgg16 else type(module.layer1[0])
    assert sum(isinstance(part, kinds) for part in last) == layers
    with torch.no_grad():
        assert torch.equal(last(first(images)), module(images))


@pytest.mark.parametrize("head", HEADS)
def test_the_gradient_of_what_goes_into_a_head_is_autograds(head):
    network = Network(NetworkSettings(layers=HEADS[head]).layers, (1, 1, 5), 3)
    network.seed(np.random.default_rng(0))
    network.ask_input_gradient()
    random = torch.Generator().manual_seed(0)
    features = torch.randn(16, 1, 1, 5, generator=random)
    aim = torch.randn(16, 3, generator=random)

    def loss(given):
        network.seed(np.random.default_rng(0))
        return float((network.forward(given, training=True) * aim).sum())

    loss(features)
    found = network.backward(aim.clone()).reshape(16, 5)
    for place in range(5):
        nudge = torch.zeros_like(features)
        nudge[1, 0, 0, place] = 2e-3
        slope = (loss(features + nudge) - loss(features - nudge)) / 4e-3
        assert abs(slope - float(found[1, place])) < 0.02 + 0.05 * abs(slope)


@pytest.mark.parametrize(
    ("backbone", "layers", "head"), [("vgg16", 2, "dense"), ("resnet50", 1, "normed")]
)
def test_the_last_layers_learn_and_the_rest_does_not(job, tmp_path, backbone, layers, head):
    work = job(rows=18)
    frozen = fit(settings(backbone, head), work)
    tuned = fit(
        settings(backbone, head, unfreeze=layers, fine_tuning={"epochs": 2}),
        work,
    )
    before, after = (m.features.backbone.tensors() for m in (frozen, tuned))
    changed = {name.rpartition(".")[0] for name in before if not before[name].equal(after[name])}
    if backbone == "vgg16":
        assert changed == {"features.26", "features.28"}
    else:
        assert changed and all(name.startswith("layer4.2.") for name in changed)

    def loss(member):
        said = member.predict_proba(work.images)
        return -np.log(np.maximum(said[np.arange(len(said)), work.labels], 1e-9)).mean()

    assert loss(tuned) < loss(frozen)
    tuned.save(tmp_path)
    card = json.loads(json.dumps(tuned.card()))
    assert card["trainable_parameters"] > frozen.card()["trainable_parameters"]
    assert card["parameters"] == frozen.card()["parameters"]
    assert f"frozen but for its last {layers}" in card["definition"][0]
    assert "were fine-tuned" in " ".join(card["notes"]) and card["fine_tuning"]["epochs"] == 2
    images = np.ascontiguousarray(work.images[:6])
    said = tuned.predict_proba(images)
    assert np.array_equal(load(tmp_path, card).predict_proba(images), said)
    graph = Graph()
    graph.rename(backbone_graph(graph, tmp_path, card), "probabilities")
    model = finished(graph, images.shape[1:], {"probabilities": (card["classes"],)})
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert np.abs(session.run(None, {"images": images})[0] - said).max() < 1e-4


@pytest.mark.parametrize(
    ("backbone", "given", "said"),
    [
        ("study:a/b", {"unfreeze": 1}, "to train all of such a network"),
        ("vgg16", {"unfreeze": 14}, "vgg16 has 13 layers"),
        ("vgg16", {"fine_tuning": {}}, "`unfreeze` says how many"),
        ("vgg16", {"unfreeze": 1, "teacher": "A"}, "do not go together"),
        ("vgg16", {"unfreeze": 0}, "greater than or equal to 1"),
    ],
)
def test_what_cannot_be_trained_is_refused(backbone, given, said):
    with pytest.raises(ValidationError, match=said):
        BackboneSettings(backbone=backbone, layers=HEADS["dense"], **given)
    with pytest.raises(ValidationError, match="says nothing of a head"):
        BackboneSettings(backbone="vgg16", estimator="sklearn.svm.SVC", unfreeze=1)


def test_fits_of_before_keep_their_keys():
    known = settings().model_dump(mode="json")
    assert not {"unfreeze", "fine_tuning", "teacher", "distillation"} & set(known)
