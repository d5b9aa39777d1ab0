"""Where a backbone's weights come from, and what is said where they are not to be had."""

import functools
import hashlib
import http.server
import json
import threading
from dataclasses import replace

import pytest
import torch
from pydantic import ValidationError
from safetensors.torch import load_file

from vestry.data.paths import MissingDataError
from vestry.errors import MemberError, StudyError
from vestry.members.backbones import downloads
from vestry.members.backbones import published as published_backbone
from vestry.members.backbones.kind import BackbonePlan
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.backbones.source import backbone_source, find_run
from vestry.members.backbones.weights import random_backbone
from vestry.members.kind import PlanContext

FLAT = [{"flatten": True}]


def settings(**given):
    return BackboneSettings(**{"backbone": "resnet50", "layers": FLAT} | given)


WRONG = [
    ({"backbone": "resnet18"}, "did you mean `resnet50`"),
    ({"backbone": "study:run"}, "write study:RUN/MODEL"),
    ({"weights": "imagnet"}, "did you mean `imagenet`"),
    ({"weights": "random", "otherwise": "random"}, "only imagenet weights may be replaced"),
    ({"backbone": "study:a/b", "weights": "random"}, "has its own weights"),
    ({"backbone": "study:a/b", "otherwise": "random"}, "has its own weights"),
    ({"backbone": "study:a/b", "image_size": [32, 32]}, "has its own weights and image size"),
    ({"image_size": [16, 32]}, "32 pixels a side and more"),
    ({"layers": []}, "at least 1 item"),
    ({"augmentation": {"horizontal_flip": True}}, "there is nothing to augment"),
]


@pytest.mark.parametrize(("given", "said"), WRONG, ids=[str(given) for given, _ in WRONG])
def test_what_cannot_be_meant_is_refused(given, said):
    with pytest.raises(ValidationError, match=said):
        settings(**given)


def test_weights_are_imagenet_s_unless_said():
    assert settings().weights == "imagenet"
    assert settings(backbone="study:a/b/c").weights is None


@pytest.fixture
def published(monkeypatch):
    """A published file of our own making, and its facts with the right hash in the name."""

    def make(folder, seed=0):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "made.pth"
        torch.save(random_backbone(PUBLISHED["resnet50"], seed).state_dict(), path)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        facts = replace(PUBLISHED["resnet50"], file=f"resnet50-{digest[:8]}.pth", sha256=digest)
        monkeypatch.setitem(PUBLISHED, "resnet50", facts)
        return path.rename(folder / facts.file)

    return make


