"""Any ONNX file as a frozen backbone: where it is cut, what it takes, what it gives."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from torch import nn
from torch.nn import functional

from made_onnx_models import network, one_operator, write, written_by_torch
from vestry.errors import MemberError, StudyError
from vestry.members.backbones.backbone import IMAGENET, planes_of, resized
from vestry.members.backbones.backbone_model import fit, load
from vestry.members.backbones.kind import BackbonePlan
from vestry.members.backbones.onnx_cut import cut
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.kind import PlanContext
from vestry.members.onnx_models.model_file import opened_file

HEAD = [{"flatten": True}]
NAMES = ("a", "b", "c")


def on(path, **given):
    head = {} if "estimator" in given else {"layers": HEAD, "epochs": 2}
    given = head | given
    return BackboneSettings(backbone=f"onnx:{path}", **given)


def maps(channels=1, width=6):
    """Convolutions alone, which take any size, and a dense layer on their means."""
    torch.manual_seed(1)
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(width, 4),
    ).eval()


def open_file(path, made, channels=1):
    """Written by torch's exporter, for any number of rows and any size."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            made,
            (torch.zeros(1, channels, 16, 16),),
            str(path),
            dynamo=False,
            input_names=["x"],
            dynamic_axes={"x": {0: "rows", 2: "height", 3: "width"}},
        )
    return path


def features(member, images):
    return member.features.of(images, "fp32")


def test_a_file_of_torch_is_cut_before_its_output_layer_and_comes_back(job, tmp_path):
    made = network(size=8)
    written_by_torch(tmp_path / "n.onnx", made)
    work = job()
    work = replace(
        work, images=work.images[:, :8, :8], validation_images=work.validation_images[:, :8, :8]
    )
    member = fit(on(tmp_path / "n.onnx"), work)
    planes = planes_of(torch.from_numpy(work.images)) / 255
    with torch.no_grad():
        expected = made[:3](planes).numpy()
    assert np.allclose(features(member, work.images)[:, 0, 0], expected, atol=1e-5)
    member.save(tmp_path / "a")
    card = json.loads(json.dumps(member.card(), allow_nan=False))
    assert "cut before its output layer" in card["definition"][0]
    assert card["backbone"]["parameters"] == 6 * 9 + 6 and card["backbone"]["weights"] == "onnx"
    (tmp_path / "n.onnx").unlink()
    restored = load(tmp_path / "a", card)
    given = member.predict_proba(work.validation_images)
    assert np.array_equal(restored.predict_proba(work.validation_images), given)
    (stored,) = (tmp_path / "a").glob("backbone-*.onnx")
    stored.write_bytes(stored.read_bytes()[:-1] + b"!")
    with pytest.raises(MemberError, match="not hold the backbone that the model was fitted with"):
        load(tmp_path / "a", card)


@pytest.mark.parametrize("pool", ["none", "average", "max"])
@pytest.mark.parametrize("colour", [False, True])
def test_a_named_output_gives_maps_as_they_are_or_pooled(job, tmp_path, pool, colour):
    made = maps(3 if colour else 1)
    path = open_file(tmp_path / "maps.onnx", made, 3 if colour else 1)
    work = job(colour=colour)
    head = {"estimator": "sklearn.naive_bayes.GaussianNB", "pool": pool}
    chosen = on(path, **head, output="/1/Relu_output_0", image_size=20)
    chosen = BackboneSettings(**chosen.model_dump())  # as a worker process reads it
    member = fit(chosen, work)
    planes = resized(planes_of(torch.from_numpy(work.images)), (20, 20))
    planes = IMAGENET.apply(planes) if colour else planes / 255
    with torch.no_grad():
        expected = made[:2](planes)
    if pool != "none":
        reduced = (
            functional.adaptive_avg_pool2d if pool == "average" else functional.adaptive_max_pool2d
        )
        expected = reduced(expected, 1)
    laid = expected.permute(0, 2, 3, 1).numpy()
    assert np.allclose(features(member, work.images), laid, atol=1e-4)
    card = member.card()
    assert card["backbone"]["image_size"] == [20, 20]
    assert "cut at /1/Relu_output_0" in card["definition"][0]
    assert any("ImageNet's mean" in note for note in card["notes"]) == colour


