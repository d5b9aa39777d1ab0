"""A backbone's weights in a file: read bounded and without running its code, loaded strictly."""

import hashlib
import math
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from vestry.errors import MemberError, one_line
from vestry.members.backbones.architectures import Resnet50, Vgg16
from vestry.members.backbones.published import PublishedBackbone
from vestry.storage.run_folder import atomic_path

MODULES: dict[str, type[Vgg16 | Resnet50]] = {"vgg16": Vgg16, "resnet50": Resnet50}
LARGEST = 2**31
"""Bytes of a weights file, and of what a compressed one unfolds to."""
_COUNTER = "num_batches_tracked"
"""Files older than torch 0.4.1 lack these counters, and inference does not use them."""
_SHOWN = 3


def random_backbone(backbone: PublishedBackbone, seed: int = 0) -> nn.Module:
    """As torchvision initialises it (He et al., 2015, by fan-out), from `seed` alone."""
    module = MODULES[backbone.name]()
    module.initialise(torch.Generator().manual_seed(seed))
    return module


def loaded_backbone(backbone: PublishedBackbone, path: Path) -> nn.Module:
    """The backbone with the weights of a file in torchvision's names (.safetensors, .pth or .pt).

    Weights of the published head may be there and are not used. Raises MemberError, naming the
    key, where the backbone's own are missing, unknown, of another shape or not finite.
    """
    module = MODULES[backbone.name]()
    _load_strictly(module, read_tensors(path), backbone, path)
    return module


def convert(backbone: PublishedBackbone, path: Path, target: Path) -> None:
    """Write the backbone's part of the weights file `path` as safetensors."""
    save_tensors(loaded_backbone(backbone, path).state_dict(), target)


def save_tensors(tensors: Mapping[str, Tensor], target: Path) -> None:
    with atomic_path(target) as temporary:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, temporary)


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Names and tensors of a weights file; MemberError where it is not one, or holds code."""
    if path.suffix not in (".safetensors", ".pth", ".pt"):
        raise MemberError(f"{path}: weights are read from .safetensors, .pth and .pt files")
    _check_size(path)
    try:
        value = load_file(path) if path.suffix == ".safetensors" else _read_torch(path)
    except MemberError:
        raise
    except Exception as error:  # torch and safetensors raise many kinds for a damaged file
        raise MemberError(
            f"{path} cannot be read as weights; it is damaged, or holds more than tensors "
            f"({one_line(error)[:200]})"
        ) from error
    return _only_tensors(path, value)


def _check_size(path: Path) -> None:
    try:
        size = path.stat().st_size
        if path.suffix != ".safetensors" and zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                size = max(size, sum(entry.file_size for entry in archive.infolist()))
    except (OSError, zipfile.BadZipFile) as error:
        raise MemberError(f"{path} cannot be read ({one_line(error)})") from error
    if size > LARGEST:
        raise MemberError(f"{path} holds {size:,} bytes; at most {LARGEST:,} are read")


def _read_torch(path: Path) -> Any:
    """What torch saved, its tensors alone: `weights_only` refuses everything that would run."""
    return torch.load(path, map_location="cpu", weights_only=True, mmap=zipfile.is_zipfile(path))


def _only_tensors(path: Path, value: Any) -> dict[str, Tensor]:
    if not isinstance(value, dict) or not all(isinstance(name, str) for name in value):
        raise MemberError(f"{path} holds no state dict: names and tensors are expected")
    for name, tensor in value.items():
        if not isinstance(tensor, Tensor):
            raise MemberError(f"{path}: `{name}` is no tensor; save the model's state_dict()")
    return value


def _load_strictly(
    module: nn.Module, tensors: Mapping[str, Tensor], backbone: PublishedBackbone, path: Path
) -> None:
    own = module.state_dict()
    given = {name: t for name, t in tensors.items() if not name.startswith(backbone.unused)}
    missing = [name for name in own if name not in given and not name.endswith(_COUNTER)]
    unexpected = [name for name in given if name not in own]
    if missing or unexpected:
        said = [f"{_some(missing)} missing"] * bool(missing)
        said += [f"{_some(unexpected)} not known"] * bool(unexpected)
        raise MemberError(
            f"{path} does not hold {backbone.title} in torchvision's names: {', '.join(said)}"
        )
    for name, target in own.items():
        if name in given:
            target.copy_(_checked(name, given[name], target, path))


def _some(names: list[str]) -> str:
    shown = ", ".join(f"`{name}`" for name in names[:_SHOWN])
    rest = len(names) - _SHOWN
    return shown + (f" and {rest} more" if rest > 0 else "")


def _checked(name: str, given: Tensor, target: Tensor, path: Path) -> Tensor:
    if given.shape != target.shape:
        shapes = [" x ".join(map(str, t.shape)) or "1" for t in (given, target)]
        raise MemberError(f"{path}: `{name}` has the shape {shapes[0]}, not {shapes[1]}")
    if not given.is_floating_point() and not name.endswith(_COUNTER):
        raise MemberError(f"{path}: `{name}` holds {given.dtype}, not floating-point numbers")
    if not math.isfinite(float(given.double().sum())):
        raise MemberError(f"{path}: `{name}` holds NaN or infinite numbers")
    return given


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 over names, shapes and values, whatever file they came from."""
    total = hashlib.sha256()
    for name in sorted(tensors):
        tensor = tensors[name].detach().contiguous()
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        total.update(tensor.numpy().data)
    return total.hexdigest()
