"""Training with augmentation: repeatable, resumable, of training rows only, and said."""

import functools
import json

import numpy as np
import pytest
import torch
from fits import killed_after, same, timeless, weights

from vestry.errors import MemberError
from vestry.members.networks.augmentation import NOTE
from vestry.members.networks.network_member import fit, load
from vestry.members.networks.rows import TrainingImages, as_tensor
from vestry.members.networks.settings import NetworkSettings

LAYERS = [{"conv": 8, "kernel": 3}, {"pool": 2}, {"dropout": 0.2}, {"flatten": True}, {"dense": 32}]
EVERYTHING = {
    "horizontal_flip": True,
    "shift": [0.1, 0.05],
    "rotation": 10,
    "zoom": 0.1,
    "erasing": 0.5,
    "pad_crop": 1,
}


@pytest.fixture
def job(job):
    """Few rows, so that what augmentation does shows."""
    return functools.partial(job, rows=600)


def settings(**given):
    return NetworkSettings(
        layers=LAYERS, **{"epochs": 3, "batch_size": 50, "augmentation": EVERYTHING} | given
    )


def test_resumed_training_ends_with_the_same_bits(job, monkeypatch):
    undisturbed = fit(settings(), job())
    killed_after(2, settings(), job, monkeypatch)
    epochs = []
    resumed = fit(
        settings(), job(on_event=lambda e: e["event"] == "epoch" and epochs.append(e["epoch"]))
    )
    assert epochs == [2, 3]
    assert same(weights(undisturbed), weights(resumed))
    assert timeless(undisturbed.history) == timeless(resumed.history)


def test_same_seed_same_bits(job):
    first, again, other = (weights(fit(settings(), job(seed))) for seed in (1, 1, 2))
    assert same(first, again) and not same(first, other)


def test_each_epoch_has_alterations_of_its_own(training_rows):
    images = TrainingImages(as_tensor(training_rows.images[:60]), settings())
    order = torch.arange(60)
    first, second, again, other = (
        torch.cat(list(images.chunks(order, seed, epoch)))
        for seed, epoch in ((1, 1), (1, 2), (1, 1), (2, 1))
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, second) and not torch.equal(first, other)


def test_chunks_of_another_size_hold_the_same_alterations(job, monkeypatch):
    """What is drawn hangs on an image's place in the epoch; erasing's noise comes in turn."""
    from vestry.members.networks import rows as rows_module

    whole = fit(settings(epochs=1), job())
    monkeypatch.setattr(rows_module, "CHUNK_PIXELS", 10_000)
    parted = fit(settings(epochs=1), job())
    one, other = (member.history[0]["train_loss"] for member in (whole, parted))
    assert one == pytest.approx(other, rel=1e-5)


def test_alterations_that_are_all_off_change_no_bit(job):
    plain = fit(settings(augmentation=None), job())
    off = fit(settings(augmentation={"shift": 0.0}), job())
    assert same(weights(plain), weights(off))
    assert off.card()["augmentation"] is None and NOTE not in off.card()["notes"]


def test_only_training_rows_are_altered_and_only_while_training(job):
    work = job()
    before = work.images.copy()
    member = fit(settings(augmentation={"erasing": 1.0}), work)
    assert np.array_equal(work.images, before)
    right = member.predict_proba(work.validation_images).argmax(1) == work.validation_labels
    assert member.history[-1]["validation_accuracy"] == pytest.approx(right.mean())
    on_training_rows = member.predict_proba(work.images).argmax(1) == work.labels
    assert on_training_rows.mean() > member.history[-1]["train_accuracy"] + 0.05


def test_it_learns_to_overlook_what_it_is_trained_to(job, held_out):
    """Digits shifted by a pixel: a network that was shown shifted ones does better."""
    shifted = np.zeros_like(held_out.images)
    shifted[:, 1:, 1:] = held_out.images[:, :-1, :-1]
    truth = held_out.labels
    accuracy = {
        name: (
            fit(settings(epochs=12, augmentation=given), job()).predict_proba(shifted).argmax(1)
            == truth
        ).mean()
        for name, given in (("plain", None), ("shown", {"shift": 0.15}))
    }
    assert accuracy["shown"] > accuracy["plain"] + 0.03


def test_the_card_and_the_pictures_show_what_was_done(job, training_rows, held_out, tmp_path):
    member = fit(settings(), job())
    card = json.loads(json.dumps(member.card(), allow_nan=False))
    shown = card["augmentation"]
    assert NetworkSettings(**card["settings"]) == settings()
    assert shown["settings"] == json.loads(settings().augmentation.model_dump_json())
    assert shown["words"] == settings().augmentation.words()
    assert (shown["image"], shown["label"]) == (training_rows.ids[0], training_rows.labels[0])
    assert NOTE in card["notes"]
    member.save(tmp_path / "saved")
    with np.load(tmp_path / "saved" / "pictures.npz", allow_pickle=False) as file:
        assert file["ids"].tolist() == shown["variants"]
        assert shown["variants"][::15] == ["augmented/00", "augmented/15"]
        assert file["images"].shape == (16, 8, 8) and file["images"].dtype == np.uint8
        assert (file["images"] != training_rows.images[0]).any(axis=(1, 2)).all()
    again = load(tmp_path / "saved", card)
    fresh = held_out.images
    assert np.array_equal(again.predict_proba(fresh), member.predict_proba(fresh))


def test_without_augmentation_there_are_no_pictures(job, tmp_path):
    member = fit(settings(augmentation=None, epochs=1), job())
    member.save(tmp_path / "saved")
    assert not (tmp_path / "saved" / "pictures.npz").exists()
    assert member.card()["augmentation"] is None


def test_colour_images_and_partial_batches(colour_job):
    member = fit(settings(epochs=1, batch_size=16), colour_job)
    assert member.predict_proba(colour_job.images).shape == (53, 4)
    assert member.card()["augmentation"]["image"] is None
    assert member.sample.pictures.shape == (16, 8, 9, 3)


def test_padding_beyond_the_image_fails_before_training(job):
    with pytest.raises(MemberError, match="pad_crop = 8"):
        fit(settings(augmentation={"pad_crop": 8}), job())