def test_the_study_may_say_channels_and_scaling(job, tmp_path):
    made = maps(3)
    path = open_file(tmp_path / "maps.onnx", made, 3)
    work = job(colour=True)
    given = {"channels": "bgr", "scale": "none", "mean": [127.0], "deviation": [2.0]}
    member = fit(on(path, input=given, image_size=[10, 9]), work)
    planes = (planes_of(torch.from_numpy(work.images)).flip(1) - 127) / 2
    with torch.no_grad():
        expected = made[:4](planes).numpy()
    assert np.allclose(features(member, work.images)[:, 0, 0], expected, atol=1e-3)
    assert not member.card()["notes"]


def test_the_channels_of_a_map_may_come_last(job, tmp_path):
    made = maps()
    weights = {name: value.detach().numpy() for name, value in made.named_parameters()}
    graph = helper.make_graph(
        [
            helper.make_node("Transpose", ["x"], ["planes"], perm=[0, 3, 1, 2]),
            helper.make_node(
                "Conv", ["planes", "0.weight", "0.bias"], ["c"], strides=[2, 2], pads=[1] * 4
            ),
            helper.make_node("Transpose", ["c"], ["y"], perm=[0, 2, 3, 1]),
        ],
        "last",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 10, 9, 1])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 5, 5, 6])],
        [numpy_helper.from_array(weights[name], name) for name in ("0.weight", "0.bias")],
    )
    path = write(tmp_path / "last.onnx", graph)
    work = job()
    for pool in ("none", "max"):
        chosen = on(path, estimator="sklearn.naive_bayes.GaussianNB", pool=pool)
        member = fit(chosen, work)
        with torch.no_grad():
            expected = made[0](planes_of(torch.from_numpy(work.images)) / 255)
        expected = expected.amax((2, 3), keepdim=True) if pool == "max" else expected
        laid = expected.permute(0, 2, 3, 1).numpy()
        assert np.allclose(features(member, work.images), laid, atol=1e-5)
        assert "no dense layer ends it" in member.card()["definition"][0]


TAILS = {
    "bias": [("Add", True)],
    "scaled": [("Mul", True), ("Add", True)],
    "softmax": [("Softmax", False)],
    "dropout": [("Dropout", False), ("Identity", False)],
    "sigmoid": [("Sigmoid", False)],
}


def tailed(path, tail, operator="MatMul", residual=False, turned=False):
    """Pixels times a matrix, ReLU, an output layer, and whatever comes after it."""
    random = np.random.default_rng(0)
    nodes = [
        helper.make_node("Flatten", ["x"], ["flat"]),
        helper.make_node("MatMul", ["flat", "first"], ["a"]),
        helper.make_node("Relu", ["a"], ["features"]),
    ]
    last = "last"
    if turned:
        nodes.append(helper.make_node("Transpose", ["last"], ["turned"], perm=[1, 0]))
        last = "turned"
    nodes.append(helper.make_node(operator, ["features", last], ["v0"]))
    value = "v0"
    for number, (kind, constant) in enumerate(tail, 1):
        inputs = [value, "number"] if constant else [value]
        nodes.append(helper.make_node(kind, inputs, [f"v{number}"]))
        value = f"v{number}"
    if residual:
        nodes.append(helper.make_node("Add", [value, "features"], ["sum"]))
        value = "sum"
    weights = {
        "first": random.normal(size=(90, 7)),
        "last": random.normal(size=(7, 7)),
        "number": np.array([0.5]),
    }
    graph = helper.make_graph(
        nodes,
        "tailed",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1, 10, 9])],
        [helper.make_tensor_value_info(value, TensorProto.FLOAT, ["rows", 7])],
        [
            numpy_helper.from_array(array.astype(np.float32), name)
            for name, array in weights.items()
        ],
    )
    write(path, graph)


