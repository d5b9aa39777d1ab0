"""Mixup and CutMix: what becomes of images, of their truths, and of a network that learns so."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from pydantic import ValidationError

from vestry.members.networks.alterations import Augmentation
from vestry.members.networks.augmentation import variants
from vestry.members.networks.mixing import mixed, mixed_batch
from vestry.members.networks.network_member import fit
from vestry.members.networks.settings import NetworkSettings

LAYERS = [{"conv": 8, "kernel": 3}, {"pool": 2}, {"flatten": True}, {"dense": 32}]


def random(seed=0):
    return np.random.default_rng(seed)


def pictures(count, height=12, width=16, channels=2):
    drawn = random(5).random((count, height, width, channels))
    return torch.from_numpy(drawn.astype(np.float32))


def test_mixup_blends_and_says_by_how_much():
    images, others = torch.zeros(3, 4, 5, 1), torch.ones(3, 4, 5, 1)
    shares = []
    for seed in range(200):
        found, share = mixed(Augmentation(mixup=0.4), images, others, random(seed))
        torch.testing.assert_close(found, torch.full((3, 4, 5, 1), 1 - share))
        shares.append(share)
    assert min(shares) >= 0.5 and max(shares) > 0.99 and np.median(shares) < 0.99


def test_cutmix_patches_one_rectangle_and_the_share_is_its_area():
    images, others = torch.zeros(2, 12, 16, 3), torch.ones(2, 12, 16, 3)
    areas = []
    for seed in range(300):
        found, share = mixed(Augmentation(cutmix=1.0), images, others, random(seed))
        mask = found[0, ..., 0].numpy() == 1
        rows, columns = mask.any(1).sum(), mask.any(0).sum()
        assert mask.sum() == rows * columns
        assert share == pytest.approx(1 - mask.mean()) and share > 0.4
        areas.append(mask.mean())
    assert min(areas) < 0.01 and max(areas) > 0.4


def test_where_both_are_asked_for_each_has_half_of_the_batches():
    images, others = torch.zeros(1, 12, 12, 1), torch.ones(1, 12, 12, 1)
    both = Augmentation(mixup=1.0, cutmix=1.0)
    found = [mixed(both, images, others, random(seed))[0] for seed in range(400)]
    blended = sum(len(image.unique()) == 1 and 0 < image[0, 0, 0, 0] < 1 for image in found)
    assert 150 < blended < 250


@examples(deadline=None, max_examples=50)
@given(
    count=st.integers(1, 9),
    mixup=st.floats(0, 10),
    cutmix=st.floats(0, 10),
    seed=st.integers(0, 2**16),
)
def test_truths_stay_probabilities_and_images_images(count, mixup, cutmix, seed):
    settings = Augmentation(mixup=mixup, cutmix=cutmix)
    if not settings.mixes:
        return
    images, truth = pictures(count), torch.eye(4)[torch.arange(count) % 4]
    found, mixture = mixed_batch(settings, images, truth, random(seed))
    assert found.shape == images.shape and found.min() >= 0 and found.max() <= 1
    torch.testing.assert_close(mixture.sum(1), torch.ones(count))
    assert mixture.min() >= 0
    again, same = mixed_batch(settings, images, truth, random(seed))
    assert torch.equal(found, again) and torch.equal(mixture, same)


def test_the_truth_of_a_mixed_image_is_mixed_alike():
    """Each image holds its own number, so that the blend tells the share of each."""
    truth = torch.eye(6)
    images = torch.arange(6.0).view(6, 1, 1, 1).expand(6, 3, 3, 1)
    found, mixture = mixed_batch(Augmentation(mixup=1.0), images, truth, random(1))
    torch.testing.assert_close(found[:, 0, 0, 0], mixture @ torch.arange(6.0))


@pytest.mark.parametrize("key", ["mixup", "cutmix"])
def test_it_is_learnt_from_and_said(job, key):
    given_settings = {"layers": LAYERS, "epochs": 8, "augmentation": {key: 1.0}}
    member = fit(NetworkSettings(**given_settings), job())
    last = member.history[-1]
    assert last["validation_accuracy"] > 0.85
    assert last["train_accuracy"] < last["validation_accuracy"]  # those of mixed images
    card = member.card()
    assert len(card["augmentation"]["words"]) == 1 and "batch" in card["augmentation"]["words"][0]
    again = fit(NetworkSettings(**given_settings), job())
    assert again.history[-1]["train_loss"] == last["train_loss"]


def test_words_of_both_say_that_they_take_turns():
    words = Augmentation(horizontal_flip=True, mixup=0.2, cutmix=1.0).words()
    assert words[1].startswith("in every other batch") and words[2].startswith("in the others")


def test_pictures_show_what_is_mixed_in():
    images = np.zeros((5, 8, 8), np.uint8)
    images[1:] = 255
    found = variants(Augmentation(cutmix=1.0), images, 16, seed=0)
    assert found.shape == (16, 8, 8) and sum(255 in picture for picture in found) > 8


def test_unused_keys_leave_no_trace():
    assert not {"mixup", "cutmix"} & Augmentation(shift=0.1).model_dump().keys()
    assert Augmentation(mixup=0.2).model_dump()["mixup"] == 0.2


@pytest.mark.parametrize("wrong", [-0.1, 11, "much"])
def test_shares_are_bounded(wrong):
    with pytest.raises(ValidationError):
        Augmentation(mixup=wrong)
