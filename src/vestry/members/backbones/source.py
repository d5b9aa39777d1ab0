"""Which weights a trunk has, and where they lie: settled before any work starts, without torch."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vestry.data.paths import MissingDataError, Progress
from vestry.errors import MemberError, StudyError, did_you_mean
from vestry.members.backbones.downloads import fetch, find
from vestry.members.backbones.paths import BackbonePaths
from vestry.members.backbones.published import PUBLISHED, SMALLEST, PublishedBackbone
from vestry.members.backbones.settings import FILE, STUDY, BackboneSettings
from vestry.members.networks.layer import Shape, TracedLayer
from vestry.members.networks.layers import Layers
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import MOST_CORES, network_threads, trace
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
    places: BackbonePaths,
    download: bool = False,
    report: Progress | None = None,
) -> BackboneSource:
    """Find the weights that `settings` ask for; `download` says whether the network may be asked.

    Raises StudyError where a path or run is not there, MissingDataError where published weights
    are not to be had and the settings name nothing else.
    """
    if not settings.published:
        folder = earlier_network(settings.backbone, places)
        return BackboneSource("study", f"study {sha256(folder / WEIGHTS)}", folder)
    weights = str(settings.weights)
    if weights.startswith(FILE):
        path = places.path(weights.removeprefix(FILE))
        if not path.is_file():
            raise StudyError(f"weights = {weights!r}: there is no file {path}")
        return BackboneSource("file", f"file {sha256(path)}", path)
    if weights == "random":
        return BackboneSource("random", "random")
    return imagenet(PUBLISHED[settings.backbone], settings, places, download, report)


def imagenet(
    trunk: PublishedBackbone,
    settings: BackboneSettings,
    places: BackbonePaths,
    download: bool,
    report: Progress | None,
) -> BackboneSource:
    try:
        path = find(trunk, places) or fetch(trunk, places, download, report)
    except MissingDataError as error:
        if settings.otherwise is None:
            raise
        return BackboneSource("random", "random", why_replaced=str(error))
    return BackboneSource("imagenet", f"imagenet {trunk.hash_prefix}", path)


def find_run(text: str, folders: Iterable[Path]) -> Path | None:
    """The first of `folders` that holds the run `text` gives it; absolute paths stand as they are.

    A run is a folder that has a `members` folder.
    """
    found = (folder / Path(text).expanduser() for folder in folders)
    return next((path for path in found if (path / "members").is_dir()), None)


def earlier_network(backbone: str, places: BackbonePaths) -> Path:
    """The folder of the network that `study:RUN/MEMBER` names; StudyError where there is none."""
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
            f"backbone = {backbone!r}: {run} has no member {member!r}{did_you_mean(member, names)}"
        )
    kind = read_json(folder / CARD)["kind"]
    if kind != "layers" or not (folder / WEIGHTS).is_file():
        raise StudyError(
            f"backbone = {backbone!r}: {member} is of the kind `{kind}`; a trunk is a network "
            "written as `layers`"
        )
    return folder


def sha256(path: Path) -> str:
    try:
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
    """Height and width that a published trunk gets."""
    height, width = settings.image_size or image_shape[:2]
    return max(height, SMALLEST), max(width, SMALLEST)


def _feature_map(settings: BackboneSettings, source: BackboneSource, image_shape: Shape) -> Shape:
    """The shape of one image's features before any pooling, (height, width, channels)."""
    if settings.published:
        return PUBLISHED[settings.backbone].feature_map(image_size(settings, image_shape))
    assert source.path is not None  # noqa: S101 - for the type checker
    traced = trace(*network_of(read_json(source.path / CARD)))
    return (1, 1, traced[-1].input_shape[0])


def _parameters(settings: BackboneSettings, source: BackboneSource) -> int:
    """Of the trunk."""
    if settings.published:
        return PUBLISHED[settings.backbone].parameters
    assert source.path is not None  # noqa: S101 - for the type checker
    traced = trace(*network_of(read_json(source.path / CARD)))
    return sum(layer.parameters for layer in traced[:-1])


# What planning must know of a backbone before any work: its weights, its size, that it fits.


class BackbonePlan:
    """The trunks of one study; each one's weights are looked for, or fetched, once."""

    def __init__(self, places: BackbonePaths, report: Progress | None = None) -> None:
        self.places = places
        self.report = report
        self.sources: dict[tuple[str | None, ...], BackboneSource] = {}

    def source(self, settings: BackboneSettings) -> BackboneSource:
        """Raises what `trunk_source` raises: StudyError, DataError or MemberError."""
        key = settings.backbone, settings.weights, settings.otherwise
        if key not in self.sources:
            self.sources[key] = backbone_source(settings, self.places, True, self.report)
        return self.sources[key]

    def identity(self, settings: BackboneSettings) -> str:
        """For a task's description: other weights, as of a network trained anew, another text."""
        return self.source(settings).identity

    def describe(self, settings: BackboneSettings, image_shape: Shape, classes: int) -> str:
        """A line that says what it is; StudyError where the head does not fit the features."""
        learnt = sum(layer.parameters for layer in self._head(settings, image_shape, classes))
        frozen = _parameters(settings, self.source(settings))
        return f"head of {learnt:,} parameters on {settings.backbone}, {frozen:,} frozen"

    def threads_for(self, settings: BackboneSettings, image_shape: Shape, classes: int) -> int:
        """How many cores it uses well; raises what `describe` raises.

        A published trunk takes all; an earlier network is small, its images are soon through, and
        its heads go faster beside each other.
        """
        wanted = network_threads(self._head(settings, image_shape, classes), settings.batch_size)
        return MOST_CORES if settings.published else wanted

    def _head(
        self, settings: BackboneSettings, image_shape: Shape, classes: int
    ) -> list[TracedLayer]:
        features = _feature_map(settings, self.source(settings), image_shape)
        return trace(settings.layers, features, classes)
