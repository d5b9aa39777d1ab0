"""The Open Inference Protocol: metadata, tensors as JSON and as bytes, and wrong ones."""

import json

import numpy as np
import pytest
from served_app import ask, made_app, noise, tensor_body

from made_bundles import made_bundle
from vestry.serve.http.request import Limits
from vestry.serve.predictor import Predictor

INFER = "/v2/models/made/infer"


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return made_bundle(tmp_path_factory.mktemp("protocol") / "made.onnx")


@pytest.fixture(scope="module")
def app(path):
    return made_app(path.parent, [path])


@pytest.fixture(scope="module")
def predictor(path):
    return Predictor(path)


def infer(app, body, headers):
    return ask(app, "POST", INFER, body, headers=headers)


def test_health_and_metadata(app):
    assert ask(app, "GET", "/v2/health/live").json == {"live": True}
    assert ask(app, "GET", "/v2/health/ready").json["ready"] is True
    assert ask(app, "GET", "/v2").json["extensions"] == ["binary_tensor_data"]
    facts = ask(app, "GET", "/v2/models/made/versions/1").json
    assert facts == ask(app, "GET", "/v2/models/made").json
    assert facts["inputs"] == [{"name": "images", "datatype": "UINT8", "shape": [-1, 28, 28]}]
    assert [(o["name"], o["shape"]) for o in facts["outputs"]] == [
        ("probabilities", [-1, 10]),
        ("member_probabilities", [-1, 2, 10]),
    ]
    for place in ("/v2/models/made/ready", "/v2/models/made/versions/1/ready"):
        assert ask(app, "GET", place).json == {"name": "made", "ready": True}


@pytest.mark.parametrize("place", ["other", "made/versions/2", "..", "made/versions/.."])
@pytest.mark.parametrize("end", ["", "/ready", "/infer"])
def test_other_models_and_versions_are_not_there(app, place, end):
    method = "POST" if end == "/infer" else "GET"
    got = ask(app, method, f"/v2/models/{place}{end}", *([b"{}"] if end == "/infer" else []))
    assert (got.status, set(got.json)) == (404, {"error"})


def test_a_model_that_is_no_committee_has_one_output(tmp_path):
    made_bundle(tmp_path / "made.onnx", members=1, rule=None)
    app = made_app(tmp_path, [tmp_path / "made.onnx"])
    outputs = [o["name"] for o in ask(app, "GET", "/v2/models/made").json["outputs"]]
    assert outputs == ["probabilities"]
    body, headers = tensor_body(noise())
    assert [o["name"] for o in infer(app, body, headers).json["outputs"]] == outputs


def test_json_tensors(app, predictor):
    images = noise(3)
    body, headers = tensor_body(images, id="42")
    got = infer(app, body, headers).json
    assert (got["model_name"], got["model_version"], got["id"]) == ("made", "1", "42")
    whole, each = (np.array(o["data"], np.float32).reshape(o["shape"]) for o in got["outputs"])
    expected = predictor.votes(images)
    np.testing.assert_allclose(whole, expected[0], rtol=1e-6)
    np.testing.assert_allclose(each, expected[1], rtol=1e-6)


def test_data_may_be_nested_as_its_shape_is(app):
    images = noise(2)
    body, headers = tensor_body(images)
    nested = json.loads(body)
    nested["inputs"][0]["data"] = images.tolist()
    assert infer(app, json.dumps(nested).encode(), headers).json == infer(app, body, headers).json


def test_an_output_can_be_chosen_and_sent_as_bytes(app, predictor):
    images = noise(2)
    chosen = [{"name": "member_probabilities", "parameters": {"binary_data": True}}]
    body, headers = tensor_body(images, binary=True, outputs=chosen)
    got = infer(app, body, headers)
    assert got.headers["content-type"] == "application/octet-stream"
    length = int(got.headers["inference-header-content-length"])
    (output,) = json.loads(got.body[:length])["outputs"]
    assert output["parameters"]["binary_data_size"] == len(got.body) - length
    values = np.frombuffer(got.body[length:], np.float32).reshape(output["shape"])
    np.testing.assert_array_equal(values, predictor.votes(images)[1])


def test_all_outputs_as_bytes_unless_one_says_otherwise(app):
    outputs = [
        {"name": "probabilities", "parameters": {"binary_data": False}},
        {"name": "member_probabilities"},
    ]
    asked = {"parameters": {"binary_data_output": True, "priority": 3, "note": "mine"}}
    body, headers = tensor_body(noise(), outputs=outputs, **asked)
    got = infer(app, body, headers)
    length = int(got.headers["inference-header-content-length"])
    first, second = json.loads(got.body[:length])["outputs"]
    assert len(first["data"]) == 10
    assert second["parameters"]["binary_data_size"] == 2 * 10 * 4


def changed(**tensor):
    facts = {"name": "images", "shape": [1, 28, 28], "datatype": "UINT8", "data": [0] * 784}
    return {"inputs": [facts | tensor]}


def request_with(**facts):
    return changed() | facts


