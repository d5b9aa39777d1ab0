"""The last layers of a file learn with the head: cut off, computed by torch, put back."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

from vestry.errors import MemberError
from vestry.export.backbone_graph import backbone_graph
from vestry.members.backbones.backbone_model import fit, load
from vestry.members.backbones.efficientnet_lite0 import is_at_hand
from vestry.members.backbones.graph_tail import tail_of
from vestry.members.backbones.kind import BackbonePlan
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.tail_module import TailModule
from vestry.members.graph import Graph, finished
from vestry.members.kind import PlanContext

HEAD = [{"flatten": True}, {"dense": 8}]


class Residual(nn.Module):
    """Two convolutions beside what they are added to, so that two values come into the last."""

    def __init__(self, channels=6):
        super().__init__()
        self.first = nn.Conv2d(1, channels, 3, 2, 1)
        self.inner = nn.Conv2d(channels, channels, 3, 1, 1, groups=2)
        self.norm = nn.BatchNorm2d(channels)
        self.last = nn.Conv2d(channels, channels, 1)
        self.head = nn.Linear(channels, 4)

    def forward(self, x):
        x = torch.relu(self.first(x))
        y = torch.nn.functional.hardswish(self.norm(self.inner(x)))
        x = torch.relu(self.last(y) + x)
        return self.head(x.mean((2, 3)))


@pytest.fixture
def file(tmp_path):
    import warnings

    torch.manual_seed(2)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch would rather use its new exporter, another package
        torch.onnx.export(
            Residual().eval(),
            (torch.zeros(1, 1, 32, 32),),
            str(tmp_path / "n.onnx"),
            dynamo=False,
            opset_version=17,
            input_names=["x"],
            dynamic_axes={"x": {0: "rows", 2: "height", 3: "width"}},
        )
    return tmp_path / "n.onnx"


def on(file, unfreeze=None, **given):
    more = {"unfreeze": unfreeze, "fine_tuning": {"epochs": 4}} if unfreeze else {}
    settings = {"layers": HEAD, "epochs": 3, "batch_size": 8} | more | given
    return BackboneSettings(backbone=f"onnx:{file}", **settings)


def weights_of(member):
    graph = onnx.load_from_string(member.features.backbone.content).graph
    return {each.name: numpy_helper.to_array(each) for each in graph.initializer}


@pytest.mark.parametrize(("layers", "values"), [(1, 2), (2, 1), (3, 1)])
def test_the_two_parts_are_the_whole(file, job, layers, values):
    work = job(rows=18)
    backbone = fit(on(file), work).features.backbone
    tail = tail_of(backbone.content, layers)
    module = TailModule(tail)
    first = backbone.with_content(tail.first_part())
    images = torch.from_numpy(work.images)
    entering = first.run(images)
    assert len(entering) == values
    with torch.no_grad():
        whole = backbone.forward(images, "fp32")
        assert torch.allclose(module(*entering), whole, atol=1e-5)
    assert module.content() == tail.with_weights({})


@pytest.mark.parametrize(("layers", "changed"), [(1, 2), (2, 4)])
def test_the_last_layers_learn_and_the_rest_does_not(file, job, tmp_path, layers, changed):
    work = job(rows=60)
    frozen, tuned = fit(on(file), work), fit(on(file, layers), work)
    before, after = weights_of(frozen), weights_of(tuned)
    other = [name for name in before if not np.array_equal(before[name], after[name])]
    assert len(other) == changed and not any(".first" in name for name in other)

    def loss(member):
        said = member.predict_proba(work.images)
        return -np.log(np.maximum(said[np.arange(len(said)), work.labels], 1e-9)).mean()

    assert loss(tuned) < loss(frozen)
    tuned.save(tmp_path / "kept")
    card = json.loads(json.dumps(tuned.card()))
    assert card["trainable_parameters"] > frozen.card()["trainable_parameters"]
    assert f"frozen but for its last {layers}" in card["definition"][0]
    said = tuned.predict_proba(work.images)
    assert np.array_equal(load(tmp_path / "kept", card).predict_proba(work.images), said)
    graph = Graph()
    graph.rename(backbone_graph(graph, tmp_path / "kept", card), "probabilities")
    model = finished(graph, work.images.shape[1:], {"probabilities": (card["classes"],)})
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    assert np.abs(session.run(None, {"images": work.images})[0] - said).max() < 1e-4


def test_of_the_network_that_pip_brings(job, places):
    if not is_at_hand(places):
        pytest.skip("the weights of EfficientNet-Lite0 are not installed")
    work = job(rows=18, colour=True)
    given = {"layers": HEAD, "epochs": 1, "batch_size": 8, "image_size": 32}
    settings = BackboneSettings(backbone="efficientnet-lite0", unfreeze=3, **given)
    frozen = fit(BackboneSettings(backbone="efficientnet-lite0", **given), work)
    before, after = weights_of(frozen), weights_of(fit(settings, work))
    other = {n for n in before if not np.array_equal(before[n], after[n])}
    last = {"_blocks.15._depthwise_conv", "_blocks.15._project_conv", "_conv_head"}
    assert {name.removeprefix("file/").rpartition(".")[0] for name in other} == last


def test_more_layers_than_a_file_has_are_refused_before_any_fit(file, places):
    plan = BackbonePlan(PlanContext((16, 16), ("a", "b", "c"), places))
    with pytest.raises(MemberError, match=r"has 3 convolutions and dense layers .* not 4"):
        plan.describe(on(file, 4))
    assert "frozen" in plan.describe(on(file, 3))


def test_an_operator_that_is_not_computed_here_is_named(file, job):
    content = fit(on(file), job(rows=18)).features.backbone.content
    model = onnx.load_from_string(content)
    [each for each in model.graph.node if each.op_type == "Relu"][-1].op_type = "Softsign"
    with pytest.raises(MemberError, match="hold Softsign, which cannot be trained here"):
        TailModule(tail_of(model.SerializeToString(), 1))


OPERATORS = {
    "same, strided": ("Conv", (5, 4, 3, 3), {"auto_pad": "SAME_UPPER", "strides": [2, 2]}),
    "lower": ("Conv", (5, 4, 4, 4), {"auto_pad": "SAME_LOWER", "strides": [3, 3]}),
    "padded unevenly": ("Conv", (5, 4, 3, 2), {"pads": [0, 1, 2, 0], "dilations": [2, 1]}),
    "grouped": ("Conv", (4, 2, 3, 3), {"group": 2}),
    "a dense layer of each row": ("MatMul", (7, 5), {}),
}
AFTER = {
    "max pool": ("MaxPool", {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]}),
    "max": ("GlobalMaxPool", {}),
    "gelu": ("Gelu", {"approximate": "tanh"}),
    "leaky": ("LeakyRelu", {"alpha": 0.3}),
    "hard sigmoid": ("HardSigmoid", {}),
    "turned": ("Transpose", {"perm": [0, 2, 3, 1]}),
    "flat": ("Flatten", {"axis": 2}),
    "mean": ("ReduceMean", {"keepdims": 0}),
    "erf": ("Erf", {}),
}


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("layer", OPERATORS)
def test_operators_compute_what_onnxruntime_does(layer, after):
    operator, sides, attributes = OPERATORS[layer]
    random = np.random.default_rng(3)
    weight = numpy_helper.from_array(random.normal(size=sides).astype(np.float32), "file/w")
    nodes = [
        helper.make_node(operator, ["images", "file/w"], ["file/y"], **attributes),
        helper.make_node(AFTER[after][0], ["file/y"], ["file/z"], **AFTER[after][1]),
    ]
    graph = helper.make_graph(
        nodes,
        "n",
        [helper.make_tensor_value_info("images", TensorProto.FLOAT, ["rows", 4, 9, 7])],
        [helper.make_tensor_value_info("file/z", TensorProto.FLOAT, None)],
        [weight],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
    content = model.SerializeToString()
    given = random.normal(size=(3, 4, 9, 7)).astype(np.float32)
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (expected,) = session.run(None, {"images": given})
    found = TailModule(tail_of(content, 1))(torch.from_numpy(given)).detach().numpy()
    assert found.shape == expected.shape
    assert np.allclose(found, expected, atol=1e-4)
