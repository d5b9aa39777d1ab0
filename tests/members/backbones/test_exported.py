"""Networks by the names of timm and torchvision, which stand-ins here are: exported once, kept."""

import sys

import numpy as np
import pytest
import torch
from pydantic import ValidationError

from vestry.data.paths import MissingDataError
from vestry.errors import MemberError, StudyError
from vestry.members.backbones.backbone import planes_of
from vestry.members.backbones.backbone_model import fit
from vestry.members.backbones.kind import BackbonePlan
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.kind import PlanContext

NETWORK = """
import torch
from torch import nn

def network(last):
    layers = [nn.Conv2d(3, 5, 3, stride=2, bias=False), nn.ReLU(), nn.AdaptiveAvgPool2d(1)]
    return nn.Sequential(*layers, nn.Flatten(), *([nn.Linear(5, 9)] if last else []))
"""
TIMM = """
from types import SimpleNamespace
MADE = []
def list_models(): return ["tiny_net", "small_net"]
def is_model(name): return name in list_models()
def create_model(name, pretrained, num_classes):
    if pretrained and name == "small_net":
        raise RuntimeError("no way to the hub")
    MADE.append(name)
    made = network(last=num_classes)
    made.pretrained_cfg = {"license": "apache-2.0"}
    return made
def resolve(module): return {"input_size": (3, 24, 20), "mean": (0.5, 0.4, 0.3), "std": (0.2,) * 3}
data = SimpleNamespace(resolve_model_data_config=resolve)
"""
MODELS = """
from types import SimpleNamespace
def list_models(module): return ["tiny_net"]
def transforms(): return SimpleNamespace(crop_size=[24], mean=[0.5] * 3, std=[0.25] * 3)
def get_model_weights(name): return SimpleNamespace(DEFAULT=SimpleNamespace(transforms=transforms))
def get_model(name, weights): return network(last=True)
"""


@pytest.fixture
def libraries(tmp_path, monkeypatch):
    """Folders as pip leaves them, of two libraries with one small network."""
    place = tmp_path / "site"
    for name, files in (
        ("timm", {"__init__.py": NETWORK + TIMM}),
        ("torchvision", {"__init__.py": "", "models.py": NETWORK + MODELS}),
    ):
        (place / name).mkdir(parents=True)
        (place / f"{name}-9.9.dist-info").mkdir()
        about = f"Metadata-Version: 2.1\nName: {name}\nVersion: 9.9\n"
        (place / f"{name}-9.9.dist-info" / "METADATA").write_text(about)
        for file, text in files.items():
            (place / name / file).write_text(text)
    monkeypatch.setattr(sys, "path", [str(place), *sys.path])
    for name in ("timm", "torchvision", "torchvision.models"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("timm", "torchvision", "torchvision.models"):
        sys.modules.pop(name, None)


def on(backbone, **given):
    return BackboneSettings(backbone=backbone, estimator="sklearn.naive_bayes.GaussianNB", **given)


def plan(places, shape=(10, 9, 3)):
    return BackbonePlan(PlanContext(shape, ("a", "b", "c"), places))


@pytest.mark.usefixtures("libraries")
def test_a_network_is_exported_once_and_gives_what_it_gives_in_torch(places, job):
    chosen = on("timm:tiny_net", image_size=[10, 9])
    assert plan(places).describe(chosen).endswith("on timm:tiny_net, 135 frozen")
    plan(places).describe(chosen)
    import timm

    assert timm.MADE == ["tiny_net"]
    work = job(colour=True)
    member = fit(chosen, work)
    torch.manual_seed(0)
    made = timm.network(last=0)
    mean = torch.tensor([0.5, 0.4, 0.3]).view(3, 1, 1)
    with torch.no_grad():
        planes = (planes_of(torch.from_numpy(work.images)) / 255 - mean) / 0.2
        expected = made(planes).numpy()
    assert np.allclose(member.features.of(work.images, "fp32")[:, 0, 0], expected, atol=1e-4)
    card = member.card()
    assert card["backbone"]["weights"] == "pretrained"
    assert any("apache-2.0" in note for note in card["notes"])


@pytest.mark.usefixtures("libraries")
def test_its_own_size_is_taken_and_its_output_layer_is_not(places):
    own = plan(places)
    assert (
        own.source(on("timm:tiny_net")).digest
        != own.source(on("timm:tiny_net", image_size=16)).digest
    )
    chosen = on("torchvision:tiny_net", weights="random", pool="none")
    assert own.describe(chosen).endswith("on torchvision:tiny_net, 135 frozen")
    assert own.identity(chosen).startswith("random ")


@pytest.mark.usefixtures("libraries")
def test_what_cannot_be_had_is_said(places):
    def said(chosen, kind):
        with pytest.raises(kind) as caught:
            plan(places).describe(chosen)
        return str(caught.value)

    assert "did you mean `tiny_net`?" in said(on("timm:tiny_nett"), StudyError)
    hub = said(on("timm:small_net"), MissingDataError)
    assert "no way to the hub" in hub and '"random"' in hub
    assert "cannot be exported" in said(on("torchvision:tiny_net", image_size=1), MemberError)
    assert not list(places.cache.glob("*small*"))


def test_a_library_that_is_not_installed_is_named(places, monkeypatch):
    from vestry.members.backbones import exported

    def nothing(name):
        raise exported.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(exported.metadata, "version", nothing)
    with pytest.raises(StudyError, match="timm is not installed; pip install timm"):
        plan(places).describe(on("timm:tiny_net"))


def test_other_weights_are_refused():
    with pytest.raises(ValidationError, match="they have their own"):
        on("timm:tiny_net", weights="imagenet")
