"""Whether mirrored images show the same: found right where the answer is known, and said."""

import numpy as np
import pytest
from pydantic import ValidationError

from vestry.data.sources import digits
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.networks import mirroring as mirroring_module
from vestry.members.networks.mirroring import FEWEST_ROWS, mirroring
from vestry.members.networks.network_member import fit, load
from vestry.members.networks.settings import NetworkSettings

LAYERS = [{"conv": 4, "kernel": 3}, {"pool": 2}, {"flatten": True}]
FEW = [{"flatten": True}]


def stripes(count, seed=0, channels=None, side=16, leaning=True):
    """Bars that lean one way or the other, in noise, anywhere. leaning: the classes are told by the
    way that they lean; otherwise by their thickness, and each leans either way."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    ways = labels if leaning else random.integers(0, 2, count)
    thick = 1.5 + (0 if leaning else 1) * labels
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    offset = random.uniform(-side / 6, side / 6, count)[:, None, None]
    slope = np.where(ways, 1.0, -1.0)[:, None, None]
    bars = np.abs(x - slope * y + offset) < thick[:, None, None]
    images = 90.0 * bars + random.normal(80, 40, bars.shape)
    images = np.clip(images, 0, 255).astype(np.uint8)
    return (images if channels is None else np.stack([images] * channels, 3)), labels


@pytest.mark.parametrize("channels", [None, 3])
@pytest.mark.parametrize("count", [60, 400])
def test_what_leans_is_not_mirrored(count, channels):
    found = mirroring(*stripes(count, channels=channels))
    assert not found.shows_the_same
    assert found.plain > 0.85 and found.mirrored < 0.7 and found.rows == count


@pytest.mark.parametrize("seed", range(3))
def test_what_leans_either_way_is_mirrored(seed):
    found = mirroring(*stripes(400, seed, leaning=False))
    assert found.shows_the_same and found.mirrored > 0.8


def test_digits_are_not_mirrored():
    rows = digits.load().train.rows(np.arange(600))
    found = mirroring(rows.images, rows.labels)
    assert not found.shows_the_same and found.plain > found.mirrored + 0.005


@pytest.mark.parametrize(("count", "looked"), [(150, 150), (350, 350), (900, 600)])
def test_it_is_repeatable_and_looks_at_a_bounded_number(monkeypatch, count, looked):
    monkeypatch.setattr(mirroring_module, "_ROWS", 200)
    images, labels = stripes(count)
    found = mirroring(images, labels)
    monkeypatch.setattr(mirroring_module, "_kept", {})
    assert found == mirroring(images, labels) and found.rows == looked


def test_the_same_rows_are_looked_at_once_and_others_anew(monkeypatch):
    """Three networks of a study ask about the same rows, and each answer takes seconds."""
    asked, ask = [], mirroring_module._asked
    kept: dict = {}
    monkeypatch.setattr(mirroring_module, "_kept", kept)
    monkeypatch.setattr(mirroring_module, "_MOST_KEPT", 3)
    monkeypatch.setattr(mirroring_module, "_asked", lambda *rows: asked.append(1) or ask(*rows))
    images, labels = stripes(60)
    assert mirroring(images, labels) is mirroring(images.copy(), labels.copy())
    assert len(asked) == 1
    for others in ((images, 1 - labels), (images[:50], labels[:50]), (255 - images, labels)):
        mirroring(*others)
    assert len(asked) == 4 and len(kept) == 3, "the oldest is let go of"
    mirroring(images, labels)
    assert len(asked) == 5


@pytest.mark.parametrize("shape", [(3, 5), (1, 1), (40, 50), (64, 9, 3)])
def test_images_of_any_size(shape):
    random = np.random.default_rng(0)
    images = random.integers(0, 256, (50, *shape), dtype=np.uint8)
    found = mirroring(images, np.arange(50) % 3)
    assert 0 <= found.plain <= 1 and 0 <= found.mirrored <= 1


def test_images_without_anything_in_them():
    found = mirroring(np.full((40, 8, 8), 7, np.uint8), np.arange(40) % 2)
    assert np.isfinite([found.plain, found.mirrored]).all()


def test_too_few_images_are_left_as_they_are_and_it_is_said():
    found = mirroring(*stripes(FEWEST_ROWS - 1))
    assert not found.shows_the_same and found.plain is None
    assert "too few" in found.words("augmentation")


def trained(job, images, labels, **given):
    rows = {"images": images, "labels": labels, "classes": 2, "ids": None}
    held_out = {"validation_images": images[:40], "validation_labels": labels[:40]}
    settings = NetworkSettings(layers=LAYERS, epochs=1, augmentation="auto", **given)
    return fit(settings, job(**rows, **held_out))


def test_what_was_found_decides_and_is_in_the_card_with_both_figures(job, tmp_path):
    member = trained(job, *stripes(200, leaning=False))
    card = member.card()
    assert card["settings"]["augmentation"] == "auto"
    assert card["augmentation"]["words"] == ["horizontal flip of every other image"]
    found = card["mirroring"]
    note = next(note for note in card["notes"] if '"auto"' in note)
    assert "every other training image is mirrored" in note
    for figure in (found["mirrored"], found["plain"]):
        assert f"{100 * figure:.1f}%" in note
    member.save(tmp_path / "saved")
    images = stripes(5)[0]
    again = load(tmp_path / "saved", card)
    assert np.array_equal(again.predict_proba(images), member.predict_proba(images))


def test_where_mirroring_changes_what_is_seen_nothing_is_altered(job):
    card = trained(job, *stripes(200)).card()
    assert card["augmentation"] is None and not card["mirroring"]["shows_the_same"]
    assert any("no training image is mirrored" in note for note in card["notes"])


def test_test_and_validation_rows_have_no_say(job):
    """Validation rows that would be mirrored gladly change nothing."""
    images, labels = stripes(200)
    other = {"validation_images": stripes(100, 1, leaning=False)[0]}
    settings = NetworkSettings(layers=FEW, epochs=1, augmentation="auto")
    rows = {"images": images, "labels": labels, "classes": 2, "ids": None}
    validation = {"validation_labels": np.arange(100) % 2}
    cards = [
        fit(settings, job(**rows, **validation | changed)).card()
        for changed in (other, {"validation_images": stripes(100, 2)[0]})
    ]
    assert cards[0]["mirroring"] == cards[1]["mirroring"]


def test_seeds_are_trained_alike(job):
    images, labels = stripes(120, leaning=False)
    rows = {"images": images, "labels": labels, "classes": 2, "ids": None}
    rows |= {"validation_images": images[:9], "validation_labels": labels[:9]}
    settings = NetworkSettings(layers=FEW, epochs=1, augmentation="auto")
    found = [fit(settings, job(seed, **rows)).card()["mirroring"] for seed in (0, 7)]
    assert found[0] == found[1]


def test_a_head_on_a_backbone_has_nothing_to_find():
    settings = BackboneSettings(backbone="vgg16", layers=FEW, augmentation="auto")
    assert settings.augmentation is None


def test_another_word_is_refused_in_one_line():
    with pytest.raises(ValidationError) as caught:
        NetworkSettings(layers=FEW, augmentation="automatic")
    assert len(caught.value.errors()) == 1
