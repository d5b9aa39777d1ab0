"""The kind `layers`: a network as data, trained here."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vestry.members.kind import ModelKind, Plan
from vestry.members.model_paths import ModelPaths
from vestry.members.networks.device import settled_device
from vestry.members.networks.distillation import TEACHER_FILE
from vestry.members.networks.layer import TracedLayer
from vestry.members.networks.progressive import check_sizes
from vestry.members.networks.settings import NetworkSettings
from vestry.members.networks.tracing import network_threads, trace


class _NetworkPlan(Plan):
    def describe(self, settings: NetworkSettings) -> str:
        """Raises StudyError where it does not fit the images, or torch lacks the device."""
        settled_device(settings.device)
        parameters = sum(layer.parameters for layer in self._traced(settings))
        if settings.progressive is not None:
            shape, classes = self.context.image_shape, len(self.context.classes)
            check_sizes(settings.progressive, settings.epochs, settings.layers, shape, classes)
        return f"network of {parameters:,} parameters"

    def threads_for(self, settings: NetworkSettings) -> int:
        return network_threads(self._traced(settings), settings.batch_size)

    def gains_beside_others(self, settings: NetworkSettings) -> bool:
        """Threads of one wait for each other at every layer; a device is one for all of them."""
        return settled_device(settings.device) == "auto"  # the processor

    def settled(self, settings: NetworkSettings) -> NetworkSettings:
        return settings.model_copy(update={"device": settled_device(settings.device)})

    def stops_early(self, settings: NetworkSettings) -> bool:
        return settings.early_stopping is not None

    def _traced(self, settings: NetworkSettings) -> list[TracedLayer]:
        return trace(settings.layers, self.context.image_shape, len(self.context.classes))


def _inputs(table: Mapping[str, Any], paths: ModelPaths) -> Iterator[Path]:
    """A teacher's file."""
    if isinstance(table.get("teacher"), str) and table["teacher"].startswith(TEACHER_FILE):
        yield paths.path(table["teacher"].removeprefix(TEACHER_FILE))


NETWORK = ModelKind(
    name="layers",
    settings=NetworkSettings,
    implementation="vestry.members.networks.network_member",
    plan=_NetworkPlan,
    words="network",
    libraries=("torch",),
    graph="vestry.export.network_graph:stored_network",
    inputs=_inputs,
    is_trained=True,
)
