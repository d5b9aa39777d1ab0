"""Which weights a backbone has and where they lie: settled before any work, without torch."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from vestry.data.paths import MissingDataError, Progress
from vestry.errors import MemberError, StudyError, did_you_mean
from vestry.members.backbones.downloads import fetch, find
from vestry.members.backbones.published import PUBLISHED, PublishedBackbone
from vestry.members.backbones.settings import (
    FILE,
    LITE0,
    LITE0_SIDE,
    ONNX_FILE,
    SMALLEST,
    STUDY,
    BackboneSettings,
)
from vestry.members.model_paths import ModelPaths
from vestry.members.networks.layer import Shape
from vestry.members.networks.layers import Layers
from vestry.members.networks.settings import NetworkSettings
from vestry.storage.regular_file import check_regular
from vestry.storage.run_folder import read_json

if TYPE_CHECKING:
    from vestry.members.backbones.features_graph import FeaturesGraph

CARD, WEIGHTS = "card.json", "weights.safetensors"


@dataclass(frozen=True)
class BackboneSource:
    """used: the kind of weights. identity: text that changes with them, for a task's description.

    path: their file, or the folder of an earlier run's network; None for random ones. digest: of a
    file that onnxruntime runs, its SHA-256.
    why_replaced: why they are not the ones that were asked for, or None.
    """

    used: Literal["imagenet", "file", "random", "study", "onnx", "pretrained"]
    identity: str
    path: Path | None = None
    why_replaced: str | None = None
    digest: str | None = None


def backbone_source(
    settings: BackboneSettings,
    places: ModelPaths,
    download: bool = False,
    on_progress: Progress | None = None,
) -> BackboneSource:
    """Find the weights that `settings` ask for; `download` says whether the network may be asked.

    Raises StudyError where a path or run is not there, MissingDataError where published weights
    are not to be had and the settings name nothing else.
    """
    if settings.is_graph:
        return _file_source(settings, places, download)
    if not settings.published:
        folder = earlier_network(settings.backbone, places)
        return BackboneSource("study", f"study {_sha256(folder / WEIGHTS)}", folder)
    weights = str(settings.weights)
    if weights.startswith(FILE):
        path = places.path(weights.removeprefix(FILE))
        if not path.is_file():
            raise StudyError(f"weights = {weights!r}: there is no file {path}")
        return BackboneSource("file", f"file {_sha256(path)}", path)
    if weights == "random":
        return BackboneSource("random", "random")
    return imagenet(PUBLISHED[settings.backbone], settings, places, download, on_progress)


def _file_source(settings: BackboneSettings, places: ModelPaths, download: bool) -> BackboneSource:
    """Of a backbone that onnxruntime runs."""
    if settings.backbone.startswith(ONNX_FILE):
        path = places.path(settings.backbone.removeprefix(ONNX_FILE))
        if not path.is_file():
            near = did_you_mean(path.name, [each.name for each in path.parent.glob("*.onnx")])
            raise StudyError(f"backbone = {settings.backbone!r}: there is no file {path}{near}")
        digest = _sha256(path)
        if settings.sha256 not in (None, digest):
            raise StudyError(
                f"{path} has the SHA-256 {digest}, not {settings.sha256}: it is another file"
            )
        return BackboneSource("onnx", f"onnx {digest}", path, digest=digest)
    from vestry.members.backbones.efficientnet_lite0 import lite0_file  # noqa: PLC0415 - onnx
    from vestry.members.backbones.exported import library_file  # noqa: PLC0415 - onnx

    if settings.of_library:
        trained: Literal["pretrained", "random"] = "pretrained"
        if settings.weights == "random":
            trained = "random"
        path = library_file(settings.backbone, trained, settings.image_size, places, download)
        digest = _sha256(path)
        return BackboneSource(trained, f"{trained} {digest}", path, digest=digest)
    path = lite0_file(places)
    digest = _sha256(path)
    return BackboneSource("imagenet", f"imagenet {digest}", path, digest=digest)


def imagenet(
    backbone: PublishedBackbone,
    settings: BackboneSettings,
    places: ModelPaths,
    download: bool,
    on_progress: Progress | None,
) -> BackboneSource:
    try:
        path = find(backbone, places) or fetch(backbone, places, download, on_progress)
    except MissingDataError as error:
        if settings.otherwise is None:
            raise
        return BackboneSource("random", "random", why_replaced=str(error))
    return BackboneSource("imagenet", f"imagenet {backbone.hash_prefix}", path)


def find_run(text: str, folders: Iterable[Path]) -> Path | None:
    """The first of `folders` that holds the run `text` gives it; absolute paths stand as they are.

    A run is a folder that has a `members` folder.
    """
    found = (folder / Path(text).expanduser() for folder in folders)
    return next((path for path in found if (path / "members").is_dir()), None)


def earlier_network(backbone: str, places: ModelPaths) -> Path:
    """The folder of the network that `study:RUN/MODEL` names; StudyError where there is none."""
    text, _, member = backbone.removeprefix(STUDY).rpartition("/")
    run = find_run(text, places.runs)
    if run is None:
        looked = ", ".join(str(folder / text) for folder in places.runs)
        raise StudyError(
            f"backbone = {backbone!r}: there is no such run (looked for {looked}); run its study "
            "first"
        )
    folder = run / "members" / member
    if not (folder / CARD).is_file():
        names = sorted(p.name for p in (run / "members").iterdir() if (p / CARD).is_file())
        raise StudyError(
            f"backbone = {backbone!r}: {run} has no model {member!r}{did_you_mean(member, names)}"
        )
    kind = read_json(folder / CARD)["kind"]
    if kind != "layers" or not (folder / WEIGHTS).is_file():
        raise StudyError(
            f"backbone = {backbone!r}: {member} is of the kind `{kind}`; a backbone is a network "
            "written as `layers`"
        )
    return folder


def _sha256(path: Path) -> str:
    try:
        check_regular(path)
        with path.open("rb") as stream:
            return hashlib.file_digest(stream, "sha256").hexdigest()
    except OSError as error:
        raise MemberError(f"{path} cannot be read ({error.strerror})") from error


def network_of(card: dict[str, Any]) -> tuple[Layers, Shape, int]:
    """Layers, image shape (height, width, channels) and classes of an earlier run's network."""
    settings = NetworkSettings(**card["settings"])
    height, width, *channels = card["image_shape"]
    return settings.layers, (height, width, *(channels or [1])), card["classes"]


