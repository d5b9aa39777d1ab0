"""Layers as data: shapes, counts, and errors that say where and what."""

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from narrow_networks import PUBLISHED
from vestry.errors import StudyError
from vestry.members.networks.geometry import same_padding
from vestry.members.networks.layers import Layers
from vestry.members.networks.tracing import MOST_CORES, network_threads, trace

PARSED = TypeAdapter(Layers)
NETWORKS = tomllib.loads(
    (Path(__file__).parents[3] / "benchmarks" / "networks.toml").read_text(encoding="utf-8")
)["network"]
TRAINABLE = {"B Model-3": 99_498, "D regularised CNN": 421_834, "D wide and deep": 32_750}


def traced(layers, shape=(28, 28), classes=10):
    return trace(PARSED.validate_python(layers), shape, classes)


@pytest.mark.parametrize("network", NETWORKS, ids=lambda n: n["name"])
def test_parameter_counts_are_those_of_the_reports(network):
    steps = traced(network["layers"])
    assert sum(step.parameters for step in steps) == network["parameters"]
    expected = TRAINABLE.get(network["name"], network["parameters"])
    assert sum(step.trainable for step in steps) == expected


@pytest.mark.parametrize("name", PUBLISHED)
def test_narrow_networks_have_their_published_size(name):
    layers, parameters, millions = PUBLISHED[name]
    steps = traced(layers)
    assert sum(step.trainable for step in steps) == parameters
    work = sum(step.multiply_adds for step in steps) / 1e6
    decimals = len(millions.partition(".")[2])
    assert f"{work:.{decimals}f}" == millions


def test_a_layer_in_full():
    step, _, output = traced(
        [{"conv": 8, "kernel": [3, 5], "stride": [2, 1], "padding": "same"}, {"flatten": True}],
        (7, 9, 3),
        4,
    )
    assert step.output_shape == (4, 9, 8)
    assert step.parameters == (3 * 5 * 3 + 1) * 8
    assert output.input_shape == (4 * 9 * 8,)
    assert step.multiply_adds == 4 * 9 * 8 * 3 * 5 * 3


def test_groups_and_depthwise_in_full():
    layers = [
        {"conv": 6, "kernel": [3, 1], "groups": 3, "padding": [1, 0], "bias": False},
        {"depthwise": 2, "kernel": 3, "stride": 2, "padding": "same"},
        {"flatten": True},
    ]
    grouped, depthwise, *_ = traced(layers, (7, 9, 3), 4)
    assert grouped.output_shape == (7, 9, 6)
    assert grouped.parameters == 3 * 1 * 6
    assert grouped.multiply_adds == 7 * 9 * 6 * 3
    assert depthwise.output_shape == (4, 5, 12)
    assert depthwise.parameters == (9 + 1) * 12
    assert depthwise.multiply_adds == 4 * 5 * 12 * 9


def test_norms_and_excitation_in_full():
    layers = [{"squeeze_excite": 2}, {"layer_norm": True}, {"group_norm": 2}, {"flatten": True}]
    excited, layer, group, *_ = traced(layers, (7, 9, 4), 4)
    assert excited.parameters == excited.trainable == (4 + 1) * 2 + (2 + 1) * 4
    assert excited.multiply_adds == 2 * 4 * 2
    assert layer.parameters == group.parameters == layer.trainable == 2 * 4


@pytest.mark.parametrize(
    ("block", "parameters"),
    [
        ("residual", 9 * 3 * 8 + 9 * 8 * 8 + 2 * 16 + 3 * 8),
        ("preactivation", 9 * 3 * 8 + 9 * 8 * 8 + 2 * (3 + 8) + 3 * 8),
        ("bottleneck", 3 * 2 + 9 * 2 * 2 + 2 * 8 + 2 * (2 + 2 + 8) + 3 * 8),
        ("separable", 9 * 3 + 3 * 8 + 2 * (3 + 8)),
    ],
)
def test_named_blocks_in_full(block, parameters):
    steps = traced([{"block": block, "filters": 8, "stride": 2}, {"flatten": True}], (9, 9, 3))
    assert sum(step.trainable for step in steps[:-1]) == parameters
    assert steps[-1].input_shape == (5 * 5 * 8,)


