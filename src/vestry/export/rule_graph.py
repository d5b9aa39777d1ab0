"""A committee's rule as ONNX nodes, from the card that the run keeps of it.

In double precision, as `vestry.committees` computes: members that agree to the last bits of a
float must not change places by being added up.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from vestry.committees.rule import FLOOR
from vestry.errors import ModelError
from vestry.export.graph import Graph

Card = Mapping[str, Any]


def combined(graph: Graph, stacked: str, card: Card, classes: int) -> str:
    """(n, classes) double from (n, members, classes) double, by the rule of `card`."""
    rule = card["rule"]
    if rule not in _RULES:
        raise ModelError(f"the rule {rule!r} cannot be written as a graph")
    return _RULES[rule](graph, stacked, card, classes)


def mean(graph: Graph, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG001
    return graph.add("ReduceMean", stacked, graph.integers(1), keepdims=0)


def weighted(graph: Graph, stacked: str, card: Card, classes: int) -> str:  # noqa: ARG001
    weights = np.array(card["weights"], np.float64).reshape(1, -1, 1)
    scaled = graph.add("Mul", stacked, graph.constant(weights, "weights"))
    return graph.add("ReduceSum", scaled, graph.integers(1), keepdims=0)


def _logarithms(graph: Graph, values: str) -> str:
    return graph.add("Log", graph.add("Max", values, graph.number(FLOOR, "double")))


def geometric(graph: Graph, stacked: str, card: Card, classes: int) -> str:
    return graph.add("Softmax", mean(graph, _logarithms(graph, stacked), card, classes), axis=1)


def vote(graph: Graph, stacked: str, card: Card, classes: int) -> str:
    """(votes + mean probability) / (members + 1)."""
    named = graph.add("ArgMax", stacked, axis=2, keepdims=0)
    values = graph.constant(np.array([0, 1], np.float32), "off-on")
    marks = graph.add("OneHot", named, graph.integers(classes), values, axis=-1)
    votes = graph.add("ReduceSum", graph.cast(marks, "double"), graph.integers(1), keepdims=0)
    total = graph.add("Add", votes, mean(graph, stacked, card, classes))
    return graph.add("Div", total, graph.number(len(card["members"]) + 1, "double"))


def stacking(graph: Graph, stacked: str, card: Card, classes: int) -> str:
    features = graph.reshape(stacked, -1, len(card["members"]) * classes)
    coefficients = graph.constant(np.array(card["coefficients"], np.float64), "coefficients")
    intercepts = graph.constant(np.array(card["intercepts"], np.float64), "intercepts")
    scores = graph.add("MatMul", _logarithms(graph, features), coefficients)
    learnt = graph.add("Softmax", graph.add("Add", scores, intercepts), axis=1)
    present = card["classes_learnt"]
    if len(present) == classes:
        return learnt
    return _with_absent(graph, stacked, learnt, np.array(present), card, classes)


def _with_absent(
    graph: Graph, stacked: str, learnt: str, present: Any, card: Card, classes: int
) -> str:
    """Classes of which there was nothing to learn keep the members' mean probability."""
    places = np.eye(classes)[present]
    average = mean(graph, stacked, card, classes)
    apart = graph.add("MatMul", average, graph.constant(places.T, "learnt-classes"))
    left = graph.add("ReduceSum", apart, graph.integers(1), keepdims=1)
    spread = graph.add("MatMul", graph.add("Mul", learnt, left), graph.constant(places, "places"))
    kept = graph.add("Mul", average, graph.constant(1 - places.sum(axis=0), "absent"))
    total = graph.add("Add", spread, kept)
    return graph.add("Div", total, graph.add("ReduceSum", total, graph.integers(1), keepdims=1))


_Writer = Callable[[Graph, str, Card, int], str]
_RULES: dict[str, _Writer] = {
    "mean": mean,
    "weighted": weighted,
    "greedy": weighted,
    "geometric": geometric,
    "vote": vote,
    "stacking": stacking,
}


def tempered(graph: Graph, probabilities: str, temperature: float) -> str:
    """Float probabilities at a temperature, as `predictions.calibration.Temperature` applies it."""
    if temperature == 1:
        return probabilities
    logs = _logarithms(graph, graph.cast(probabilities, "double"))
    scores = graph.add("Div", logs, graph.number(temperature, "double"))
    return graph.cast(graph.add("Softmax", scores, axis=1), "float")
