"""The kind `layers`: a network as data, trained here."""

from vestry.members.kind import ModelKind, Plan
from vestry.members.networks.network_settings import NetworkSettings
from vestry.members.networks.threads import network_threads
from vestry.members.networks.tracing import trace


class NetworkPlan(Plan):
    def size_up(self, settings: NetworkSettings) -> tuple[str, int]:
        """Raises StudyError where the network does not fit the images."""
        context = self.context
        traced = trace(settings.layers, context.image_shape, len(context.classes))
        parameters = sum(layer.parameters for layer in traced)
        return f"network of {parameters:,} parameters", network_threads(traced, settings.batch_size)


NETWORK = ModelKind(
    name="layers",
    settings=NetworkSettings,
    implementation="vestry.members.networks.network_member",
    plan=NetworkPlan,
    words="network",
    libraries=("torch",),
    graph="vestry.export.network_graph:stored_network",
    is_trained=True,
)
