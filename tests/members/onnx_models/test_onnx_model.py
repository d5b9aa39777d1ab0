"""A model that was trained elsewhere gives in a study what it gives at home."""

import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import TensorProto

from made_jobs import fit_job
from made_onnx_models import (
    dense_model,
    network,
    network_model,
    sklearn_model,
    written_by_torch,
)
from vestry.data.sources import digits
from vestry.members.backbones.backbone import planes_of, resized, with_channels
from vestry.members.estimators.fitted_estimator import softmax
from vestry.members.onnx_models import onnx_model
from vestry.members.onnx_models.kind import OnnxSettings

NAMES = tuple("0123456789")


@pytest.fixture(scope="module")
def rows():
    return digits.load().train


def fitted(path, rows, *, colour=False, names=NAMES, **settings):
    work = path.parent / f"work-{path.stem}"
    work.mkdir(exist_ok=True)
    images = coloured(rows.images) if colour else rows.images
    more = {"on_event": json.dumps, "class_names": names}
    job = fit_job(images, rows.labels, (100, 300), len(names), work, **more)
    return onnx_model.fit(OnnxSettings(onnx=str(path), **settings), job)


def coloured(images):
    """Three unlike channels."""
    return np.stack([images, 255 - images, images // 2], axis=3)


def probabilities(made, inputs):
    with torch.no_grad():
        return torch.softmax(made(inputs), dim=1).numpy()


def apart(given, expected):
    assert given.shape == expected.shape
    return float(np.abs(given - expected).max())


def test_a_scikit_learn_pipeline_gives_what_it_gives_at_home(rows, tmp_path):
    path = tmp_path / "theirs.onnx"
    pipeline = sklearn_model(path, rows.images[:900], rows.labels[:900], zipmap=False)
    member = fitted(path, rows)
    fresh = rows.images[900:]
    expected = pipeline.predict_proba((fresh.reshape(len(fresh), -1) / 255).astype(np.float32))
    assert apart(member.predict_proba(fresh), expected) < 1e-5
    assert (member.predict_proba(fresh).argmax(1) == rows.labels[900:]).mean() > 0.9


def test_lists_of_class_and_probability_are_read_as_their_matrix(rows, tmp_path):
    path = tmp_path / "zipped.onnx"
    pipeline = sklearn_model(path, rows.images[:900], rows.labels[:900])  # with its ZipMap
    fresh = rows.images[900:]
    expected = pipeline.predict_proba((fresh.reshape(len(fresh), -1) / 255).astype(np.float32))
    assert apart(fitted(path, rows).predict_proba(fresh), expected) < 1e-5


def test_names_in_the_file_put_its_columns_into_our_order(rows, tmp_path):
    """scikit-learn orders texts by the alphabet, whatever our order is."""
    path = tmp_path / "named.onnx"
    words = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    labels = np.array(words)[rows.labels]
    pipeline = sklearn_model(path, rows.images[:900], labels[:900])
    assert tuple(pipeline.classes_) == tuple(sorted(words)) != words
    member = fitted(path, rows, names=words)
    fresh = rows.images[900:]
    assert (member.predict_proba(fresh).argmax(1) == rows.labels[900:]).mean() > 0.9


def test_classes_of_another_order_are_put_into_ours(rows, tmp_path):
    path = tmp_path / "turned.onnx"
    turned = NAMES[3:] + NAMES[:3]
    labels = (rows.labels - 3) % 10
    pipeline = sklearn_model(path, rows.images[:900], labels[:900], zipmap=False)
    member = fitted(path, rows, classes=list(turned))
    fresh = rows.images[900:]
    theirs = pipeline.predict_proba((fresh.reshape(len(fresh), -1) / 255).astype(np.float32))
    ours = np.stack([theirs[:, turned.index(name)] for name in NAMES], axis=1)
    assert apart(member.predict_proba(fresh), ours) < 1e-5
    assert (member.predict_proba(fresh).argmax(1) == rows.labels[900:]).mean() > 0.9


@pytest.mark.parametrize("opset", [9, 13, 17, 21])
def test_logits_of_a_network_at_several_opsets(rows, tmp_path, opset):
    path, made = tmp_path / "net.onnx", network()
    network_model(path, made, opset=opset)
    member = fitted(path, rows, output="logits")
    expected = probabilities(made, torch.tensor(rows.images[:, None] / 255).float())
    assert apart(member.predict_proba(rows.images), expected) < 1e-5
    assert member.card()["opset"][""] == 21  # so that others can join it in one file


def test_operators_without_a_way_to_our_opset_stay_as_they_are(rows, tmp_path, monkeypatch):
    path, made = tmp_path / "old.onnx", network()
    network_model(path, made, opset=11, softmax=True)

    def convert(model, opset):
        raise RuntimeError("no adapter")

    monkeypatch.setattr(onnx_model.at_opset.__globals__["version_converter"],
                        "convert_version", convert)  # fmt: skip
    member = fitted(path, rows)
    expected = probabilities(made, torch.tensor(rows.images[:, None] / 255).float())
    assert apart(member.predict_proba(rows.images), expected) < 1e-5
    assert member.card()["opset"][""] == 11
    assert "stay at opset 11" in member.card()["notes"][0]


def test_a_colour_network_of_another_size_gets_what_it_was_trained_on(rows, tmp_path):
    path, made = tmp_path / "colour.onnx", network(channels=3, size=32)
    network_model(path, made, shape=("rows", 3, 32, 32), softmax=True)
    mean, deviation = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    member = fitted(path, rows, input={"mean": mean, "deviation": deviation})
    planes = resized(with_channels(planes_of(torch.tensor(rows.images)), 3), (32, 32)) / 255
    planes = (planes - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(deviation).view(3, 1, 1)
    assert apart(member.predict_proba(rows.images), probabilities(made, planes)) < 1e-5


def test_blue_comes_first_where_it_was_trained_so(rows, tmp_path):
    path, made = tmp_path / "bgr.onnx", network(channels=3)
    network_model(path, made, shape=("rows", 8, 8, 3), channels_last=True)
    member = fitted(
        path, rows, colour=True, output="logits", input={"channels": "bgr", "scale": "none",
                                                         "mean": [103.9, 116.8, 123.7],
                                                         "deviation": [60]},
    )  # fmt: skip
    images = coloured(rows.images)
    bgr = torch.tensor(images[..., ::-1].copy()).permute(0, 3, 1, 2).float()
    bgr = (bgr - torch.tensor([103.9, 116.8, 123.7]).view(3, 1, 1)) / 60
    assert apart(member.predict_proba(images), probabilities(made, bgr)) < 1e-5


def test_colour_becomes_grey_and_smaller_without_aliasing(rows, tmp_path):
    path, made = tmp_path / "grey.onnx", network(size=5)
    network_model(path, made, shape=("rows", 1, 5, 5), softmax=True)
    images = coloured(rows.images)
    member = fitted(path, rows, colour=True)
    planes = resized(with_channels(planes_of(torch.tensor(images)), 1), (5, 5)) / 255
    assert apart(member.predict_proba(images), probabilities(made, planes)) < 1e-5


@pytest.mark.parametrize("kind", ["DOUBLE", "FLOAT16", "UINT8", "INT64"])
def test_other_numbers_than_float_are_fed_as_such(rows, tmp_path, kind):
    path, weights = tmp_path / "typed.onnx", np.random.default_rng(0).normal(size=(64, 10))
    whole = kind in ("UINT8", "INT64")  # these get pixels 0 to 255
    weights = weights / 255 if whole else weights
    dense_model(path, weights, getattr(TensorProto, kind))
    flat = rows.images.reshape(len(rows.images), -1)
    expected = softmax((flat if whole else flat / 255) @ weights)
    given = fitted(path, rows).predict_proba(rows.images)
    assert apart(given, expected) < (0.02 if kind == "FLOAT16" else 1e-5)
    assert np.abs(given.sum(axis=1, dtype=float) - 1).max() < 1e-5


def test_whole_numbers_are_rounded_and_not_cut_off(rows, tmp_path):
    path, weights = tmp_path / "typed.onnx", np.random.default_rng(0).normal(size=(64, 10)) / 255
    dense_model(path, weights, TensorProto.UINT8)
    images = coloured(rows.images)
    grey = np.floor(images @ np.array([0.299, 0.587, 0.114]) + 0.5).reshape(len(images), -1)
    assert (grey != np.floor(images @ np.array([0.299, 0.587, 0.114])).reshape(grey.shape)).any()
    given = fitted(path, rows, colour=True).predict_proba(images)
    assert np.median(np.abs(given - softmax(grey @ weights))) < 1e-6


CONDITION = """<ir_version: 8, opset_import: ["" : 15]>
g (float[N,64] x) => (float[N,10] y) <float[64,10] w = {WEIGHTS}, bool c = {1}> {
  s = MatMul(x, w)
  y = If(c) <then_branch = t () => (float[N,10] a) { a = Softmax<axis=1>(s) },
             else_branch = e () => (float[N,10] b) { b = Identity(s) }>
}"""
FUNCTION = """<ir_version: 8, opset_import: ["" : 17, "local" : 1]>
g (float[N,64] x) => (float[N,10] y) <float[64,10] w = {WEIGHTS}> {
  s = MatMul(x, w)
  y = local.soft(s)
}
<domain: "local", opset_import: ["" : 17]>
soft (a) => (b) { b = Softmax<axis=1>(a) }"""


@pytest.mark.parametrize("text", [CONDITION, FUNCTION])
def test_conditions_and_functions_of_its_own_are_taken(rows, tmp_path, text):
    weights = np.random.default_rng(0).normal(size=(64, 10)).round(3)
    values = ",".join(map(str, weights.ravel().tolist()))
    model = onnx.parser.parse_model(text.replace("WEIGHTS", values))
    (tmp_path / "own.onnx").write_bytes(model.SerializeToString())
    member = fitted(tmp_path / "own.onnx", rows)
    expected = softmax(rows.images.reshape(len(rows.images), -1) / 255 @ weights)
    assert apart(member.predict_proba(rows.images), expected) < 1e-5
    assert member.card()["opset"] == {"": 21}


def test_weights_that_an_old_file_lists_as_inputs_are_none(rows, tmp_path):
    path, made = tmp_path / "old.onnx", network()
    network_model(path, made, opset=8, softmax=True)
    model = onnx.load(str(path))
    model.ir_version = 3
    model.graph.initializer.append(onnx.numpy_helper.from_array(np.zeros(2, np.float32), "unused"))
    for weights in model.graph.initializer:
        listed = (weights.name, weights.data_type, weights.dims)
        model.graph.input.append(onnx.helper.make_tensor_value_info(*listed))
    path.write_bytes(model.SerializeToString())
    expected = probabilities(made, torch.tensor(rows.images[:, None] / 255).float())
    assert apart(fitted(path, rows).predict_proba(rows.images), expected) < 1e-5


@pytest.mark.parametrize("open_rows", [True, False])
def test_what_torch_writes_is_taken_with_one_image_at_once_or_any_number(rows, tmp_path, open_rows):
    path = tmp_path / "torch.onnx"
    torch.manual_seed(0)
    made = torch.nn.Sequential(
        torch.nn.Conv2d(1, 6, 3),
        torch.nn.BatchNorm2d(6),
        torch.nn.ReLU(),
        torch.nn.MaxPool2d(2),
        torch.nn.Flatten(),
        torch.nn.Linear(54, 10),
    ).eval()
    written_by_torch(path, made, open_rows=open_rows)
    member = fitted(path, rows, output="logits")
    expected = probabilities(made, torch.tensor(rows.images[:, None] / 255).float())
    assert apart(member.predict_proba(rows.images), expected) < 1e-5
    assert "written by pytorch" in member.card()["definition"][0]


def test_the_card_says_where_it_comes_from_and_that_nothing_was_fitted(rows, tmp_path):
    path, made = tmp_path / "net.onnx", network()
    network_model(path, made, softmax=True)
    card = fitted(path, rows).card()
    assert card["parameters"] == sum(weights.numel() for weights in made.parameters())
    assert card["fit_seconds"] == 0 and card["trainable_parameters"] == 0
    assert card["file"]["producer"] == "theirs" and card["file"]["sha256"] in card["definition"][0]
    assert card["fitted_on"] == "Trained elsewhere; nothing was fitted here."
    assert "whether validation or test images were among them" in card["warnings"][0]
    assert "hardly more than by guessing" in card["warnings"][1]  # its weights are drawn
    assert card["parity"]["labels_equal"] == card["parity"]["rows"] == 200


def test_what_is_stored_takes_raw_images_and_gives_probabilities(rows, tmp_path):
    path = tmp_path / "theirs.onnx"
    sklearn_model(path, rows.images[:900], rows.labels[:900])
    member = fitted(path, rows)
    member.save(tmp_path / "stored")
    stored = tmp_path / "stored" / "model.onnx"
    onnx.checker.check_model(str(stored))
    session = onnxruntime.InferenceSession(str(stored), providers=["CPUExecutionProvider"])
    (taken,), (given,) = session.get_inputs(), session.get_outputs()
    assert (taken.name, taken.type, taken.shape[1:]) == ("images", "tensor(uint8)", [8, 8])
    assert (given.name, given.type, given.shape[1:]) == ("probabilities", "tensor(float)", [10])
    restored = onnx_model.load(tmp_path / "stored", json.loads(json.dumps(member.card())))
    fresh = rows.images[900:]
    assert np.array_equal(restored.predict_proba(fresh), member.predict_proba(fresh))