@pytest.fixture
def server(tmp_path, monkeypatch):
    """A web server in the published host's place; gives the folder that it serves."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

    served = http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder))
    )
    threading.Thread(target=served.serve_forever, daemon=True).start()
    monkeypatch.setattr(published_backbone, "HOST", f"http://127.0.0.1:{served.server_port}/")
    yield folder
    served.shutdown()
    served.server_close()


def test_published_weights_are_downloaded_checked_and_kept_as_safetensors(
    published, server, places
):
    published(server, seed=3)
    told = []
    source = backbone_source(settings(), places, True, lambda *facts: told.append(facts))
    assert source.used == "imagenet" and source.path.parent == places.cache
    assert source.path.suffix == ".safetensors"
    stored, made = load_file(source.path), random_backbone(PUBLISHED["resnet50"], 3).state_dict()
    assert all(torch.equal(stored[name], made[name]) for name in made)
    kept = {path.name for path in places.cache.iterdir()}
    assert kept == {source.path.name, f"{source.path.name}.json"}  # no pickle is kept
    name, _, size = told[-1]
    assert name == PUBLISHED["resnet50"].file and size > 90_000_000
    assert backbone_source(settings(), places) == source  # found again, without a network


def test_a_host_that_sends_another_file_is_not_believed(published, server, places):
    path = published(server)
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(MissingDataError, match="not the published one"):
        backbone_source(settings(), places, True)
    path.unlink()
    with pytest.raises(MissingDataError, match="answered 404"):
        backbone_source(settings(), places, True)
    assert list(places.cache.iterdir()) == []


def test_a_host_that_sends_without_end_is_cut_off(published, server, places, monkeypatch):
    published(server)
    monkeypatch.setattr(downloads, "LARGEST", 1_000_000)
    with pytest.raises(MissingDataError, match="not the published one"):
        backbone_source(settings(), places, True)
    assert list(places.cache.iterdir()) == []


def test_without_a_network_the_error_names_file_address_and_place(places, monkeypatch):
    monkeypatch.setattr(published_backbone, "HOST", "http://127.0.0.1:9/models/")
    with pytest.raises(MissingDataError) as caught:
        backbone_source(settings(backbone="vgg16"), places, True)
    said = str(caught.value)
    assert "vgg16-397923af.pth" in said and "no connection" in said
    assert "fetch http://127.0.0.1:9/models/vgg16-397923af.pth" in said
    assert f"into {places.cache}" in said and 'weights = "file:PATH"' in said


def test_otherwise_random_stands_in_and_says_why(places, monkeypatch):
    monkeypatch.setattr(published_backbone, "HOST", "http://127.0.0.1:9/models/")
    source = backbone_source(settings(otherwise="random"), places, True)
    assert source.used == "random" and "no connection" in source.why_replaced
    assert backbone_source(settings(otherwise="random"), places).used == "random"


def test_the_published_file_is_used_where_it_was_put_or_where_torch_keeps_it(published, places):
    for folder in places.published:
        path = published(folder)
        assert backbone_source(settings(), places).path == path
        path.unlink()


def test_a_file_under_the_published_name_must_be_the_published_one(places):
    places.cache.mkdir(parents=True)
    path = places.cache / PUBLISHED["vgg16"].file
    path.write_bytes(b"something else")
    with pytest.raises(MemberError, match="not the published file: its SHA-256 is"):
        backbone_source(settings(backbone="vgg16"), places)


def test_a_file_of_one_s_own_starts_at_the_study_s_folder(places, tmp_path):
    with pytest.raises(StudyError, match=r"there is no file .*own\.pth"):
        backbone_source(settings(weights="file:own.pth"), places)
    (tmp_path / "own.pth").write_bytes(b"one")
    one = backbone_source(settings(weights="file:own.pth"), places)
    (tmp_path / "own.pth").write_bytes(b"two")
    two = backbone_source(settings(weights="file:own.pth"), places)
    assert one.path == two.path == tmp_path / "own.pth" and one.identity != two.identity


@pytest.fixture
def run(tmp_path):
    """A run with a network, beside the present one; no work was done for it."""

    def make(folder="runs/before", member="CNN", kind="layers", weights=b"w"):
        place = tmp_path / folder / "members" / member
        place.mkdir(parents=True, exist_ok=True)
        layers = [{"flatten": True}, {"dense": 7}]
        card = {"kind": kind, "settings": {"layers": layers}, "image_shape": [8, 8], "classes": 3}
        (place / "card.json").write_text(json.dumps(card))
        (place / "weights.safetensors").write_bytes(weights)
        return place

    return make


def test_a_run_is_looked_for_beside_the_present_one_then_at_the_study_then_here(
    run, places, tmp_path, monkeypatch
):
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    places = replace(places, runs=(*places.runs[:2], here))
    for folder in ("here/before", "before", "runs/before"):
        place = run(folder)
        assert backbone_source(settings(backbone="study:before/CNN"), places).path == place
    assert find_run("before", places.runs) == tmp_path / "runs/before"
    assert find_run("runs/before", places.runs) == tmp_path / "runs/before"
    assert find_run(str(tmp_path / "before"), places.runs) == tmp_path / "before"
    assert find_run("after", places.runs) is None


def test_what_is_wrong_with_an_earlier_run_is_said(run, places):
    with pytest.raises(StudyError, match=r"no such run .*run its study first"):
        backbone_source(settings(backbone="study:before/CNN"), places)
    run()
    with pytest.raises(StudyError, match="no model 'CNM'; did you mean `CNN`"):
        backbone_source(settings(backbone="study:before/CNM"), places)
    run(member="Forest", kind="estimator")
    with pytest.raises(StudyError, match="of the kind `estimator`; a backbone is a network"):
        backbone_source(settings(backbone="study:before/Forest"), places)


def plan_for(places, image_shape=(8, 8), classes=5):
    return BackbonePlan(PlanContext(image_shape, tuple("abcdefghij"[:classes]), places))


def test_a_network_trained_anew_is_another_backbone_for_a_task(run, places):
    asked = settings(backbone="study:before/CNN")
    run(weights=b"one")
    one = plan_for(places).identity(asked)
    run(weights=b"two")
    two = plan_for(places).identity(asked)
    run(weights=b"one")
    assert plan_for(places).identity(asked) == one != two


def test_a_plan_counts_parameters_and_sees_a_head_that_does_not_fit(run, places):
    run()
    plan = plan_for(places)
    earlier = settings(backbone="study:before/CNN")
    text, cores = plan.describe(earlier), plan.threads_for(earlier)
    assert text == "head of 40 parameters on study:before/CNN, 455 frozen" and cores == 1
    random = settings(weights="random", layers=[*FLAT, {"dense": 256}, {"dropout": 0.5}])
    plan = plan_for(places, (28, 28), 10)
    assert plan.describe(random).startswith("head of 527,114 parameters")
    with pytest.raises(StudyError, match="dense takes a flat vector"):
        plan.describe(settings(weights="random", layers=[{"dense": 9}]))
