"""What planning must know of a backbone before any work: its weights, its size, that it fits."""

from vestry.data.places import Progress
from vestry.members.backbones.backbone_settings import BackboneSettings
from vestry.members.backbones.trunk_places import TrunkPlaces
from vestry.members.backbones.trunk_source import (
    TrunkSource,
    feature_map,
    parameters,
    trunk_source,
)
from vestry.members.networks.layers import Shape
from vestry.members.networks.threads import MOST_CORES, network_threads
from vestry.members.networks.tracing import trace


class TrunkPlan:
    """The trunks of one study; each one's weights are looked for, or fetched, once."""

    def __init__(self, places: TrunkPlaces, report: Progress | None = None) -> None:
        self.places = places
        self.report = report
        self.sources: dict[tuple[str | None, ...], TrunkSource] = {}

    def source(self, settings: BackboneSettings) -> TrunkSource:
        """Raises what `trunk_source` raises: StudyError, DataError or MemberError."""
        key = settings.backbone, settings.weights, settings.otherwise
        if key not in self.sources:
            self.sources[key] = trunk_source(settings, self.places, True, self.report)
        return self.sources[key]

    def identity(self, settings: BackboneSettings) -> str:
        """For a task's description: other weights, as of a network trained anew, another text."""
        return self.source(settings).identity

    def size_up(
        self, settings: BackboneSettings, image_shape: Shape, classes: int
    ) -> tuple[str, int]:
        """A line that says what it is, and how many cores it uses well.

        A published trunk takes all; an earlier network is small, its images are soon through, and
        its heads go faster beside each other.

        Raises StudyError where the head does not fit the trunk's features.
        """
        source = self.source(settings)
        head = trace(settings.layers, feature_map(settings, source, image_shape), classes)
        learnt = sum(layer.parameters for layer in head)
        frozen = parameters(settings, source)
        text = f"head of {learnt:,} parameters on {settings.backbone}, {frozen:,} frozen"
        wanted = network_threads(head, settings.batch_size)
        return text, MOST_CORES if settings.published else wanted
