"""What batch normalisation predicts with: statistics of the training rows, however few updates."""

import numpy as np
import pytest
import torch
from fits import killed_after, same, weights
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from vestry import NetworkClassifier
from vestry.members.networks.layers import Layers
from vestry.members.networks.layers.batch_norm import BatchNorm
from vestry.members.networks.network import Network
from vestry.members.networks.network_member import fit, load
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import trace

PARSED = TypeAdapter(Layers)
FLAT = {"flatten": True}
DEEP = [
    {"conv": 8, "kernel": 3},
    {"batch_norm": True},
    {"pool": 2},
    {"dropout": 0.2},
    FLAT,
    {"dense": 16},
    {"batch_norm": True},
]
KERAS = [layer | {"statistics": "keras"} if "batch_norm" in layer else layer for layer in DEEP]


def network(layer, shape=(2, 2, 1)):
    return Network(PARSED.validate_python([FLAT, {"batch_norm": True} | layer]), shape, 3)


def statistics(one):
    tensors = one.tensors()
    return tensors["2.batch_norm.moving_mean"], tensors["2.batch_norm.moving_variance"]


def test_keras_moves_the_biased_variance_from_one():
    one = network({"statistics": "keras"})
    images = torch.rand(5, 2, 2, 1)
    one.forward(images, training=True)
    rows, (mean, variance) = images.flatten(1), statistics(one)
    torch.testing.assert_close(mean, 0.01 * rows.mean(0))
    torch.testing.assert_close(variance, 0.99 + 0.01 * rows.var(0, correction=0))
    one.measure_statistics([images])
    assert torch.equal(statistics(one)[0], mean)  # its averages are its own


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 9), min_size=1, max_size=6), st.integers(0, 2**31))
def test_measured_statistics_are_those_of_all_rows(counts, seed):
    """Whatever the batches that they come in, and whatever was there before."""
    random = torch.Generator().manual_seed(seed)
    images = torch.rand((sum(counts), 2, 2, 1), generator=random) * 3 + 5
    one = network({})
    for _ in range(2):
        one.measure_statistics(torch.split(images, counts))
        mean, variance = statistics(one)
        rows = images.flatten(1)
        torch.testing.assert_close(mean, rows.mean(0))
        torch.testing.assert_close(variance, rows.var(0, correction=0), rtol=1e-3, atol=1e-5)


def test_the_first_update_does_for_prediction_what_it_did_in_training():
    """One batch that is all there is: prediction normalises as training on that batch does."""
    one = Network(
        PARSED.validate_python([layer for layer in DEEP if "dropout" not in layer]), (9, 9, 1), 4
    )
    images = torch.rand(40, 9, 9, 1)
    seen = one.forward(images, training=True)
    one.measure_statistics([images])
    torch.testing.assert_close(one.forward(images, training=False), seen, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("layers", "right"), [(DEEP, True), (KERAS, False)])
def test_few_updates_suffice_to_predict(job, layers, right):
    """Forty updates: what is learnt shows on validation rows, by Keras's averages it does not."""
    chosen = NetworkSettings(layers=layers, epochs=4, batch_size=50, learning_rate=0.01)
    member = fit(chosen, job(rows=500))
    last = member.history[-1]
    assert last["train_accuracy"] > 0.75
    assert (last["validation_accuracy"] > last["train_accuracy"] - 0.15) == right


def test_without_validation_rows_too(job, held_out, tmp_path):
    none = {"validation_images": held_out.images[:0], "validation_labels": held_out.labels[:0]}
    chosen = NetworkSettings(layers=DEEP, epochs=4, batch_size=50)
    member, watched = fit(chosen, job(rows=500, **none)), fit(chosen, job(rows=500))
    assert same(weights(member), weights(watched))
    member.save(tmp_path / "saved")
    again = load(tmp_path / "saved", member.card()).predict_proba(held_out.images)
    assert np.array_equal(again, member.predict_proba(held_out.images))


def test_a_classifier_too(training_rows, held_out):
    classifier = NetworkClassifier(
        DEEP, epochs=4, batch_size=50, learning_rate=0.01, random_state=0
    )
    classifier.fit(training_rows.images[:500], training_rows.labels[:500])
    assert classifier.score(held_out.images, held_out.labels) > 0.75


@pytest.mark.parametrize("layers", [DEEP, KERAS])
def test_resumed_training_ends_with_the_same_bits(job, monkeypatch, layers):
    chosen = NetworkSettings(layers=layers, epochs=3, batch_size=50)
    undisturbed = fit(chosen, job(rows=300))
    killed_after(2, chosen, job, monkeypatch, rows=300)
    assert same(weights(undisturbed), weights(fit(chosen, job(rows=300))))


def test_a_momentum_alone_means_keras():
    """As every study says that was written before there was a choice."""
    before = {"batch_norm": True, "momentum": 0.9}
    assert BatchNorm(**before) == BatchNorm(**before, statistics="keras")
    assert BatchNorm(batch_norm=True, statistics="keras").momentum == 0.99
    assert BatchNorm(batch_norm=True) == BatchNorm(batch_norm=True, statistics="precise")
    with pytest.raises(ValidationError, match="have no momentum"):
        BatchNorm(**before, statistics="precise")


@pytest.mark.parametrize("given", [{}, {"momentum": 0.9}, {"statistics": "keras", "epsilon": 0.1}])
def test_a_layer_is_the_same_once_written_down(given):
    layer = BatchNorm(batch_norm=True, **given)
    for values in (layer.model_dump(), layer.model_dump(mode="json", exclude_none=True)):
        assert BatchNorm(**values) == layer
    step, *_ = trace([layer, BatchNorm(batch_norm=True)], (4,), 2)
    assert step.layer.words().startswith("batch_norm")


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("rows", "channels"), [(8000, 18), (8004, 8), (8002, 63), (8001, 26)])
def test_rows_side_by_side_are_normalised_as_one_by_one(rows, channels, dtype):
    """Of many rows with few channels the library takes several at once."""
    torch.manual_seed(0)
    network = Network(PARSED.validate_python([{"batch_norm": True}]), (channels,), 3)
    block = network.blocks[0]
    block.scale.value.uniform_(0.5, 1.5)
    block.shift.value.normal_()
    x = (torch.rand(channels) * torch.randn(rows, channels) + torch.randn(channels)).to(dtype)
    gradient = torch.randn(rows, channels).to(dtype)
    leaves = [t.double().requires_grad_() for t in (x, block.scale.value, block.shift.value)]
    given, scale, shift = leaves
    expected = torch.nn.functional.batch_norm(given, None, None, scale, shift, True, 0, 1e-3)
    expected.backward(gradient.double())
    found = [block.forward(x, training=True), block.backward(gradient)]
    found += [block.scale.gradient, block.shift.gradient]
    tolerance = 1e-4 if dtype == torch.float32 else 5e-3
    for own, exact in zip(found, [expected, *(leaf.grad for leaf in leaves)], strict=True):
        assert (own.double() - exact).norm() <= tolerance * exact.norm()
