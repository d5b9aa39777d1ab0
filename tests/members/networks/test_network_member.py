"""Training on the digits of scikit-learn: what is learnt, kept, resumed and stored."""

import csv
import json

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from vestry.errors import MemberError
from vestry.members.member import FitJob
from vestry.members.networks import checkpoint, precision, trainer
from vestry.members.networks.early_stopping import Stopper
from vestry.members.networks.history import COLUMNS
from vestry.members.networks.network_member import fit, load
from vestry.members.networks.network_settings import NetworkSettings
from vestry.members.networks.training import EarlyStopping

CNN = [
    {"conv": 8, "kernel": 3},
    {"pool": 2},
    {"batch_norm": True},
    {"dropout": 0.2},
    {"flatten": True},
    {"dense": 32},
]


@pytest.fixture(scope="module", autouse=True)
def cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        folder = str(tmp_path_factory.mktemp("cache"))
        patch.setattr(precision.platformdirs, "user_cache_dir", lambda name: folder)
        yield


@pytest.fixture(scope="module")
def digits():
    data = load_digits()
    images = (data.images * 15).astype(np.uint8)
    return (
        images[:1200],
        data.target[:1200].astype(np.int64),
        images[1200:],
        data.target[1200:].astype(np.int64),
    )


@pytest.fixture
def job(digits, tmp_path):
    def make(seed=1, report=lambda event: None, rows=1200, **changes):
        images, labels, validation, validation_labels = digits
        given = {
            "images": images[:rows],
            "labels": labels[:rows],
            "validation_images": validation,
            "validation_labels": validation_labels,
            "classes": 10,
            "seed": seed,
            "threads": 1,
            "workspace": tmp_path,
            "report": report,
        }
        return FitJob(**given | changes)

    return make


def settings(layers=CNN, **given):
    return NetworkSettings(layers=layers, **{"epochs": 3, "batch_size": 50} | given)


def weights(member):
    return {name: tensor.clone() for name, tensor in member.network.tensors().items()}


def same(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_it_learns_and_is_restored_to_the_bit(job, digits, tmp_path):
    events = []
    member = fit(settings(epochs=20), job(report=events.append))
    images, labels = digits[2:]
    probabilities = member.predict_proba(images)
    assert (probabilities.argmax(1) == labels).mean() > 0.88
    np.testing.assert_allclose(probabilities.sum(1), 1, atol=1e-5)
    assert probabilities.dtype == np.float32

    member.save(tmp_path / "saved")
    card = json.loads(json.dumps(member.card(), allow_nan=False))
    assert np.array_equal(load(tmp_path / "saved", card).predict_proba(images), probabilities)
    with (tmp_path / "saved" / "history.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert float(rows[-1]["validation_accuracy"]) == (probabilities.argmax(1) == labels).mean()
    assert [event["epoch"] for event in events if event["event"] == "epoch"] == list(range(1, 21))
    assert not (tmp_path / checkpoint.NAME).exists()


def test_same_seed_same_bits(job):
    first, again, other = (weights(fit(settings(), job(seed))) for seed in (1, 1, 2))
    assert same(first, again)
    assert not same(first, other)


class KilledError(Exception):
    pass


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "adagrad", "rmsprop"])
def test_resumed_training_ends_with_the_same_bits(job, tmp_path, monkeypatch, optimizer):
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)
    chosen = settings(
        epochs=5,
        optimizer=optimizer,
        momentum=0.5,
        early_stopping={"patience": 4, "restore_best": True},
        schedule={"step": 0.5, "every": 2},
    )
    undisturbed = fit(chosen, job())
    seen = []

    def kill_after_epoch(event):
        if event["event"] == "epoch":
            seen.append(event["epoch"])
            if event["epoch"] in (2, 4) and seen.count(event["epoch"]) == 1:
                raise KilledError

    for _ in range(2):
        with pytest.raises(KilledError):
            fit(chosen, job(report=kill_after_epoch))
    resumed = fit(chosen, job(report=kill_after_epoch))
    assert seen == [1, 2, 2, 3, 4, 4, 5]  # an epoch whose checkpoint was not written is done again
    assert same(weights(undisturbed), weights(resumed))
    timed = {"seconds", "images_per_second"}
    for one, other in zip(undisturbed.history, resumed.history, strict=True):
        assert {k: v for k, v in one.items() if k not in timed} == {
            k: v for k, v in other.items() if k not in timed
        }


@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping_keeps_the_weights_it_says(job, digits, restore):
    """A learning rate far too high, so that the validation loss soon goes up."""
    member = fit(
        settings(
            epochs=40, learning_rate=0.05, early_stopping={"patience": 2, "restore_best": restore}
        ),
        job(rows=200),
    )
    facts = member.card()["training"]
    losses = [row["validation_loss"] for row in member.history]
    best = int(np.argmin(losses))
    assert facts["stopped_early"]
    assert facts["epochs_run"] == len(losses) == best + 3
    assert facts["best_epoch"] == best + 1
    probabilities = member.predict_proba(digits[2])
    loss = -np.log(probabilities[np.arange(len(digits[3])), digits[3]]).mean()
    assert loss == pytest.approx(losses[best if restore else -1], rel=1e-3)
    assert facts["restored_best"] == restore


def test_min_delta_and_accuracy():
    stopping = EarlyStopping(patience=2, min_delta=0.1, monitor="val_accuracy")
    stopper = Stopper()
    rows = [
        {"validation_loss": 1.0, "validation_accuracy": a} for a in (0.5, 0.55, 0.7, 0.75, 0.79)
    ]
    assert [stopper.improved(stopping, n, row) for n, row in enumerate(rows, 1)] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert stopper.stops(stopping)
    assert stopper.best_epoch == 3


def test_both_precisions_learn_alike(job, digits):
    accuracy = {
        kind: np.mean(
            [
                (
                    fit(settings(precision=kind, epochs=10), job(seed))
                    .predict_proba(digits[2])
                    .argmax(1)
                    == digits[3]
                ).mean()
                for seed in (1, 2, 3)
            ]
        )
        for kind in ("fp32", "bf16")
    }
    assert abs(accuracy["fp32"] - accuracy["bf16"]) < 0.02


def test_colour_images_and_partial_batches(job):
    images = np.random.default_rng(0).integers(0, 255, (53, 8, 9, 3), dtype=np.uint8)
    labels = np.arange(53) % 4
    member = fit(
        settings(epochs=1, batch_size=16),
        job(
            images=images,
            labels=labels,
            validation_images=images,
            validation_labels=labels,
            classes=4,
        ),
    )
    assert member.predict_proba(images).shape == (53, 4)
    assert member.predict_proba(images[:0]).shape == (0, 4)


def test_divergence_is_an_error_that_says_what_to_do(job):
    with pytest.raises(MemberError, match="try a learning rate below"):
        fit(settings(optimizer="sgd", learning_rate=1e6), job())


def test_no_validation_rows(job, digits):
    none = {"validation_images": digits[2][:0], "validation_labels": digits[3][:0]}
    member = fit(settings(epochs=1), job(**none))
    assert "validation_loss" not in member.history[0]
