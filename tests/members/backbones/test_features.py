"""Each image through the backbone once, whoever asks and however often it is interrupted."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from vestry.errors import MemberError
from vestry.members.backbones import backbone
from vestry.members.backbones import features as features_module
from vestry.members.backbones.backbone import IMAGENET, Backbone, planes_of, resized, with_channels
from vestry.members.backbones.features import Features
from vestry.members.backbones.frozen_networks import PublishedNetwork
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.weights import digest, random_backbone


class Counting(Backbone):
    """A backbone that adds up pixels, and remembers how many images it has seen."""

    title, weights, parameters, feature_shape = "Counting", "0" * 64, 0, (1, 1, 3)
    size, normalisation, batch, computes = (4, 4), "none", 8, ("fp32", "bf16")

    def __init__(self, fail_after=None, factor=1):
        self.seen = 0
        self.fail_after = fail_after
        self.factor = factor

    def settings(self):
        return {"factor": self.factor}

    def tensors(self):
        return {}

    def forward(self, images, compute):
        if self.fail_after is not None and self.seen >= self.fail_after:
            raise KeyboardInterrupt
        self.seen += len(images)
        total = images.double().sum((1, 2)) * self.factor + (compute == "bf16")
        return torch.stack([total, total + 1, total + 2], 1).float().view(-1, 1, 1, 3)


@pytest.fixture
def images():
    return np.random.default_rng(0).integers(0, 255, (50, 4, 4), dtype=np.uint8)


def expected(images, bf16=0):
    total = images.sum((1, 2), dtype=float) + bf16
    return np.stack([total, total + 1, total + 2], 1).reshape(-1, 1, 1, 3)


def test_subsets_orders_and_later_runs_find_everything(images, cache):
    backbone = Counting()
    first = Features(backbone, cache)
    assert np.array_equal(first.of(images, "fp32"), expected(images))
    assert (first.passage.through, first.passage.found) == (50, 0)
    assert np.array_equal(first.of(images[::-3], "fp32"), expected(images[::-3]))
    later = Features(backbone, cache)
    assert np.array_equal(later.of(images[20:], "fp32"), expected(images[20:]))
    assert backbone.seen == 50 and (later.passage.through, later.passage.found) == (0, 30)


def test_equal_images_go_through_once(images, cache):
    backbone = Counting()
    doubled = np.concatenate([images, images[::-1]])
    assert np.array_equal(Features(backbone, cache).of(doubled, "fp32"), expected(doubled))
    assert backbone.seen == 50


def test_another_precision_or_backbone_never_serves(images, cache):
    backbone = Counting()
    features = Features(backbone, cache)
    features.of(images, "fp32")
    assert np.array_equal(features.of(images, "bf16"), expected(images, bf16=1))
    other = Counting(factor=2)
    assert np.array_equal(
        Features(other, cache).of(images, "fp32")[..., 0].ravel(),
        2 * images.sum((1, 2), dtype=float),
    )
    assert (backbone.seen, other.seen) == (100, 50)


def test_an_interruption_keeps_the_shards_that_are_finished(images, cache, monkeypatch):
    monkeypatch.setattr(features_module, "SHARD_SECONDS", 0.0)
    with pytest.raises(KeyboardInterrupt):
        Features(Counting(fail_after=32), cache).of(images, "fp32")
    again = Counting()
    assert np.array_equal(Features(again, cache).of(images, "fp32"), expected(images))
    assert again.seen == 50 - 32


def test_without_a_cache_everything_is_computed_and_nothing_written(images, cache, monkeypatch):
    backbone = Counting()
    for features in (Features(backbone), Features(backbone)):
        assert np.array_equal(features.of(images, "fp32"), expected(images))
    assert backbone.seen == 100
    monkeypatch.setenv("VESTRY_FEATURE_CACHE_GIB", "0")
    assert np.array_equal(Features(backbone, cache).of(images, "fp32"), expected(images))
    assert not cache.exists()
    assert Features(backbone).of(images[:0], "fp32").shape == (0, 1, 1, 3)


def test_it_says_how_far_it_is(images, cache, monkeypatch):
    monkeypatch.setattr(features_module, "REPORT_SECONDS", 0.0)
    events = []
    Features(Counting(), cache, events.append).of(images, "fp32")
    assert [event["done"] for event in events] == [8, 16, 24, 32, 40, 48, 50]
    assert events[-1]["seconds_left"] == 0 and {event["total"] for event in events} == {50}


def test_features_beyond_memory_are_refused_before_any_work(images, monkeypatch):
    monkeypatch.setattr(features_module, "MOST_BYTES", 100)
    backbone = Counting()
    with pytest.raises(MemberError, match="global_pool"):
        Features(backbone).of(images, "fp32")
    assert backbone.seen == 0


def test_two_that_ask_for_the_same_at_once_share_the_work(images, cache):
    """Threads stand for processes: a lock belongs to an open file, not to a process."""
    backbones = [Counting(), Counting()]
    with ThreadPoolExecutor() as pool:
        both = list(pool.map(lambda t: Features(t, cache).of(images, "fp32"), backbones))
    assert all(np.array_equal(features, expected(images)) for features in both)
    assert sorted(backbone.seen for backbone in backbones) == [0, 50]


@pytest.fixture(scope="module")
def resnet():
    facts = PUBLISHED["resnet50"]
    return PublishedNetwork(random_backbone(facts), facts, (32, 32), None)


def test_features_do_not_depend_on_an_image_s_neighbours(resnet):
    images = torch.randint(0, 256, (40, 12, 9), dtype=torch.uint8)
    with torch.inference_mode():
        whole = resnet.forward(images, "fp32")
        alone = torch.cat([resnet.forward(part, "fp32") for part in images.split(7)])
    assert torch.allclose(whole, alone, rtol=1e-4, atol=1e-4 * float(whole.abs().max()))


def test_the_backbone_s_own_normalisation_is_applied(resnet):
    """Against the module on an image prepared by hand, which needs no resizing."""
    images = torch.randint(0, 256, (2, 32, 32, 3), dtype=torch.uint8)
    mean, deviation = (torch.tensor(v).view(3, 1, 1) for v in (IMAGENET.mean, IMAGENET.deviation))
    prepared = (images.permute(0, 3, 1, 2) / 255 - mean) / deviation
    with torch.inference_mode():
        exact = resnet.module(prepared).permute(0, 2, 3, 1)
        assert torch.allclose(resnet.forward(images, "fp32"), exact, rtol=1e-3, atol=1e-3)
        grey = images[..., 0]
        assert torch.allclose(
            resnet.forward(grey, "fp32"),
            resnet.forward(grey[..., None].expand(-1, -1, -1, 3), "fp32"),
            rtol=1e-4,
            atol=1e-4,
        )


def test_resizing_is_bilinear_between_pixel_centres():
    row = torch.tensor([0, 100, 200, 40], dtype=torch.uint8)
    planes = resized(planes_of(row.expand(1, 3, 4)), (3, 8))
    centres = (np.arange(8) + 0.5) / 2 - 0.5
    assert np.allclose(planes[0, 0, 1], np.interp(centres, np.arange(4), row.numpy()), atol=1e-3)


def test_shrinking_takes_every_pixel_into_account():
    checks = (torch.arange(64).view(8, 8) + torch.arange(8).view(8, 1)) % 2 * 200
    assert resized(planes_of(checks.to(torch.uint8)[None]), (2, 2)) == pytest.approx(100, abs=15)


def test_colour_turns_to_grey_by_luminance():
    colour = torch.tensor([[[[255, 0, 0], [0, 255, 0], [0, 0, 255], [9, 9, 9]]]], dtype=torch.uint8)
    grey = with_channels(planes_of(colour), 1)
    assert grey.flatten().tolist() == pytest.approx([76.245, 149.685, 29.07, 9.0])


def test_a_pool_at_the_head_s_beginning_is_made_before_features_are_kept(resnet):
    facts = PUBLISHED["resnet50"]
    images = torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8)
    module = resnet.module
    with torch.inference_mode():
        whole = PublishedNetwork(module, facts, (64, 64), None).forward(images, "fp32")
        for pool, reduced in (("average", whole.mean((1, 2))), ("max", whole.amax((1, 2)))):
            backbone = PublishedNetwork(module, facts, (64, 64), pool)
            given = backbone.forward(images, "fp32")
            assert backbone.feature_shape == (1, 1, 2048) == tuple(given.shape[1:])
            assert torch.allclose(given.flatten(1), reduced, rtol=1e-4, atol=1e-4)
    assert PublishedNetwork(module, facts, (32, 32), "max").pool is None  # one pixel already


def test_what_features_depend_on_is_in_the_backbone_s_digest(resnet):
    facts = PUBLISHED["resnet50"]
    module = resnet.module
    backbones = [
        PublishedNetwork(module, facts, (32, 32), None),
        PublishedNetwork(module, facts, (32, 64), None),
        PublishedNetwork(module, facts, (32, 64), "max"),
        PublishedNetwork(random_backbone(facts, 1), facts, (32, 32), None),
    ]
    names = [backbone.digest(compute) for backbone in backbones for compute in ("fp32", "bf16")]
    assert len(set(names)) == 8 and backbones[0].digest("fp32") == resnet.digest("fp32")


def test_the_trial_takes_bfloat16_only_where_it_is_right_and_faster(resnet, cache, monkeypatch):
    times = {"fp32": 2.0, "bf16": 1.0}
    monkeypatch.setattr(backbone, "turn", lambda backbone, images, compute: times[compute])
    monkeypatch.setattr(resnet, "batch", 8)

    def chosen(precision="auto", threads=1):
        with torch.inference_mode():
            return backbone.choose(resnet, (8, 8), precision, threads, cache)

    first = chosen()
    assert first.compute == "bf16" and 0 < first.error < 0.02
    times["bf16"] = 1.95
    assert chosen() == first  # kept, or a resumed study could differ from an undisturbed one
    assert chosen(threads=2).compute == "fp32"
    assert chosen("fp32").tried == {} and chosen("bf16").compute == "bf16"
    monkeypatch.setattr(backbone, "TOLERANCE", {"bf16": 1e-9})
    assert "bf16 did not come close" in chosen("bf16", threads=3).note


def test_a_backbone_is_frozen_in_inference_mode(resnet):
    assert not resnet.module.training
    assert not any(parameter.requires_grad for parameter in resnet.module.parameters())
    before = digest(resnet.tensors())
    resnet.forward(torch.zeros(3, 8, 8, dtype=torch.uint8), "bf16")
    assert digest(resnet.tensors()) == before == resnet.weights
