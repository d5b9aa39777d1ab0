"""The kind `backbone`: a frozen backbone with published or earlier weights, and a trained head."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vestry.errors import StudyError
from vestry.members.backbones.settings import FILE, PUBLISHED, STUDY, BackboneSettings
from vestry.members.backbones.source import (
    CARD,
    BackboneSource,
    backbone_source,
    earlier_network,
    image_size,
    network_of,
)
from vestry.members.kind import ModelKind, Plan, PlanContext
from vestry.members.model_paths import ModelPaths
from vestry.members.networks.layer import Shape, TracedLayer
from vestry.members.networks.tracing import MOST_CORES, network_threads, trace
from vestry.storage.run_folder import read_json


class BackbonePlan(Plan):
    """Each backbone's weights are looked for, or fetched, once."""

    def __init__(self, context: PlanContext) -> None:
        super().__init__(context)
        self.sources: dict[tuple[str | None, ...], BackboneSource] = {}

    def source(self, settings: BackboneSettings) -> BackboneSource:
        """Raises what `backbone_source` raises: StudyError, DataError or MemberError."""
        key = settings.backbone, settings.weights, settings.otherwise
        if key not in self.sources:
            self.sources[key] = backbone_source(
                settings, self.context.paths, True, self.context.on_progress
            )
        return self.sources[key]

    def identity(self, settings: BackboneSettings) -> str:
        """Other weights, as of a network trained anew, have another text."""
        return self.source(settings).identity

    def describe(self, settings: BackboneSettings) -> str:
        """Raises StudyError where the head does not fit the backbone's features."""
        head, frozen = self._parts(settings)
        learnt = sum(layer.parameters for layer in head)
        return f"head of {learnt:,} parameters on {settings.backbone}, {frozen:,} frozen"

    def threads_for(self, settings: BackboneSettings) -> int:
        """A published backbone takes all cores; an earlier network is small, its images are soon
        through, and its heads go faster beside each other.
        """
        wanted = network_threads(self._parts(settings)[0], settings.batch_size)
        return MOST_CORES if settings.published else wanted

    def stops_early(self, settings: BackboneSettings) -> bool:
        return settings.early_stopping is not None

    def _parts(self, settings: BackboneSettings) -> tuple[list[TracedLayer], int]:
        """The head, and the backbone's parameters."""
        feature_map, frozen = _facts(settings, self.source(settings), self.context.image_shape)
        return trace(settings.layers, feature_map, len(self.context.classes)), frozen


def _facts(
    settings: BackboneSettings, source: BackboneSource, image_shape: Shape
) -> tuple[Shape, int]:
    """The shape of one image's features before any pooling, (height, width, channels), and the
    backbone's parameters."""
    if settings.published:
        published = PUBLISHED[settings.backbone]
        return published.feature_map(image_size(settings, image_shape)), published.parameters
    traced = _earlier_layers(source)
    return (1, 1, traced[-1].input_shape[0]), sum(layer.parameters for layer in traced[:-1])


def _earlier_layers(source: BackboneSource) -> list[TracedLayer]:
    assert source.path is not None  # noqa: S101 - for the type checker
    return trace(*network_of(read_json(source.path / CARD)))


def _inputs(table: Mapping[str, Any], paths: ModelPaths) -> Iterator[Path]:
    weights, backbone = table.get("weights"), table.get("backbone")
    if isinstance(weights, str) and weights.startswith(FILE):
        yield paths.path(weights.removeprefix(FILE))
    if isinstance(backbone, str) and backbone.startswith(STUDY):
        try:
            yield earlier_network(backbone, paths)
        except StudyError:  # planning says what is wrong with it
            return


BACKBONE = ModelKind(
    name="backbone",
    settings=BackboneSettings,
    implementation="vestry.members.backbones.backbone_model",
    plan=BackbonePlan,
    words="backbone",
    libraries=("torch",),
    graph="vestry.export.backbone_graph:backbone_graph",
    inputs=_inputs,
    files=r"trunk-[0-9a-f]{16}\.safetensors",
    is_trained=True,
)