def made_graph(
    settings: BackboneSettings, source: BackboneSource, image_shape: Shape
) -> "FeaturesGraph":
    """The graph of a backbone that onnxruntime runs; MemberError where its file does not fit.

    A worker that stays warm makes it once for the fits that follow each other.
    """
    said = settings.model_dump_json(include={"backbone", "image_size", "input", "output"})
    key = f"{source.digest} {settings.early_pool} {tuple(image_shape)} {said}"
    if key not in _MADE:
        made = _graph_of(settings, source, image_shape)
        _MADE.clear()
        _MADE[key] = made
    return _MADE[key]


_MADE: "dict[str, FeaturesGraph]" = {}


def _graph_of(
    settings: BackboneSettings, source: BackboneSource, image_shape: Shape
) -> "FeaturesGraph":
    from vestry.members.backbones import efficientnet_lite0, exported  # noqa: PLC0415 - bring onnx
    from vestry.members.backbones.features_graph import (  # noqa: PLC0415 - brings onnx
        Wanted,
        features_of_file,
    )
    from vestry.members.onnx_models.model_file import opened_file  # noqa: PLC0415 - brings onnx

    assert source.path is not None  # noqa: S101 - for the type checker
    file = opened_file(source.path)
    if file.sha256 != source.digest:
        raise MemberError(f"{source.path} has changed while it was read; start again")
    size, given, said = settings.image_size, settings.input, ""
    if settings.of_library:
        given, said = exported.takes(file.model), exported.licence(file.model)
    elif settings.backbone == LITE0:
        size, given = size or (LITE0_SIDE, LITE0_SIDE), efficientnet_lite0.TAKES
        said = efficientnet_lite0.LICENCE
    wanted = Wanted(settings.output, size, given, settings.early_pool)
    made = features_of_file(file, wanted, tuple(image_shape))
    return replace(made, notes=(said, *made.notes)) if said else made


def image_size(settings: BackboneSettings, image_shape: Shape) -> tuple[int, int]:
    """Height and width that a published backbone gets."""
    height, width = settings.image_size or image_shape[:2]
    return max(height, SMALLEST), max(width, SMALLEST)
