"""Training on the digits of scikit-learn: what is learnt, kept, resumed and stored."""

import csv
import json
from typing import get_args

import numpy as np
import pytest
import torch
from fits import KilledError, same, timeless, weights

from vestry.errors import MemberError
from vestry.members.networks import checkpoint, trainer
from vestry.members.networks.checkpoint import COLUMNS
from vestry.members.networks.monitored import monitored
from vestry.members.networks.network_member import fit, load
from vestry.members.networks.settings import EarlyStopping, Monitor, NetworkSettings
from vestry.members.networks.stopping import Stopper
from vestry.predictions.choosing import choosing_score
from vestry.storage.tried import EPOCHS, load_tried

CNN = [
    {"conv": 8, "kernel": 3},
    {"pool": 2},
    {"batch_norm": True},
    {"dropout": 0.2},
    {"flatten": True},
    {"dense": 32},
]


def settings(layers=CNN, **given):
    return NetworkSettings(layers=layers, **{"epochs": 3, "batch_size": 50} | given)


def test_it_learns_and_is_restored_to_the_bit(job, held_out, tmp_path):
    events = []
    member = fit(settings(epochs=20), job(on_event=events.append))
    images, labels = held_out.images, held_out.labels
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
            fit(chosen, job(on_event=kill_after_epoch))
    resumed = fit(chosen, job(on_event=kill_after_epoch))
    assert seen == [1, 2, 2, 3, 4, 4, 5]  # an epoch whose checkpoint was not written is done again
    assert same(weights(undisturbed), weights(resumed))
    assert timeless(undisturbed.history) == timeless(resumed.history)
    assert np.array_equal(undisturbed.tried.right, resumed.tried.right)
    assert np.array_equal(undisturbed.tried.loss, resumed.tried.loss)


@pytest.mark.parametrize("restore", [True, False])
def test_early_stopping_keeps_the_weights_it_says(job, held_out, restore):
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
    probabilities = member.predict_proba(held_out.images)
    loss = -np.log(probabilities[np.arange(len(held_out)), held_out.labels]).mean()
    assert loss == pytest.approx(losses[best if restore else -1], rel=1e-3)
    assert facts["restored_best"] == restore


@pytest.mark.parametrize("monitor", ["val_loss", "val_accuracy"])
def test_rows_of_every_epoch_that_was_chosen_among_are_kept(job, held_out, tmp_path, monitor):
    stopping = {"patience": 2, "restore_best": True, "monitor": monitor}
    member = fit(settings(epochs=6, early_stopping=stopping), job(rows=200))
    member.save(tmp_path)
    tried = load_tried(tmp_path / EPOCHS)
    shares = [row["validation_accuracy"] for row in member.history]
    assert tried.right.mean(axis=0) == pytest.approx(shares)
    assert tried.taken == member.card()["training"]["best_epoch"] - 1
    kept = member.predict_proba(held_out.images).argmax(1) == held_out.labels
    assert np.array_equal(tried.right[:, tried.taken], kept)
    if monitor == "val_loss":
        losses = [row["validation_loss"] for row in member.history]
        assert tried.loss.astype(float).mean(axis=0) == pytest.approx(losses, rel=1e-3)
    else:
        assert tried.loss is None


@pytest.mark.parametrize("stopping", [None, {"patience": 2}])
def test_nothing_is_kept_where_no_epoch_is_chosen(job, tmp_path, stopping):
    member = fit(settings(early_stopping=stopping), job(rows=200))
    member.save(tmp_path)
    assert load_tried(tmp_path / EPOCHS) is None


def test_min_delta_and_accuracy():
    stopping = EarlyStopping(patience=2, min_delta=0.1, monitor="val_accuracy")
    stopper = Stopper()
    figures = (-0.5, -0.55, -0.7, -0.75, -0.79)
    assert [stopper.improved(stopping, n, figure) for n, figure in enumerate(figures, 1)] == [
        True,
        False,
        True,
        False,
        False,
    ]
    assert stopper.stops(stopping)
    assert stopper.best_epoch == 3


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("monitor", get_args(Monitor))
def test_what_early_stopping_follows_is_the_score_that_chooses(monitor, classes):
    """The two are computed apart, since members know nothing of what judges them."""
    rng = np.random.default_rng(classes)
    labels = rng.integers(0, classes, 60)
    values = rng.random((60, classes)) + 0.3 * np.eye(classes)[labels]
    values /= values.sum(axis=1, keepdims=True)
    score = choosing_score({"val_loss": "log_loss"}.get(monitor, monitor.removeprefix("val_")))
    logs = torch.from_numpy(np.log(values).astype(np.float32))

    def followed(truth):
        truth = torch.from_numpy(truth)
        return monitored(monitor, checkpoint.figures(logs, truth), logs, truth)

    figure = followed(labels)
    assert figure == pytest.approx(-score.better_of(values, labels), rel=1e-5)
    alone = np.zeros(60, dtype=np.int64)
    figure = followed(alone)
    assert figure == pytest.approx(-score.better_of(values, alone), rel=1e-5)


def test_both_precisions_learn_alike(job, held_out):
    accuracy = {
        kind: np.mean(
            [
                (
                    fit(settings(precision=kind, epochs=10), job(seed))
                    .predict_proba(held_out.images)
                    .argmax(1)
                    == held_out.labels
                ).mean()
                for seed in (1, 2, 3)
            ]
        )
        for kind in ("fp32", "bf16")
    }
    assert abs(accuracy["fp32"] - accuracy["bf16"]) < 0.02


def test_colour_images_and_partial_batches(colour_job):
    member = fit(settings(epochs=1, batch_size=16), colour_job)
    images = colour_job.images
    assert member.predict_proba(images).shape == (53, 4)
    assert member.predict_proba(images[:0]).shape == (0, 4)


def test_divergence_is_an_error_that_says_what_to_do(job):
    with pytest.raises(MemberError, match="try a learning rate below"):
        fit(settings(optimizer="sgd", learning_rate=1e6), job())


def test_no_validation_rows(job, held_out):
    none = {
        "validation_images": held_out.images[:0],
        "validation_labels": held_out.labels[:0],
    }
    member = fit(settings(epochs=1), job(**none))
    assert "validation_loss" not in member.history[0]
