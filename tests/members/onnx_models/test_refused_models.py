"""Files that cannot be used are refused with what is wrong, where, and how to go on."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from pydantic import ValidationError

from made_onnx_models import (
    dense_model,
    network,
    network_model,
    one_operator,
    with_external_weights,
    write,
)
from vestry.errors import MemberError
from vestry.members.kind import FitJob
from vestry.members.onnx_models import onnx_model
from vestry.members.onnx_models.kind import OnnxSettings

NAMES = tuple("0123456789")


def refused(path, *, names=NAMES, shape=(8, 8), **settings):
    """What is said of the file."""
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (20, *shape), np.uint8)
    labels = random.integers(0, len(names), 20)
    (path.parent / "work").mkdir(exist_ok=True)
    job = FitJob(
        images, labels, images, labels, len(names), 0, 1, path.parent / "work", json.dumps,
        class_names=names,
    )  # fmt: skip
    with pytest.raises(MemberError) as caught:
        onnx_model.fit(OnnxSettings(onnx=str(path), **settings), job)
    assert str(path.parent) in str(caught.value) or "data's" in str(caught.value)
    return str(caught.value)


def test_a_missing_file_and_the_nearest_name(tmp_path):
    one_operator(tmp_path / "theirs.onnx")
    said = refused(tmp_path / "thiers.onnx")
    assert "there is no file" in said and "did you mean `theirs.onnx`?" in said


def test_what_is_no_onnx(tmp_path):
    path = tmp_path / "noise.onnx"
    path.write_bytes(b"\x08\x07" + bytes(range(256)) * 20)
    assert "not a readable ONNX file" in refused(path) or "not an ONNX model" in refused(path)


def test_weights_in_other_files_and_operators_that_are_code(tmp_path):
    assert "weights lie in another file" in refused(
        with_external_weights(tmp_path / "outside.onnx", network())
    )
    custom = one_operator(tmp_path / "custom.onnx", "Run", domain="com.example")
    assert "custom operators are not loaded" in refused(custom)


@pytest.mark.parametrize(
    ("facts", "settings", "said"),
    [
        ({"shape": ("rows", 1, 64)}, {}, "its outputs are y: float (rows, 7)"),
        ({"shape": ("rows", 8, 8), "given": ("rows", 10, 1)}, {}, "one of floats (rows, 10)"),
        ({"shape": ("rows", 64), "given": ("rows",), "out": TensorProto.INT64,
          "operator": "Cast", "to": TensorProto.INT64}, {}, "it gives no scores"),
        ({"shape": ("rows", 9, 9, 9)}, {}, "does not show which side holds the channels"),
        ({"shape": ("rows", "a", "b", "c")}, {}, "does not show which side"),
        ({"shape": ("rows", 3, 32, 3)}, {}, "does not show which side"),
        ({"shape": None}, {}, "its input has no shape"),
        ({"shape": ("rows", 4, 8, 8)}, {"input": {"layout": "channels_first"}}, "4 channels"),
        ({"shape": ("rows", 1, 8, 8)}, {"input": {"channels": "rgb"}}, "1 channels; rgb is taken"),
        ({"shape": ("rows", 784)}, {}, "say which images it takes"),
        ({"shape": ("rows", 3, 32, 32)}, {"input": {"size": (16, 16)}}, "cannot take size"),
        ({"shape": ("rows", 64)}, {"input": {"layout": "channels_last"}}, "not channels_last"),
        ({"shape": ("rows", 3, 9000, 9000)}, {}, "2048 at most"),
        ({"shape": ("rows", 1, 8, 8)}, {"input": {"mean": [1, 2, 3]}}, "3 numbers for 1 channel"),
        ({"shape": ("rows",)}, {}, "images have 2 to 4 sides"),
        ({"kind": TensorProto.STRING, "shape": ("rows", 64)}, {}, "one of float, double"),
        ({"kind": TensorProto.UINT8, "shape": ("rows", 64)}, {"input": {"scale": "unit"}},
         "would leave nothing"),
    ],
)  # fmt: skip
def test_what_it_takes_and_gives_is_said(tmp_path, facts, settings, said):
    if "(rows, 7)" in said:
        facts = facts | {"given": ("rows", 7)}
    assert said in refused(one_operator(tmp_path / "odd.onnx", **facts), **settings)


def test_more_than_one_input(tmp_path):
    graph = helper.make_graph(
        [helper.make_node("Add", ["a", "b"], ["y"])],
        "two",
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, ["rows", 10]) for n in "ab"],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["rows", 10])],
    )
    assert "it takes 2 inputs (a, b)" in refused(write(tmp_path / "two.onnx", graph))


def test_another_number_of_images_at_once(tmp_path):
    path = network_model(tmp_path / "four.onnx", network(), shape=(4, 1, 8, 8))
    assert "exactly 4 images at once" in refused(path) and "dynamic_axes" in refused(path)


def test_logits_that_are_called_probabilities_and_the_reverse(tmp_path):
    logits = network_model(tmp_path / "logits.onnx", network())
    assert 'need output = "logits"' in refused(logits)
    sure = network_model(tmp_path / "sure.onnx", network(), softmax=True)
    assert "probabilities already" in refused(sure, output="logits")


def test_nan_is_no_probability(tmp_path):
    path = dense_model(tmp_path / "nan.onnx", np.full((64, 10), np.nan))
    assert "for 20 of 20 images it gives NaN or infinity" in refused(path)
    assert "pixels / 255" in refused(path)


def test_classes_that_are_not_the_datas(tmp_path):
    path = dense_model(tmp_path / "dense.onnx", np.zeros((64, 10)))
    said = refused(path, classes=[*NAMES[:9], "ten"])
    assert "'ten' too many and '9' missing" in said
    with pytest.raises(ValidationError, match="named twice"):
        OnnxSettings(onnx="a.onnx", classes=["a", "a"])


def test_a_file_that_is_another_now(tmp_path):
    path = dense_model(tmp_path / "dense.onnx", np.zeros((64, 10)))
    assert "it is another file" in refused(path, sha256="0" * 64)


def test_operators_that_do_not_run_here(tmp_path):
    path = tmp_path / "future.onnx"
    dense_model(path, np.zeros((64, 10)))
    model = onnx.load(str(path))
    model.opset_import[0].version = 4000
    path.write_bytes(model.SerializeToString())
    assert "it does not run" in refused(path)


@pytest.mark.parametrize(
    ("name", "how"),
    [
        ("net.h5", "tf2onnx"),
        ("net.pth", "torch.onnx.export"),
        ("svc.pkl", "skl2onnx"),
        ("net", "is no .onnx file"),
    ],
)
def test_other_formats_are_pointed_to_their_exporter(name, how):
    with pytest.raises(ValidationError, match=how):
        OnnxSettings(onnx=name)
