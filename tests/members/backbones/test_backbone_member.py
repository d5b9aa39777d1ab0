"""A frozen backbone with a trained head: what is learnt, what never changes, what comes back."""

import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from vestry.data.sources import digits
from vestry.errors import MemberError
from vestry.members.backbones import backbone as backbone_precision
from vestry.members.backbones import frozen_networks
from vestry.members.backbones.backbone_model import fit, load
from vestry.members.backbones.frozen_networks import PublishedNetwork
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.weights import random_backbone
from vestry.members.kind import FitJob
from vestry.members.networks import network_member, trainer
from vestry.members.networks.settings import NetworkSettings

HEAD = [{"flatten": True}, {"batch_norm": True, "momentum": 0.9}, {"dense": 16}]


def settings(backbone="resnet50", **given):
    if not backbone.startswith("study:"):
        given = {"weights": "random", "precision": "fp32"} | given
    return BackboneSettings(backbone=backbone, **{"layers": HEAD, "epochs": 6} | given)


@pytest.fixture(autouse=True)
def quick_trial(monkeypatch):
    """The trial of a backbone's precision is not what is tested here."""
    monkeypatch.setattr(backbone_precision, "ROUNDS", 1)
    monkeypatch.setattr(frozen_networks, "PIXELS_AT_ONCE", 32 * 32 * 32)


@pytest.fixture
def passed(monkeypatch):
    """How many images went through a published backbone, in each precision."""
    count = {"fp32": 0, "bf16": 0}
    forward = PublishedNetwork.forward

    def counting(self, images, compute):
        count[compute] += len(images)
        return forward(self, images, compute)

    monkeypatch.setattr(PublishedNetwork, "forward", counting)
    return count


def saved(member, folder):
    member.save(folder)
    return json.loads(json.dumps(member.card(), allow_nan=False))


@pytest.mark.parametrize(("backbone", "trained"), [("vgg16", 133_898), ("resnet50", 527_114)])
def test_the_reports_heads_have_the_reports_numbers_of_parameters(job, backbone, trained):
    layers = [{"flatten": True}, {"dense": 256}, {"dropout": 0.5}]
    images = np.zeros((4, 28, 28), np.uint8)
    work = job(
        images=images,
        labels=np.arange(4),
        classes=10,
        validation_images=images[:1],
        validation_labels=np.zeros(1, np.int64),
    )
    card = fit(settings(backbone, layers=layers, epochs=1), work).card()
    frozen = PUBLISHED[backbone].parameters
    assert card["trainable_parameters"] == trained
    assert card["parameters"] == frozen + trained
    assert card["backbone"]["image_size"] == [32, 32]
    assert card["backbone"]["feature_shape"] == [1, 1, {"vgg16": 512, "resnet50": 2048}[backbone]]
    assert f"{frozen:,} parameters" in card["definition"][0] and len(card["definition"]) == 5


def test_the_backbone_is_bit_equal_after_training_the_head(job, tmp_path):
    member = fit(settings(), job())
    before = random_backbone(PUBLISHED["resnet50"]).state_dict()
    card = saved(member, tmp_path / "a")
    (file,) = (tmp_path / "a").glob("backbone-*.safetensors")
    stored = load_file(file)
    for after in (member.features.backbone.tensors(), stored):
        assert after.keys() == before.keys()
        assert all(torch.equal(after[name], before[name]) for name in before)
    assert card["backbone"]["sha256"].startswith(file.stem.removeprefix("backbone-"))


def test_each_image_goes_through_once_for_all_epochs_seeds_and_subsets(job, passed):
    work = job(rows=30)
    member = fit(settings(), work)
    timed = 2 * 30  # the time of predicting is measured on images that no store has
    assert passed["fp32"] == 30 + 20 + timed
    member.predict_proba(work.validation_images)
    assert passed["fp32"] == 30 + 20 + timed
    facts = member.card()["backbone"]
    assert (facts["images_through"], facts["images_found"]) == (50, 20)
    part = replace(work, images=work.images[::2], labels=work.labels[::2], seed=4)
    again = fit(settings(), part).card()["backbone"]
    assert (again["images_through"], again["images_found"]) == (0, 35)


