"""What a member is, in a line, and how many cores it uses well: known before any work."""

from vestry.data.dataset import Dataset
from vestry.errors import StudyError
from vestry.members.networks.threads import network_threads
from vestry.members.networks.tracing import trace
from vestry.study import EstimatorEntry, NetworkEntry


def size_up(entry: EstimatorEntry | NetworkEntry, dataset: Dataset, cores: int) -> tuple[str, int]:
    """The same for what learns from pixels."""
    if isinstance(entry, EstimatorEntry):
        return entry.estimator, min(entry.threads or 1, cores)
    return size_up_network(entry, dataset, cores)


def size_up_network(entry: NetworkEntry, dataset: Dataset, cores: int) -> tuple[str, int]:
    shape, classes = dataset.training.image_shape, len(dataset.training.classes)
    try:
        traced = trace(entry.layers, shape, classes)
    except StudyError as error:
        raise StudyError(f"member {entry.name}: {error}") from error
    parameters = sum(layer.parameters for layer in traced)
    threads = min(entry.threads or network_threads(traced, entry.batch_size), cores)
    return f"network of {parameters:,} parameters", threads
