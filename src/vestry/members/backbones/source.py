"""Which weights a backbone has and where they lie: settled before any work, without torch."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vestry.data.paths import MissingDataError, Progress
from vestry.errors import MemberError, StudyError, did_you_mean
from vestry.members.backbones.downloads import fetch, find
from vestry.members.backbones.settings import (
    FILE,
    PUBLISHED,
    SMALLEST,
    STUDY,
    BackboneSettings,
    PublishedBackbone,
)
from vestry.members.model_paths import ModelPaths
from vestry.members.networks.layer import Shape
from vestry.members.networks.layers import Layers
from vestry.members.networks.settings import NetworkSettings
from vestry.storage.regular_file import check_regular
from vestry.storage.run_folder import read_json

CARD, WEIGHTS = "card.json", "weights.safetensors"


@dataclass(frozen=True)
class BackboneSource:
    """used: the kind of weights. identity: text that changes with them, for a task's description.

    path: their file, or the folder of an earlier run's network; None for random ones.
    why_replaced: why they are not the ones that were asked for, or None.
    """

    used: Literal["imagenet", "file", "random", "study"]
    identity: str
    path: Path | None = None
    why_replaced: str | None = None


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


def image_size(settings: BackboneSettings, image_shape: Shape) -> tuple[int, int]:
    """Height and width that a published backbone gets."""
    height, width = settings.image_size or image_shape[:2]
    return max(height, SMALLEST), max(width, SMALLEST)
