"""A stored member, or a committee of stored members, as one ONNX model."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import onnx

from vestry.committees.committee import rule_nodes
from vestry.committees.rule import log_nodes
from vestry.errors import ModelError
from vestry.export.bundle import MEMBER_PROBABILITIES, PROBABILITIES
from vestry.members.graph import Graph, finished
from vestry.members.kind import WHOLE_MODEL
from vestry.members.kinds import kind_named
from vestry.storage.onnx_file import read_model_bytes, safe_model
from vestry.storage.run_folder import read_json

_CARD = "card.json"
Card = dict[str, Any]


def member_model(folder: Path, temperature: float = 1.0) -> onnx.ModelProto:
    """The member in `folder`: raw images to probabilities, at a temperature.

    Raises ModelError where its model was not stored, with the reason that its card gives.
    """
    card = _stored_card(folder)
    graph = Graph()
    probabilities = tempered(graph, _member_graph(graph, "model", folder), temperature)
    graph.rename(probabilities, PROBABILITIES)
    return finished(graph, _image_shape(card), {PROBABILITIES: (card["classes"],)})


def committee_model(
    folders: Mapping[str, Path], card: Mapping[str, Any], temperature: float = 1.0
) -> onnx.ModelProto:
    """All members and the rule in one graph, which gives the members' own probabilities as well.

    folders: of the members, by name. card: the committee's.
    """
    names: Sequence[str] = card["members"]
    cards = [_stored_card(folders[name]) for name in names]
    shape, classes = _image_shape(cards[0]), cards[0]["classes"]
    graph = Graph()
    each = [
        _member_graph(graph, f"member {number}", folders[name])
        for number, name in enumerate(names, 1)
    ]
    graph.part = "rule"
    rows = [graph.add("Unsqueeze", name, graph.integers(1)) for name in each]
    stacked = graph.add("Concat", *rows, axis=1)
    whole = graph.cast(rule_nodes(graph, graph.cast(stacked, "double"), card, classes), "float")
    graph.rename(tempered(graph, whole, temperature), PROBABILITIES)
    graph.rename(stacked, MEMBER_PROBABILITIES)
    outputs = {PROBABILITIES: (classes,), MEMBER_PROBABILITIES: (len(names), classes)}
    return finished(graph, shape, outputs)


def _stored_card(folder: Path) -> Card:
    card: Card = read_json(folder / _CARD)
    if not card.get("stored"):
        reason = card.get("stored_note") or "its model was not stored"
        raise ModelError(f"{folder.name} cannot be exported: {reason}")
    return card


def _image_shape(card: Card) -> tuple[int, ...]:
    return tuple(card["image_shape"])


def _member_graph(graph: Graph, part: str, folder: Path) -> str:
    """Adds a member to `graph`; returns the name of its probabilities."""
    card = _stored_card(folder)
    graph.part = part
    if card["stored"] == WHOLE_MODEL:
        return graph.inline(safe_model(read_model_bytes(folder / card["stored"])), "images")
    add = kind_named(card["kind"]).load_graph()
    if add is None:
        reason = card.get("stored_note") or "its kind has no ONNX form"
        raise ModelError(f"{folder.name} cannot be exported: {reason}")
    return add(graph, folder, card)


def tempered(graph: Graph, probabilities: str, temperature: float) -> str:
    """Float probabilities at a temperature, as `predictions.calibration.Temperature` applies it."""
    if temperature == 1:
        return probabilities
    logs = log_nodes(graph, graph.cast(probabilities, "double"))
    scores = graph.add("Div", logs, graph.number(temperature, "double"))
    return graph.cast(graph.add("Softmax", scores, axis=1), "float")
