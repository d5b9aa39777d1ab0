"""The kind `backbone`: a frozen backbone with published or earlier weights, and a head on it."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any

from vestry.errors import StudyError
from vestry.members.backbones.published import PUBLISHED
from vestry.members.backbones.settings import (
    FILE,
    LIBRARIES,
    ONNX_FILE,
    STUDY,
    BackboneSettings,
)
from vestry.members.backbones.source import (
    CARD,
    BackboneSource,
    backbone_source,
    earlier_network,
    image_size,
    made_graph,
    network_of,
)
from vestry.members.estimators.importable import check_importable
from vestry.members.estimators.kind import ESTIMATOR
from vestry.members.kind import ModelKind, Plan, PlanContext
from vestry.members.model_paths import ModelPaths
from vestry.members.networks.layer import Shape, TracedLayer
from vestry.members.networks.settings import TrainingSettings
from vestry.members.networks.tracing import MOST_CORES, network_threads, trace
from vestry.storage.run_folder import read_json
from vestry.system.installed import version_of


class BackbonePlan(Plan):
    """Each backbone's weights are looked for, or fetched, once."""

    def __init__(self, context: PlanContext) -> None:
        super().__init__(context)
        self.sources: dict[tuple[str, ...], BackboneSource] = {}
        self.facts: dict[str, tuple[Shape, int | None]] = {}

    def source(self, settings: BackboneSettings) -> BackboneSource:
        """Raises what `backbone_source` raises: StudyError, DataError or MemberError."""
        own = ("backbone", "weights", "otherwise", "sha256", "image_size")
        key = tuple(str(getattr(settings, name)) for name in own)
        if key not in self.sources:
            self.sources[key] = backbone_source(
                settings, self.context.paths, True, self.context.on_progress
            )
        return self.sources[key]

    def settled(self, settings: BackboneSettings) -> BackboneSettings:
        """With the SHA-256 of a file of the user's: a fit takes no other."""
        if not settings.backbone.startswith(ONNX_FILE):
            return settings
        return settings.model_copy(update={"sha256": self.source(settings).digest})

    def identity(self, settings: BackboneSettings) -> str:
        """Other weights, as of a network trained anew, have another text, and so have other
        versions of what runs a file or fits an estimator."""
        libraries = ["onnx", "onnxruntime"] if settings.is_graph else []
        libraries += ESTIMATOR.libraries if settings.estimator else ()
        versions = (f"{name} {version_of(name)}" for name in dict.fromkeys(libraries))
        return ", ".join([self.source(settings).identity, *versions])

    def describe(self, settings: BackboneSettings) -> str:
        """Raises StudyError where the head does not fit the backbone's features, or cannot be
        imported."""
        if settings.estimator:
            check_importable(settings.estimator)
        head, frozen = self._parts(settings)
        self._check_unfrozen(settings)
        learnt = sum(layer.parameters for layer in head)
        what = settings.estimator or f"head of {learnt:,} parameters"
        name = settings.backbone
        if name.startswith(ONNX_FILE):
            name = Path(name.removeprefix(ONNX_FILE)).name
        return f"{what} on {name}" + ("" if frozen is None else f", {frozen:,} frozen")

    def threads_for(self, settings: BackboneSettings) -> int:
        """A published backbone takes all cores; an earlier network is small, its images are soon
        through, and its heads go faster beside each other.
        """
        if settings.published or settings.is_graph:
            return MOST_CORES
        return network_threads(self._parts(settings)[0], settings.batch_size)

    def stops_early(self, settings: BackboneSettings) -> bool:
        return settings.early_stopping is not None

    def _check_unfrozen(self, settings: BackboneSettings) -> None:
        """Raise MemberError where a file has fewer layers than are to be fine-tuned."""
        if settings.unfreeze is None or not settings.is_graph:
            return
        from vestry.members.backbones.graph_tail import tail_of  # noqa: PLC0415 - brings onnx

        graph = made_graph(settings, self.source(settings), self.context.image_shape)
        tail_of(graph.content, settings.unfreeze)

    def _parts(self, settings: BackboneSettings) -> tuple[list[TracedLayer], int | None]:
        """The head's layers, none of an estimator, and the backbone's parameters."""
        feature_map, frozen = self._facts(settings)
        if settings.layers is None:
            return [], frozen
        return trace(settings.layers, feature_map, len(self.context.classes)), frozen

    def _facts(self, settings: BackboneSettings) -> tuple[Shape, int | None]:
        """The shape of one image's features before any pooling, (height, width, channels), and the
        backbone's parameters. A file is run for that, once for models that take it alike."""
        source, shape = self.source(settings), self.context.image_shape
        if settings.published:
            published = PUBLISHED[settings.backbone]
            return published.feature_map(image_size(settings, shape)), published.parameters
        if not settings.is_graph:
            traced = _earlier_layers(source)
            frozen = sum(layer.parameters for layer in traced[:-1])
            return (1, 1, traced[-1].input_shape[0]), frozen
        own = {"backbone", "weights", "image_size", "input", "output", "sha256"}
        key = f"{settings.early_pool} {settings.model_dump_json(include=own)}"
        if key not in self.facts:
            made = made_graph(settings, source, shape)
            self.facts[key] = made.before_pool, made.parameters
        return self.facts[key]


def _earlier_layers(source: BackboneSource) -> list[TracedLayer]:
    assert source.path is not None  # noqa: S101 - for the type checker
    return trace(*network_of(read_json(source.path / CARD)))


def _inputs(table: Mapping[str, Any], paths: ModelPaths) -> Iterator[Path]:
    weights, backbone = table.get("weights"), table.get("backbone")
    if isinstance(weights, str) and weights.startswith(FILE):
        yield paths.path(weights.removeprefix(FILE))
    if isinstance(backbone, str) and backbone.startswith(ONNX_FILE):
        yield paths.path(backbone.removeprefix(ONNX_FILE))
    if isinstance(backbone, str) and backbone.startswith(STUDY):
        try:
            yield earlier_network(backbone, paths)
        except StudyError:  # planning says what is wrong with it
            return


def _imports(table: Mapping[str, Any]) -> Iterator[str]:
    """The class of the head, and the library that has the backbone."""
    if table.get("estimator"):
        yield table["estimator"]
    library, colon, _ = table["backbone"].partition(":")
    if f"{library}{colon}" in LIBRARIES:
        yield library


def _training_keys(table: Mapping[str, Any]) -> Collection[str]:
    """An estimator on a backbone is not trained in epochs."""
    return ("precision",) if "estimator" in table else TrainingSettings.model_fields


BACKBONE = ModelKind(
    name="backbone",
    settings=BackboneSettings,
    implementation="vestry.members.backbones.backbone_model",
    plan=BackbonePlan,
    words="backbone",
    libraries=("torch",),
    graph="vestry.export.backbone_graph:backbone_graph",
    inputs=_inputs,
    imports=_imports,
    files=r"backbone-[0-9a-f]{16}\.(safetensors|onnx)|head\.onnx",
    is_trained=True,
    tied=lambda _: "its backbone's weights lie on this machine",
    training_keys=_training_keys,
)