BAD = [
    (changed(name="pixels"), "`images`"),
    (changed(datatype="FP32"), "FP32"),
    (changed(datatype=None), "None"),
    (changed(shape=[1, 28, 27]), "(n, 28, 28)"),
    (changed(shape=[28, 28]), "(n, 28, 28)"),
    (changed(shape=[1, 28, 28, 1]), "(n, 28, 28)"),
    (changed(shape=[2, 28, 28]), "1,568"),
    (changed(shape=[0, 28, 28]), "0 images"),
    (changed(shape=[-1, 28, 28]), "-1 images"),
    (changed(shape=[10**30, 28, 28]), "images"),
    (changed(shape=[1.0, 28, 28]), "whole numbers"),
    (changed(shape=[True, 28, 28]), "whole numbers"),
    (changed(shape="1,28,28"), "whole numbers"),
    (changed(shape=None), "whole numbers"),
    (changed(data=[0] * 783), "783 values"),
    (changed(data=[0] * 783 + [256]), "256"),
    (changed(data=[-1] + [0] * 783), "-1"),
    (changed(data=[0.5] + [0] * 783), "whole numbers"),
    (changed(data=["0"] * 784), "whole numbers"),
    (changed(data=[None] * 784), "whole numbers"),
    (changed(data=[True] * 784), "whole numbers"),
    (changed(data=[10**40] + [0] * 783), "whole numbers"),
    (changed(data=[[0] * 784, [0]]), "flat or nested"),
    (changed(data={"0": 1}), "no list `data`"),
    (changed(data=None), "no list `data`"),
    (changed(parameters=[]), "not an object"),
    (changed(parameters={"x": [1]}), "'x'"),
    (changed(parameters={"binary_data_size": 784}), "both"),
    ({"inputs": []}, "one tensor"),
    ({"inputs": changed()["inputs"] * 2}, "one tensor"),
    ({"inputs": {}}, "not a list"),
    ({"inputs": [1]}, "not a list"),
    ({}, "not a list"),
    ([], "not an object"),
    (request_with(id=5), "`id`"),
    (request_with(id="x" * 2000), "`id`"),
    (request_with(parameters={"binary_data_output": "yes"}), "binary_data_output"),
    (request_with(outputs=[{"name": "logits"}]), "logits"),
    (request_with(outputs=[{"name": ["x"]}]), "no such output"),
    (request_with(outputs="probabilities"), "not a list"),
    (
        request_with(outputs=[{"name": "probabilities", "parameters": {"classification": 3}}]),
        "classification",
    ),
    (
        request_with(outputs=[{"name": "probabilities", "parameters": {"binary_data": 1}}]),
        "binary_data",
    ),
]


@pytest.mark.parametrize(("request_", "word"), BAD)
def test_what_is_wrong_in_a_tensor_is_said(app, request_, word):
    got = infer(app, json.dumps(request_).encode(), {"content-type": "application/json"})
    assert got.status == 400
    assert word in got.error


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b'{"inputs": NaN}', "NaN"),
        (b"\xff\xfe{}", "UTF-8"),
        (b"[" * 100_000, "nested"),
        (b"[]," * 300_000, "too many lists"),
        (b'{"a":' * 2000, "nested"),
        (b"9" * 5000, "JSON"),
    ],
)
def test_what_is_no_json_is_refused(app, body, word):
    got = infer(app, body, {"content-type": "application/json"})
    assert (got.status, word in got.error) == (400, True), got.error


@pytest.mark.parametrize("length", ["0", "-1", "x", "99999999", "9" * 40, "1", "10", ""])
def test_a_wrong_header_length_is_refused(app, length):
    body, _ = tensor_body(noise(), binary=True)
    assert infer(app, body, {"inference-header-content-length": length}).status == 400


@pytest.mark.parametrize(
    ("size", "sent"), [(784, 783), (784, 785), (783, 783), (-1, 784), ("784", 784), (784.0, 784)]
)
def test_bytes_of_another_number_are_refused(app, size, sent):
    request = changed(parameters={"binary_data_size": size})
    del request["inputs"][0]["data"]
    text = json.dumps(request).encode()
    headers = {"inference-header-content-length": str(len(text))}
    got = infer(app, text + bytes(sent), headers)
    assert (got.status, "bytes" in got.error) == (400, True)


def test_bytes_that_no_tensor_claims_are_refused(app):
    text = json.dumps(changed()).encode()
    got = infer(app, text + b"more", {"inference-header-content-length": str(len(text))})
    assert (got.status, "4 bytes follow" in got.error) == (400, True)


def test_json_is_read_up_to_its_own_limit(tmp_path):
    app = made_app(tmp_path, limits=Limits(max_json_bytes=1000))
    body, headers = tensor_body(noise())
    assert infer(app, body, headers).status == 413
    body, headers = tensor_body(noise(), binary=True)
    assert infer(app, body, headers).status == 200


def test_another_content_type_is_refused(app):
    assert infer(app, b"{}", {"content-type": "text/xml"}).status == 415