def test_training_may_go_through_in_bfloat16_and_prediction_never_does(job, passed):
    work = job(rows=60)
    member = fit(settings(precision="bf16"), work)
    assert passed["bf16"] == 60 + 32  # and the trial's batch
    before = dict(passed)
    given = member.predict_proba(work.images)
    assert passed["bf16"] == before["bf16"] and passed["fp32"] > before["fp32"]
    card = member.card()
    assert (
        card["backbone"]["precision"] == "bf16" and 0 < card["backbone"]["precision_error"] < 0.02
    )
    assert any("bfloat16" in note for note in card["notes"])
    assert np.isfinite(given).all()


def test_it_comes_back_without_the_source_of_its_weights(job, tmp_path, cache):
    work = job(colour=True)
    member = fit(settings(image_size=[40, 33]), work)
    card = saved(member, tmp_path / "a")
    given = member.predict_proba(work.validation_images)
    restored = load(tmp_path / "a", card)
    assert np.array_equal(restored.predict_proba(work.validation_images), given)
    assert restored.card() == card
    again = load(tmp_path / "b", saved(restored, tmp_path / "b"))
    assert np.array_equal(again.predict_proba(work.validation_images), given)
    first, second = (next(iter((tmp_path / n).glob("backbone-*"))) for n in "ab")
    assert first.samefile(second)  # stored once, however many fits have it


def test_a_backbone_that_is_missing_or_another_is_an_error(job, tmp_path):
    card = saved(fit(settings(), job()), tmp_path / "a")
    (file,) = (tmp_path / "a").glob("backbone-*")
    save_file(random_backbone(PUBLISHED["resnet50"], 1).state_dict(), file)
    with pytest.raises(MemberError, match="not hold the backbone that the model was fitted with"):
        load(tmp_path / "a", card)
    file.unlink()
    with pytest.raises(MemberError, match="cannot predict without its backbone"):
        load(tmp_path / "a", card)


class KilledError(Exception):
    pass


def test_a_fit_that_is_killed_in_the_head_goes_on_and_ends_with_the_same_bits(
    job, monkeypatch, passed, tmp_path
):
    monkeypatch.setattr(trainer, "CHECKPOINT_SECONDS", 0.0)
    chosen = settings()
    undisturbed = fit(chosen, job(workspace=tmp_path / "calm"))
    through = passed["fp32"]
    seen = []

    def kill(event):
        if event["event"] == "epoch":
            seen.append(event["epoch"])
            if seen == [1, 2, 3]:
                raise KilledError

    with pytest.raises(KilledError):
        fit(chosen, job(on_event=kill))
    resumed = fit(chosen, job(on_event=kill))
    assert seen == [1, 2, 3, 3, 4, 5, 6]
    assert passed["fp32"] == through + 60  # only for the time of predicting
    one, other = (member.head.network.tensors() for member in (undisturbed, resumed))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_early_stopping_optimizers_and_schedules_are_the_trainer_s(job):
    chosen = settings(
        epochs=30,
        optimizer="sgd",
        learning_rate=1.0,
        schedule={"step": 0.5, "every": 2},
        early_stopping={"patience": 2, "restore_best": True},
    )
    facts = fit(chosen, job()).card()["training"]
    assert facts["epochs_run"] < 30 and facts["stopped_early"] and facts["restored_best"]
    assert facts["optimizer"] == "sgd" and facts["patience"] == 2


def test_random_weights_that_replace_others_are_a_warning(job, places):
    card = fit(settings(weights="imagenet", otherwise="random"), job()).card()
    facts = card["backbone"]
    assert (facts["asked"], facts["weights"]) == ("imagenet", "random")
    assert "resnet50-0676ba61.pth" in facts["why_replaced"]
    assert len(card["warnings"]) == 1 and facts["why_replaced"] in card["warnings"][0]
    assert str(places.cache) in card["warnings"][0]
    assert any("no measure of transfer" in note for note in card["notes"])


