"""The trial of layer shapes: wrong values are refused, and a choice once made stays."""

import json

import pytest
import torch

from vestry.members.networks import precision
from vestry.members.networks import precision as trial
from vestry.members.networks.convolution import Filters, PatchConvolution
from vestry.members.networks.geometry import Geometry
from vestry.members.networks.layers.conv import Conv
from vestry.members.networks.layers.dense import Dense, DenseBlock
from vestry.members.networks.layers.flatten import Flatten
from vestry.members.networks.tracing import trace

LAYERS = [Conv(conv=8, kernel=3), Flatten(flatten=True), Dense(dense=16)]
GEOMETRY = Geometry((9, 9, 8), (3, 3), (1, 1), ((0, 0), (0, 0)), (7, 7))


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(precision.platformdirs, "user_cache_dir", lambda name: str(tmp_path))
    monkeypatch.setattr(trial, "SECONDS", 0.001)
    return tmp_path / "precision"


def test_every_layer_that_multiplies_gets_a_choice_and_keeps_it(cache, monkeypatch):
    traced = trace(LAYERS, (10, 10), 3)
    first = precision.choose(traced, 4, "auto", 1)
    assert sorted(first) == [0, 2, 3]
    assert len(list(cache.iterdir())) == 3
    monkeypatch.setattr(precision, "attempt", lambda *_: pytest.fail("tried again"))
    assert precision.choose(traced, 4, "auto", 1) == first


def test_the_first_of_two_processes_counts(cache):
    path = cache / "key.json"
    precision.publish(path, {"made": "first"})
    precision.publish(path, {"made": "second"})
    assert json.loads(path.read_text()) == {"made": "first"}
    assert list(cache.iterdir()) == [path]


def test_a_precision_that_is_asked_for_is_the_one_tried():
    choice = precision.attempt(DenseBlock(20, 10), 4, "bf16")
    assert choice.compute == "bf16"
    assert set(choice.tried) == {"bf16 fold"}


def test_a_candidate_with_wrong_values_is_refused(monkeypatch):
    correct = PatchConvolution.transposed
    monkeypatch.setattr(
        PatchConvolution, "transposed", lambda self, rows: correct(self, rows) * 1.1
    )
    choice = precision.attempt(PatchConvolution(GEOMETRY, Filters(4)), 4, "auto")
    assert "fp32 fold" in choice.tried and not any("transposed" in name for name in choice.tried)


def test_a_precision_that_is_never_right_is_replaced_and_says_so(monkeypatch):
    monkeypatch.setattr(precision, "relative_error", lambda *_: float("inf"))
    choice = precision.attempt(DenseBlock(20, 10), 4, "bf16")
    assert choice.compute == "fp32" and "in bf16 came close" in choice.note


def test_a_trial_that_cannot_be_kept_says_so(cache):
    cache.write_text("a file stands where the folder would")
    choice = precision.choose(trace(LAYERS, (10, 10), 3), 4, "auto", 1)[0]
    assert "could not be kept" in choice.note


def test_nan_is_an_infinite_error():
    values = [torch.ones(3), torch.tensor([1.0, float("nan"), 1.0])]
    assert precision.relative_error(values, [torch.ones(3), torch.ones(3)]) == float("inf")


def test_slower_bfloat16_is_not_taken(monkeypatch):
    times = {"fp32": 1.05, "bf16": 1.0}
    monkeypatch.setattr(
        precision,
        "fastest_turns",
        lambda trials: {c: times[c.compute] for c in trials},
    )
    assert precision.attempt(DenseBlock(20, 10), 4, "auto").compute == "fp32"
    times["fp32"] = 1.5
    assert precision.attempt(DenseBlock(20, 10), 4, "auto").compute == "bf16"
