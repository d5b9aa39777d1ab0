"""Weights files: what loads, what is refused, and in which words."""

import os
import zipfile

import pytest
import torch
from safetensors.torch import save_file

from vestry.errors import MemberError
from vestry.members.backbones import weights
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.weights import digest, loaded_backbone, random_backbone

VGG16, RESNET50 = PUBLISHED["vgg16"], PUBLISHED["resnet50"]


@pytest.fixture(scope="module")
def published():
    """A whole network's state dict as torchvision publishes it, head and all."""
    state = dict(random_backbone(RESNET50, 7).state_dict())
    return state | {"fc.weight": torch.zeros(1000, 2048), "fc.bias": torch.zeros(1000)}


@pytest.mark.parametrize("form", ["w.pth", "w.pt", "legacy.pth", "w.safetensors"])
def test_a_state_dict_in_torchvision_s_names_loads_whole(published, tmp_path, form):
    path = tmp_path / form
    if form.endswith(".safetensors"):
        save_file(published, path)
    else:
        torch.save(published, path, _use_new_zipfile_serialization=form != "legacy.pth")
    loaded = loaded_backbone(RESNET50, path).state_dict()
    assert digest(loaded) == digest(random_backbone(RESNET50, 7).state_dict())


def test_files_without_counters_or_in_half_precision_load_too(published, tmp_path):
    path = tmp_path / "w.pth"
    kept = {k: t.half() for k, t in published.items() if not k.endswith("num_batches_tracked")}
    torch.save(kept, path)
    loaded = loaded_backbone(RESNET50, path).state_dict()["layer4.2.conv3.weight"]
    assert loaded.dtype == torch.float32
    assert torch.equal(loaded, published["layer4.2.conv3.weight"].half().float())


def renamed(state):
    state["layer1.0.conv9.weight"] = state.pop("layer1.0.conv1.weight")


def reshaped(state):
    state["bn1.weight"] = state["bn1.weight"][:32].clone()


def poisoned(state):
    state["conv1.weight"] = state["conv1.weight"].clone()
    state["conv1.weight"][0, 0, 0, 0] = float("nan")


def counted(state):
    state["bn1.bias"] = state["bn1.bias"].long()


WRONG = [
    (renamed, ["`layer1.0.conv1.weight` missing", "`layer1.0.conv9.weight` not known"]),
    (lambda state: state.pop("conv1.weight"), ["`conv1.weight` missing"]),
    (lambda state: state.update(more=torch.ones(1)), ["`more` not known"]),
    (reshaped, ["`bn1.weight` has the shape 32, not 64"]),
    (poisoned, ["`conv1.weight` holds NaN"]),
    (counted, ["`bn1.bias` holds torch.int64"]),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said[0] for _, said in WRONG])
def test_what_does_not_fit_is_named(published, tmp_path, change, said):
    state = dict(published)
    change(state)
    save_file(state, tmp_path / "w.safetensors")
    with pytest.raises(MemberError) as caught:
        loaded_backbone(RESNET50, tmp_path / "w.safetensors")
    assert all(text in str(caught.value) for text in (*said, "w.safetensors"))


def test_another_network_s_weights_are_refused(published, tmp_path):
    save_file(published, tmp_path / "w.safetensors")
    with pytest.raises(MemberError, match="does not hold VGG16 in torchvision's names"):
        loaded_backbone(VGG16, tmp_path / "w.safetensors")


class Code:
    """What a malicious pickle holds."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False])
def test_a_pickle_that_holds_code_is_refused_and_not_run(tmp_path, zipped):
    path = tmp_path / "w.pth"
    torch.save(
        {"conv1.weight": Code(tmp_path / "owned")}, path, _use_new_zipfile_serialization=zipped
    )
    with pytest.raises(MemberError, match="holds more than tensors"):
        loaded_backbone(RESNET50, path)
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("name", ["w.pth", "w.pt", "w.safetensors"])
@pytest.mark.parametrize("content", [b"", b"no weights" * 50, b"\xff" * 64, b"\x00" * 4096])
def test_what_is_no_weights_file_is_one_clear_error(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MemberError, match="cannot be read as weights"):
        loaded_backbone(RESNET50, tmp_path / name)


def test_a_cut_file_is_refused(published, tmp_path):
    for name, save in (("w.safetensors", save_file), ("w.pth", torch.save)):
        save(published, tmp_path / name)
        whole = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(whole[: len(whole) // 2])
        with pytest.raises(MemberError, match="cannot be read as weights"):
            loaded_backbone(RESNET50, tmp_path / name)


def test_other_values_other_types_and_other_endings_are_refused(tmp_path):
    torch.save({"epoch": 3}, tmp_path / "w.pth")
    with pytest.raises(MemberError, match="`epoch` is no tensor"):
        loaded_backbone(RESNET50, tmp_path / "w.pth")
    torch.save([torch.ones(1)], tmp_path / "w.pth")
    with pytest.raises(MemberError, match="no state dict"):
        loaded_backbone(RESNET50, tmp_path / "w.pth")
    with pytest.raises(MemberError, match=r"read from \.safetensors, \.pth and \.pt"):
        loaded_backbone(RESNET50, tmp_path / "w.h5")
    with pytest.raises(MemberError, match="cannot be read"):
        loaded_backbone(RESNET50, tmp_path / "nowhere.pth")


def test_a_file_that_unfolds_beyond_the_limit_is_refused_before_it_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(weights, "LARGEST", 1_000_000)
    path = tmp_path / "w.pth"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data/0", bytes(2_000_000))
    assert path.stat().st_size < 10_000
    with pytest.raises(MemberError, match="2,000,000 bytes; at most 1,000,000"):
        loaded_backbone(RESNET50, path)


def test_the_digest_speaks_of_names_shapes_and_values():
    one = {"a": torch.arange(6.0)}
    assert digest(one) == digest({"a": torch.arange(6.0)})
    others = [{"b": torch.arange(6.0)}, {"a": torch.arange(6.0).view(2, 3)}, {"a": torch.ones(6)}]
    assert len({digest(state) for state in [one, *others]}) == 4