def test_a_weights_file_serves_and_is_said(job, tmp_path):
    torch.save(random_backbone(PUBLISHED["resnet50"], 3).state_dict(), tmp_path / "mine.pth")
    card = fit(settings(weights="file:mine.pth"), job()).card()
    assert card["backbone"]["weights"] == "file" and "weights from a file" in card["definition"][0]
    assert card["backbone"]["why_replaced"] is None and not card["warnings"]


@pytest.fixture(scope="module")
def earlier(tmp_path_factory):
    """A run that holds one network, trained on the digits 0 to 4; and the digits."""
    rows = digits.load().train
    low = rows.labels < 5
    layers = [
        {"conv": 12, "kernel": 3},
        {"batch_norm": True},
        {"pool": 2},
        {"flatten": True},
        {"dense": 24},
        {"dropout": 0.2},
    ]
    folder = tmp_path_factory.mktemp("runs")
    work = FitJob(
        rows.images[low][:600],
        rows.labels[low][:600],
        rows.images[low][600:],
        rows.labels[low][600:],
        5,
        0,
        1,
        folder / "work",
        lambda event: None,
    )
    member = network_member.fit(NetworkSettings(layers=layers, epochs=12), work)
    place = folder / "before" / "members" / "CNN"
    member.save(place)
    (place / "card.json").write_text(json.dumps(member.card()))
    return folder, member, rows


def study_job(job, earlier, **changes):
    folder, _, rows = earlier
    high = np.flatnonzero(rows.labels >= 5)
    images, labels = rows.images[high], rows.labels[high] - 5
    work = job(
        images=images[:100],
        labels=labels[:100],
        validation_images=images[100:],
        validation_labels=labels[100:],
        classes=5,
    )
    return replace(work, paths=replace(work.paths, runs=(folder,)), **changes)


def test_an_earlier_network_is_cut_before_its_last_dense_layer(job, earlier, tmp_path):
    _, source, _ = earlier
    work = study_job(job, earlier)
    member = fit(settings("study:before/CNN", layers=[{"flatten": True}], epochs=200), work)
    card = saved(member, tmp_path / "a")
    total = sum(layer.parameters for layer in source.network.traced)
    assert card["backbone"]["parameters"] == total - 25 * 5
    assert card["backbone"]["features"] == 24 and card["trainable_parameters"] == 25 * 5
    features = member.features.of(work.images, "fp32").reshape(-1, 24)
    last = source.network.tensors()["7.dense.kernel"], source.network.tensors()["7.dense.bias"]
    scores = torch.from_numpy(features) @ last[0] + last[1]
    own = source.predict_proba(work.images)
    assert np.allclose(torch.softmax(scores, 1).numpy(), own, atol=1e-5)
    restored = load(tmp_path / "a", card)
    validation = work.validation_images
    given = member.predict_proba(validation)
    assert np.array_equal(restored.predict_proba(validation), given)
    assert (given.argmax(1) == work.validation_labels).mean() > 0.6  # classes it never saw
    before = {n: t for n, t in source.network.tensors().items() if not n.startswith("7.")}
    after = member.features.backbone.tensors()
    assert before.keys() == after.keys()
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_other_sizes_and_colours_are_fitted_to_an_earlier_network_and_said(job, earlier):
    work = study_job(job, earlier)
    large = np.repeat(np.repeat(work.images, 2, 1), 2, 2)[..., None].repeat(3, 3)
    shown = replace(
        work, images=large, validation_images=large[:9], validation_labels=work.labels[:9]
    )
    card = fit(settings("study:before/CNN", epochs=2), shown).card()
    assert any("16 x 16 are resized" in note for note in card["notes"])
    assert any("turned to grey" in note for note in card["notes"])
    assert card["backbone"]["image_size"] == [8, 8]
    assert not fit(settings("study:before/CNN", epochs=2), work).card()["notes"]
