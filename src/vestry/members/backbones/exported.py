"""A network of timm or torchvision by its name, exported through ONNX once and kept in the cache.

Both are taken where they are installed; neither is among what Vestry asks for.
"""

import importlib
import re
import tempfile
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import onnx

from vestry.data.paths import MissingDataError
from vestry.errors import MemberError, StudyError, did_you_mean, one_line
from vestry.members.backbones.kept_weights import is_kept, note_sum
from vestry.members.model_paths import ModelPaths
from vestry.members.onnx_models.kind import InputSettings
from vestry.storage.run_folder import atomic_path

Trained = Literal["pretrained", "random"]
_INPUT, _LICENCE = "vestry-input", "vestry-licence"
"""What an exported file says of itself beside its graph."""
_OPSET = 17
_SEED = 0


@dataclass(frozen=True)
class _Network:
    """module: of torch. size: height and width that it was made for. mean, deviation: of pixels
    / 255. licence: of its weights, where the library says it."""

    module: Any
    size: tuple[int, int]
    mean: Sequence[float]
    deviation: Sequence[float]
    licence: str


def library_file(
    backbone: str,
    trained: Trained,
    size: tuple[int, int] | None,
    places: ModelPaths,
    download: bool,
) -> Path:
    """The network that `backbone` names, `timm:NAME` or `torchvision:NAME`, as an ONNX file in the
    cache.

    size: height and width of its images; None for those that it was made for. Raises StudyError
    where the library is not installed or has no such network, MissingDataError where its weights
    are not to be had, MemberError where it cannot be exported.
    """
    library, _, name = backbone.partition(":")
    try:
        version = metadata.version(library)
    except metadata.PackageNotFoundError:
        raise StudyError(
            f"backbone = {backbone!r}: {library} is not installed; pip install {library}"
        ) from None
    sides = "x".join(map(str, size)) if size else "own"
    parts = (library, re.sub(r"[^\w.-]", "_", name), trained, sides, version)
    kept = places.cache / f"{'-'.join(parts)}.onnx"
    if not is_kept(kept):
        if not download:
            raise MissingDataError(f"{backbone} is no longer in {places.cache}; start again")
        content = _exported(backbone, _found(library, name, trained), size)
        kept.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(kept) as temporary:
            temporary.write_bytes(content)
        note_sum(kept)
    return kept


def takes(model: onnx.ModelProto) -> InputSettings:
    """What an exported network takes."""
    return InputSettings.model_validate_json(_said(model)[_INPUT])


def licence(model: onnx.ModelProto) -> str:
    """Of an exported network's weights, a sentence."""
    found = _said(model).get(_LICENCE)
    return f"The weights of its backbone: {found}." if found else ""


def _said(model: onnx.ModelProto) -> dict[str, str]:
    return {entry.key: entry.value for entry in model.metadata_props}


def _found(library: str, name: str, trained: Trained) -> _Network:
    import torch  # noqa: PLC0415 - heavy

    try:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(_SEED)
            return _OF[library](name, trained == "pretrained")
    except StudyError:
        raise
    except ImportError as error:
        raise MemberError(f"{library} cannot be imported here ({one_line(error)[:200]})") from None
    except Exception as error:  # hubs and libraries raise kinds of their own
        raise MissingDataError(
            f"{library}:{name} cannot be had ({one_line(error)[:300]}); give it the weights "
            f'"random", or a file of it, backbone = "onnx:FILE"'
        ) from None


def _of_timm(name: str, is_pretrained: bool) -> _Network:
    timm = importlib.import_module("timm")
    if not timm.is_model(name):
        raise _unknown("timm", name, timm.list_models())
    module = timm.create_model(name, pretrained=is_pretrained, num_classes=0)
    facts = timm.data.resolve_model_data_config(module)
    config = getattr(module, "pretrained_cfg", None) or {}
    return _Network(
        module,
        (facts["input_size"][1], facts["input_size"][2]),
        facts["mean"],
        facts["std"],
        str(config.get("license") or "") if is_pretrained else "",
    )


def _of_torchvision(name: str, is_pretrained: bool) -> _Network:
    models = importlib.import_module("torchvision.models")
    known = models.list_models(module=models)
    if name not in known:
        raise _unknown("torchvision", name, known)
    weights = models.get_model_weights(name).DEFAULT
    module = models.get_model(name, weights=weights if is_pretrained else None)
    facts = weights.transforms()
    side = facts.crop_size[0]
    return _Network(module, (side, side), facts.mean, facts.std, "")


_OF = {"timm": _of_timm, "torchvision": _of_torchvision}


def _unknown(library: str, name: str, known: Sequence[str]) -> StudyError:
    return StudyError(f"{library} has no network {name!r}{did_you_mean(name, known)}")


def _exported(backbone: str, network: _Network, size: tuple[int, int] | None) -> bytes:
    """The file that PyTorch's exporter writes, for any number of images."""
    import torch  # noqa: PLC0415 - heavy

    try:
        with warnings.catch_warnings(), tempfile.TemporaryDirectory() as folder:
            warnings.simplefilter("ignore")  # of what tracing cannot see, which running it shows
            torch.onnx.export(
                network.module.eval(),
                (torch.zeros(1, 3, *(size or network.size)),),
                Path(folder) / "exported.onnx",
                dynamo=False,
                opset_version=_OPSET,
                input_names=["images"],
                output_names=["features"],
                dynamic_axes={"images": {0: "rows"}, "features": {0: "rows"}},
            )
            model = onnx.load(Path(folder) / "exported.onnx")
    except Exception as error:  # it raises whatever it likes
        raise MemberError(
            f"{backbone} cannot be exported ({one_line(error)[:300]}); is image_size right?"
        ) from None
    scaling = InputSettings(
        channels="rgb",
        scale="unit",
        mean=list(map(float, network.mean)),
        deviation=list(map(float, network.deviation)),
    )
    said = {_INPUT: scaling.model_dump_json(), _LICENCE: network.licence}
    onnx.helper.set_model_props(model, said)
    content: bytes = model.SerializeToString()
    return content