@given(
    tail=st.lists(st.sampled_from(sorted(TAILS)), max_size=4),
    operator=st.sampled_from(["MatMul", "Gemm"]),
    residual=st.booleans(),
    turned=st.booleans(),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_only_a_dense_layer_that_ends_the_file_is_taken_off(
    tmp_path, tail, operator, residual, turned
):
    path = tmp_path / "tailed.onnx"
    tailed(path, [step for name in tail for step in TAILS[name]], operator, residual, turned)
    found = cut(opened_file(path), None)
    if residual:
        assert found.file.output.name == "sum" and "no dense layer ends it" in found.words
    else:
        assert found.file.output.name == "features"
        assert {tensor.name for tensor in found.file.model.graph.initializer} == {"first"}


def planned(places, chosen, shape=(10, 9)):
    plan = BackbonePlan(PlanContext(shape, NAMES, places))
    return plan.describe(chosen), plan.identity(chosen), plan.settled(chosen)


def test_planning_knows_the_file_and_its_digest(places, tmp_path):
    open_file(tmp_path / "maps.onnx", maps())
    told, identity, settled = planned(places, on("maps.onnx"))
    assert told == "head of 21 parameters on maps.onnx, 60 frozen"
    assert settled.sha256 in identity and len(settled.sha256) == 64
    open_file(tmp_path / "maps.onnx", maps(width=5))
    assert planned(places, on("maps.onnx"))[1] != identity
    with pytest.raises(StudyError, match="it is another file"):
        planned(places, settled)


def refused(places, chosen, shape=(10, 9)):
    with pytest.raises((MemberError, StudyError)) as caught:
        planned(places, chosen, shape)
    return str(caught.value)


def test_files_that_cannot_serve_are_refused_before_any_fit(places, tmp_path):
    path = open_file(tmp_path / "maps.onnx", maps())
    assert "did you mean `maps.onnx`?" in refused(places, on("map.onnx"))
    said = refused(places, on("maps.onnx", output="/1/Relu_output"))
    assert "there is no value" in said and "did you mean `/1/Relu_output_0`?" in said
    assert "the last ones are" in refused(places, on("maps.onnx", output="nothing like it"))
    (tmp_path / "noise.onnx").write_bytes(b"\x08\x07" + bytes(range(256)) * 20)
    assert "ONNX" in refused(places, on("noise.onnx"))
    (tmp_path / "short.onnx").write_bytes(path.read_bytes()[:-50])
    assert str(tmp_path / "short.onnx") in refused(places, on("short.onnx"))
    one_operator(tmp_path / "labels.onnx", "Cast", out=TensorProto.INT64, to=TensorProto.INT64)
    assert "none of floats" in refused(places, on("labels.onnx"))


@pytest.mark.parametrize(
    ("shape", "given", "said"),
    [
        ((2, 1, 10, 9), (2, 4), "takes exactly 2 images at once"),
        (("rows", 1, 20, 20), ("rows", 4), "it cannot take size = (10, 9)"),
    ],
)
def test_what_a_file_takes_is_said_where_it_does_not_fit(places, tmp_path, shape, given, said):
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["x"], ["p"]),
            helper.make_node("Flatten", ["p"], ["y"]),
        ],
        "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, given)],
    )
    write(tmp_path / "odd.onnx", graph)
    assert said in refused(places, on("odd.onnx", image_size=[10, 9]))


def test_features_that_are_no_numbers_are_refused(places, tmp_path):
    graph = helper.make_graph(
        [
            helper.make_node("Sub", ["x", "x"], ["zero"]),
            helper.make_node("Div", ["x", "zero"], ["y"]),
        ],
        "odd",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["rows", 1, 10, 9])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 1, 10, 9])],
    )
    write(tmp_path / "odd.onnx", graph)
    assert "NaN or infinite" in refused(places, on("odd.onnx"))