def test_what_is_repeated_stands_so_many_times_and_its_last_has_its_name():
    inner = [{"conv": 4, "kernel": 3}, {"batch_norm": True}]
    steps = traced([{"repeat": 3, "layers": inner, "name": "body"}, {"flatten": True}])
    assert [step.layer.key for step in steps[:-2]] == ["conv", "batch_norm"] * 3
    assert [step.layer.name for step in steps] == [*[None] * 5, "body", None, None]


def test_what_a_layer_leaves_at_its_default_is_stored_as_before():
    stored = {
        "name": None,
        "conv": 8,
        "kernel": 3,
        "stride": 1,
        "padding": "valid",
        "activation": "relu",
    }
    layers = PARSED.validate_python([{"conv": 8, "kernel": 3}])
    assert PARSED.dump_json(layers).decode() == json.dumps([stored], separators=(",", ":"))
    assert layers[0].words() == "conv 8, kernel 3"


def test_a_residual_block_in_full():
    inner = [{"conv": 8, "kernel": 3, "padding": "same", "stride": 2}, {"batch_norm": True}]
    layers = [{"add": inner, "name": "block"}, {"add": [{"activation": "gelu"}]}, {"add": "block"}]
    *steps, _ = traced([*layers, {"flatten": True}], (7, 9, 3), 4)
    assert [step.layer.key for step in steps] == [
        *("conv", "batch_norm", "add"),
        *("activation", "add"),
        *("add", "flatten"),
    ]
    assert [step.joined for step in steps] == [None, None, -1, None, 2, 2, None]
    assert {step.output_shape for step in steps[:-1]} == {(4, 5, 8)}
    assert steps[2].parameters == steps[2].trainable == 3 * 8
    assert steps[2].multiply_adds == 4 * 5 * 8 * 3
    assert steps[4].parameters == steps[4].multiply_adds == 0
    assert steps[2].layer.words() == "add what entered the 2 layers before"


