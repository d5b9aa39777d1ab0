"""Rules as graphs, and rules from their cards, combine as the fitted rules do."""

import json

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper

from vestry.committees.committee import restored_rule, rule_nodes
from vestry.committees.rule import RULES
from vestry.errors import TableError
from vestry.export.onnx_export import tempered
from vestry.members.graph import IR_VERSION, OPSET, Graph
from vestry.predictions.calibration import Temperature
from vestry.predictions.table import ProbabilityTable

MEMBERS, CLASSES = 3, 5
CASES = [(rule, "all") for rule in sorted(RULES)] + [("stacking", "absent")]


def stacked_rows(rows, seed=0):
    """Some rows with zeros, ones and exact ties among them."""
    random = np.random.default_rng(seed)
    drawn = random.dirichlet(np.full(CLASSES, 0.3), (MEMBERS, rows))
    drawn[0, :5] = np.eye(CLASSES)
    drawn[:, 5] = 1 / CLASSES
    drawn[1, 6] = drawn[2, 6][::-1]
    return drawn.astype(np.float32).astype(np.float64)


def fitted(rule, labels):
    stacked = stacked_rows(300)
    truth = stacked.mean(axis=0).argmax(axis=1)
    if labels == "absent":
        truth[truth == 2] = 1
    members = [f"m{number}" for number in range(MEMBERS)]
    found = RULES[rule]().fit(stacked, truth)
    card = json.loads(json.dumps({"rule": rule, "members": members, **found.card()}))
    return found, card


def run(write, **inputs):
    """What the nodes that `write` adds to a graph give for `inputs`, double or float."""
    kinds = {np.dtype(np.float64): TensorProto.DOUBLE, np.dtype(np.float32): TensorProto.FLOAT}
    graph = Graph()
    graph.rename(write(graph), "result")
    made = helper.make_graph(
        graph.nodes,
        "test",
        [
            helper.make_tensor_value_info(name, kinds[value.dtype], value.shape)
            for name, value in inputs.items()
        ],
        [helper.make_empty_tensor_value_info("result")],
        list(graph.weights.values()),
    )
    model = helper.make_model(
        made, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION
    )
    session = onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"]
    )
    return session.run(None, inputs)[0]


@pytest.mark.parametrize(("rule", "labels"), CASES)
def test_the_graph_and_the_restored_rule_combine_alike(rule, labels):
    found, card = fitted(rule, labels)
    fresh = stacked_rows(200, seed=7)
    expected = found.combine(fresh)
    rows = np.ascontiguousarray(fresh.transpose(1, 0, 2))
    given = run(lambda graph: rule_nodes(graph, "stacked", card, CLASSES), stacked=rows)
    np.testing.assert_allclose(given, expected, atol=1e-12)
    assert np.array_equal(given.argmax(axis=1), expected.argmax(axis=1))
    np.testing.assert_array_equal(restored_rule(card, CLASSES).combine(fresh), expected)


@pytest.mark.parametrize("temperature", [0.05, 0.8, 1.0, 3.0, 20.0])
def test_a_temperature_is_that_of_tables(temperature):
    values = stacked_rows(50)[0].astype(np.float32)
    names = tuple("abcde")
    table = ProbabilityTable(np.arange(50).astype(str), names, values, "m", "fresh")
    expected = Temperature(temperature).apply(table).probabilities
    given = run(lambda graph: tempered(graph, "table", temperature), table=values)
    np.testing.assert_allclose(given, expected if temperature != 1 else values, atol=1e-7)


def test_an_unknown_rule_is_refused():
    with pytest.raises(TableError, match="no rule 'oracle'"):
        rule_nodes(Graph(), "stacked", {"rule": "oracle"}, CLASSES)
    with pytest.raises(TableError, match="no rule 'oracle'"):
        restored_rule({"rule": "oracle"}, CLASSES)
