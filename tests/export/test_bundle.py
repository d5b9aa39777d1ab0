"""A bundle is read whole and safe, or refused with a reason."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from made_bundles import NOVELTY, SETS, made_bundle, made_graph
from vestry.errors import ModelError
from vestry.export.bundle import KEY, Bundle, bundle_of, read_bundle, with_bundle


@pytest.fixture
def path(tmp_path):
    return made_bundle(tmp_path / "made.onnx")


def changed(path, change):
    """The same file after `change` has had its model."""
    model = onnx.load(path)
    change(model)
    path.write_bytes(model.SerializeToString())
    return path


def test_what_is_written_is_read(path):
    _, bundle = read_bundle(path)
    assert bundle_of(bundle.as_json()) == bundle
    assert bundle.is_committee and bundle.members == ("Member 1", "Member 2")
    assert bundle.licence == "MIT" and bundle.image_shape == (28, 28)
    assert len(bundle.known.labels) == 30 and len(bundle.samples.ids) == 10


def test_weights_in_another_file_are_refused(path):
    def outside(model):
        tensor = model.graph.initializer[0]
        tensor.data_location = TensorProto.EXTERNAL
        tensor.external_data.add(key="location", value="../../etc/passwd")

    with pytest.raises(ModelError, match="weights lie in another file"):
        read_bundle(changed(path, outside))


def test_weights_in_another_file_are_found_inside_an_operator(path):
    tensor = TensorProto(name="hidden", data_location=TensorProto.EXTERNAL)
    tensor.external_data.add(key="location", value="/etc/passwd")

    def outside(model):
        model.graph.node.append(helper.make_node("Constant", [], ["more"], value=tensor))

    with pytest.raises(ModelError, match="hidden"):
        read_bundle(changed(path, outside))


@pytest.mark.parametrize("domain", ["custom.ops", "com.microsoft", "ai.onnx.contrib"])
def test_custom_operators_are_refused(path, domain):
    def custom(model):
        model.graph.node[0].domain = domain

    with pytest.raises(ModelError, match="custom operators are not loaded"):
        read_bundle(changed(path, custom))


def test_custom_operators_are_found_in_a_branch(path):
    inner = helper.make_graph(
        [helper.make_node("Evil", [], ["x"], domain="evil")],
        "branch",
        [],
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])],
    )

    def hidden(model):
        node = helper.make_node("If", ["yes"], ["y"], then_branch=inner, else_branch=inner)
        model.graph.node.append(node)

    with pytest.raises(ModelError, match="Evil"):
        read_bundle(changed(path, hidden))


def test_a_model_that_vestry_did_not_export_is_refused(tmp_path):
    path = tmp_path / "foreign.onnx"
    path.write_bytes(made_graph().SerializeToString())
    with pytest.raises(ModelError, match="`vestry export` did not write it"):
        read_bundle(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"nowhere\.onnx: No such file"):
        read_bundle(tmp_path / "nowhere.onnx")


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ({"image_shape": (14, 14)}, "images are not uint8 of"),
        ({"image_shape": (28, 28, 2)}, "not of a classifier"),
        ({"image_shape": (99999, 28)}, "are not read"),
        ({"classes": ("one",)}, "not of a classifier"),
    ],
)
def test_facts_that_are_not_the_graphs_are_refused(path, facts, reason):
    content, bundle = read_bundle(path)
    model = with_bundle(onnx.load_model_from_string(content), replace(bundle, **facts))
    path.write_bytes(model.SerializeToString())
    with pytest.raises(ModelError, match=reason):
        read_bundle(path)


def test_a_committee_without_its_members_votes_is_refused(path):
    def silent(model):
        del model.graph.output[1]

    with pytest.raises(ModelError, match="does not give member_probabilities"):
        read_bundle(changed(path, silent))


@settings(max_examples=60, deadline=None)
@given(cut=st.integers(0, 20_000), value=st.integers(0, 255))
def test_a_damaged_file_is_read_or_refused(tmp_path_factory, cut, value):
    path = made_bundle(tmp_path_factory.mktemp("damaged") / "made.onnx")
    content = bytearray(path.read_bytes())
    content[cut % len(content)] = value
    path.write_bytes(bytes(content[: len(content) - cut % 7]))
    try:
        _, bundle = read_bundle(path)
    except ModelError:
        return
    assert isinstance(bundle, Bundle)


@given(st.recursive(st.none() | st.integers() | st.text(), st.lists, max_leaves=5), st.text())
def test_facts_of_any_form_are_read_or_refused(value, key):
    import json

    for text in (json.dumps(value), json.dumps({"format": 1, key: value}), key):
        with pytest.raises(ModelError):
            bundle_of(text)


def test_the_key_is_the_documented_one(path):
    model = onnx.load(path)
    assert [entry.key for entry in model.metadata_props] == [KEY] == ["vestry"]
    assert np.array_equal(model.graph.input[0].type.tensor_type.shape.dim[1].dim_value, 28)


@pytest.mark.parametrize(
    "facts",
    [
        {"sets": SETS | {"thresholds": [0.2] * 9}},
        {"sets": SETS | {"by_class": ["0.2"] * 10}},
        {"sets": SETS | {"thresholds": [float("nan")] * 10}},
        {"sets": {"thresholds": [0.2] * 10}},
        {"sets": SETS | {"coverage_asked": None}},
        {"sets": [0.2] * 10},
        {"novelty": {"share_asked": 0.05}},
        {"novelty": NOVELTY | {"threshold": 7}},
    ],
)
def test_thresholds_that_no_answer_can_be_held_against_are_refused(tmp_path, facts):
    with pytest.raises(ModelError):
        read_bundle(made_bundle(tmp_path / "made.onnx", **facts))


def test_a_file_from_before_thresholds_were_stored_is_read(path):
    def older(model):
        facts = json.loads(model.metadata_props[0].value)
        del facts["sets"], facts["novelty"]
        model.metadata_props[0].value = json.dumps(facts)

    _, bundle = read_bundle(changed(path, older))
    assert bundle.sets == {} and bundle.novelty == {}
