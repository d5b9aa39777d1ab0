"""Progressive resizing: which sizes, the same weights at each, resumable, and said."""

import functools
from pathlib import Path

import numpy as np
import pytest
import torch
from fits import killed_after, same, timeless, weights
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from vestry.errors import StudyError
from vestry.members.networks.autograd_network import AutogradNetwork
from vestry.members.networks.network import Network
from vestry.members.networks.network_member import fit
from vestry.members.networks.plain_module import PlainModule
from vestry.members.networks.progressive import Progressive, check_sizes
from vestry.members.networks.resizing import Learners, resized
from vestry.members.networks.settings import NetworkSettings

LAYERS = [
    {"conv": 8, "kernel": 3, "padding": "same"},
    {"batch_norm": True, "momentum": 0.9},
    {"conv": 8, "kernel": 3, "padding": "same", "name": "one"},
    {"global_pool": "average"},
]


@pytest.fixture
def job(job):
    return functools.partial(job, rows=600)


def settings(layers=LAYERS, **given):
    return NetworkSettings(
        layers=layers,
        **{"epochs": 4, "batch_size": 50, "progressive": {"start": 0.5, "until": 0.5}} | given,
    )


@given(
    start=st.floats(0.25, 0.99),
    until=st.floats(0.05, 1),
    epochs=st.integers(1, 60),
    whole=st.tuples(st.integers(1, 100), st.integers(1, 100)),
)
def test_sizes_grow_are_few_and_end_whole(start, until, epochs, whole):
    progressive = Progressive(start=start, until=until)
    sizes = [progressive.size(epoch, epochs, whole) for epoch in range(epochs)]
    for side in (0, 1):
        sides = [size[side] for size in sizes]
        assert sides == sorted(sides) and max(sides) <= whole[side]
        assert all(each % 4 == 0 or each == whole[side] for each in sides)
    assert all(size == whole for size in sizes[int(np.ceil(until * epochs)) :])
    assert sum(progressive.smaller(epochs, whole).values()) == sum(size != whole for size in sizes)


@pytest.mark.parametrize("given", [{"start": 1.0}, {"start": 0.1}, {"until": 0.0}, {"from": 0.5}])
def test_what_it_cannot_be_is_refused(given):
    with pytest.raises(ValidationError):
        Progressive(**given)


def test_at_another_size_scores_and_gradients_are_those_of_a_network_of_that_size():
    layers = settings().layers
    whole = Network(layers, (8, 8), 10, seed=3)
    smaller, apart = whole.resized((4, 4, 1)), Network(layers, (4, 4), 10, seed=3)
    images = torch.rand(6, 4, 4, 1)
    gradient = torch.rand(6, 10)
    with torch.inference_mode():
        for network in (smaller, apart):
            network.scores = network.forward(images, training=True)
            network.backward(gradient.clone())
    assert torch.equal(smaller.scores, apart.scores)
    assert torch.equal(whole.vector.gradients, apart.vector.gradients)


def test_what_is_learnt_beside_the_weights_goes_from_size_to_size():
    whole = Network(settings().layers, (8, 8), 10, seed=3)
    images = torch.rand(50, 8, 8, 1)
    learners = Learners(whole, Progressive(start=0.5, until=1), images, epochs=4)
    before = {name: tensor.clone() for name, tensor in whole.tensors().items()}
    with torch.inference_mode(), learners.of(0) as (learner, resize):
        learner.forward(resize(images), training=True)
    changed = {
        name for name, each in whole.tensors().items() if not torch.equal(each, before[name])
    }
    assert learner is not whole and changed and all("mean" in n or "var" in n for n in changed)


def test_a_smaller_image_is_the_mean_of_what_each_pixel_covers():
    images = torch.arange(2 * 8 * 8 * 3, dtype=torch.float32).view(2, 8, 8, 3)
    smaller = resized(images, (4, 4))
    assert smaller.shape == (2, 4, 4, 3)
    assert torch.allclose(smaller.mean((1, 2)), images.mean((1, 2)), atol=1e-3)
    inner = images.permute(0, 3, 1, 2)[:, :, 2:6, 2:6].mean((2, 3))
    assert torch.allclose(smaller[:, 1:3, 1:3].mean((1, 2)), inner, atol=1e-3)


def test_training_takes_smaller_images_first_and_says_so(job):
    member = fit(settings(), job())
    (note,) = [note for note in member.facts["notes"] if "progressive" in note]
    assert note == ("It learnt from smaller images at first: 4 x 4 (1 epoch) (progressive).")
    assert member.facts["image_shape"] == [8, 8]
    assert len(member.predict_proba(job().validation_images)) == 597
    usual = fit(settings(progressive=None), job())
    assert not same(weights(member), weights(usual))
    assert "progressive" not in usual.facts["settings"]


def test_resumed_training_ends_with_the_same_bits(job, monkeypatch):
    undisturbed = fit(settings(), job())
    killed_after(2, settings(), job, monkeypatch)
    resumed = fit(settings(), job())
    assert same(weights(undisturbed), weights(resumed))
    assert timeless(undisturbed.history) == timeless(resumed.history)


def test_by_autograd_the_module_itself_takes_the_smaller_images():
    layers = settings([each for each in LAYERS if "batch_norm" not in each]).layers
    network = AutogradNetwork(PlainModule(layers, (8, 8), 10, 0), (8, 8), 10, "it")
    plain = Network(layers, (8, 8), 10, seed=0)
    learners = [
        Learners(one, Progressive(start=0.5, until=1), torch.rand(5, 8, 8, 1), 4)
        for one in (network, plain)
    ]
    images = torch.rand(5, 8, 8, 1)
    scores = []
    for each in learners:
        with torch.inference_mode(), each.of(0) as (learner, resize):
            scores.append(learner.forward(resize(images), training=True))
    assert torch.allclose(*scores, atol=1e-5)


def test_layers_that_have_other_weights_for_smaller_images_are_refused(vestry, tmp_path):
    study = (
        'title = "Flat"\n[data]\nsource = "digits"\n[training]\nepochs = 4\n'
        '[[model]]\nname = "Flat"\n'
        "layers = [{ conv = 4, kernel = 3 }, { flatten = true }, { dense = 8 }]\n"
        "progressive = { start = 0.5 }\n"
    )
    Path(tmp_path / "flat.toml").write_text(study)
    done = vestry("run", "flat.toml", cwd=tmp_path)
    assert done.returncode == 2
    words = (
        "progressive: for images of 4 x 4 layer 3 has 136 weights instead of 1,160; a global_pool"
    )
    assert words in " ".join(done.stderr.split())


def test_images_too_small_for_the_layers_are_refused():
    layers = settings([{"pool": 2}, {"pool": 4}, {"global_pool": "average"}]).layers
    with pytest.raises(StudyError, match="a larger start may do"):
        check_sizes(Progressive(start=0.5), 4, layers, (8, 8), 10)