@given(st.integers(1, 60), st.integers(1, 9), st.integers(1, 9))
def test_same_padding_gives_a_pixel_for_each_stride(length, kernel, stride):
    before, after = same_padding(length, kernel, stride)
    assert (length + before + after - kernel) // stride + 1 == -(-length // stride)
    assert 0 <= after - before <= 1


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([{"conv": 4, "kernel": 5}] * 3 + [{"flatten": True}], "layer 3 (conv): a 5 x 5 kernel"),
        ([{"pool": 30}, {"flatten": True}], "shrink below 1 x 1"),
        ([{"dense": 5}], "layer 1 (dense): dense takes a flat vector"),
        ([{"conv": 4, "kernel": 3}], "the output layer: dense takes a flat vector"),
        ([{"flatten": True}, {"pool": 2}], "flat already"),
        ([{"flatten": True}, {"concat": "inptu"}], "did you mean `input`?"),
        ([{"concat": "input"}], "concat joins flat vectors"),
        ([{"flatten": True, "name": "a"}, {"dense": 3, "name": "a"}], "taken already"),
        ([{"flatten": True, "name": "input"}], "taken already"),
        ([{"add": [{"conv": 4, "kernel": 3}]}], "cannot make the sides of 10 x 10 x 1 those of 8"),
        ([{"add": [{"flatten": True}]}], "not 10 x 10 x 1 and 100"),
        ([{"add": [{"pool": 2}, {"pool": 9}]}], "layer 1 (pool, 2 of the 3 in it): a 9 x 9 pool"),
        ([{"conv": 4, "kernel": 3}, {"conv": 6, "kernel": 3, "groups": 3}], "4 channels cannot be"),
        (
            [{"conv": 4, "kernel": 3, "padding": [9, 10], "padding_mode": "reflect"}],
            "a side of 10 pixels can be padded by 9 at most",
        ),
        ([{"flatten": True}, {"squeeze_excite": 4}], "flat already"),
        ([{"conv": 4, "kernel": 3}, {"group_norm": 3}], "4 channels cannot be put into 3 equal"),
        ([{"repeat": 4, "layers": [{"pool": 2}]}], "layer 1 (pool, 4 of the 4 in it)"),
        ([{"add": "early"}], "no earlier layer is called 'early'"),
    ],
)
def test_what_cannot_be_built(layers, words):
    with pytest.raises(StudyError) as error:
        traced(layers, (10, 10), 3)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([{"flatten": True}, {"cnov": 3}], "layer 2: unknown layer `cnov`; did you mean `conv`?"),
        ([{"zzz": 3}], "a layer is one of activation, add, batch_norm, block, concat, conv"),
        ([{}], "found nothing"),
        ([{"flatten": True}, 3], "layer 2: a table such as { flatten = true } is needed, not 3"),
        ([{"dense": 3, "activation": "rleu"}], "'rleu'"),
        ([{"dense": 3, "activation": 3}], "'sigmoid', 'leaky_relu', 'gelu' or 'silu'"),
        ([{"conv": 3, "kernel": 3, "strides": 2}], "strides"),
        ([{"kernel": 3, "conv": 3, "pool": 2}], "0.conv.pool"),
        ([{"conv": 0, "kernel": 3}], "greater than or equal to 1"),
        ([{"dropout": 1.0}], "less than 1"),
        ([{"batch_norm": False}], "True"),
        ([{"activation": "relu", "conv": 3, "kernle": 3}], "0.conv.kernle"),
        ([{"add": [{"cnov": 3}]}], "layer 1: unknown layer `cnov`; did you mean `conv`?"),
        ([{"conv": 4, "kernel": 3, "groups": 3}], "4 filters cannot be put into 3 equal groups"),
        ([{"conv": 4, "kernel": 3, "padding": "sane"}], "'valid' or 'same'"),
        ([{"depthwise": 1, "kernel": 3, "groups": 3}], "0.depthwise.groups"),
        ([{"repeat": 1001, "layers": [{"flatten": True}]}], "less than or equal to 1000"),
        (
            [{"repeat": 500, "layers": [{"repeat": 3, "layers": [{"flatten": True}]}]}],
            "stands for 1,500 layers, and may for 1,000 at most",
        ),
        ([{"repeat": 2, "layers": [{"conv": 3, "kernel": 3, "name": "a"}]}], "('a')"),
        ([{"block": "residaul", "filters": 3}], "'residual', 'preactivation'"),
        ([{"add": []}], "at least 1 item"),
        ([{"add": "early", "drop": 1}], "less than 1"),
    ],
)
def test_what_cannot_be_read(layers, words):
    with pytest.raises(ValidationError) as error:
        PARSED.validate_python(layers)
    assert words in str(error.value)


HELD = [{"add": [{"add": [{"activation": "silu"}], "drop": 0.5}, {"batch_norm": True}]}]


def test_layers_survive_json():
    for given_layers in (HELD, *(network["layers"] for network in NETWORKS)):
        layers = PARSED.validate_python(given_layers)
        assert PARSED.validate_json(PARSED.dump_json(layers)) == layers


def test_threads_grow_with_the_work_of_a_batch():
    threads = {n["name"]: network_threads(traced(n["layers"]), n["batch_size"]) for n in NETWORKS}
    assert threads["D shallow"] == threads["B Model-2"] == threads["D wide and deep"] == 1
    assert threads["B Model-1"] == 2
    assert threads["D deeper CNN"] == MOST_CORES
