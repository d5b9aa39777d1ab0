"""From a study's members to tasks for an engine: one for each seed."""

from dataclasses import dataclass
from typing import Any

from vestry import fit
from vestry.data.dataset import Dataset, resolved
from vestry.data.places import Places
from vestry.engine.task import Task, digest
from vestry.errors import StudyError
from vestry.members.networks.threads import network_threads
from vestry.members.networks.tracing import trace
from vestry.members.settings import MEMBER_SETTINGS
from vestry.run_folder import RunFolder
from vestry.study import EstimatorEntry, Member, NetworkEntry, Study


@dataclass(frozen=True)
class PlannedMember:
    """A member of a study, its tasks by seed, and a line of text that says what it is."""

    entry: Member
    tasks: dict[int, Task]
    text: str

    @property
    def name(self) -> str:
        return self.entry.name


def plan(
    study: Study, dataset: Dataset, places: Places, run: RunFolder, cores: int
) -> list[PlannedMember]:
    """Every member's tasks; raises StudyError where a network does not fit the images."""
    context = {
        "data": resolved(study.data, dataset.provenance).model_dump(mode="json"),
        "places": places.as_dict(),
    }
    shared = fit.shared_description(dataset)
    return [
        planned(study, entry, size_up(entry, dataset, cores), shared, context, run)
        for entry in study.member
    ]


def planned(
    study: Study,
    entry: Member,
    size: tuple[str, int],
    shared: dict[str, Any],
    context: dict[str, Any],
    run: RunFolder,
) -> PlannedMember:
    text, threads = size
    names = MEMBER_SETTINGS[entry.kind].model_fields
    settings = entry.model_dump(mode="json", include=set(names))
    tasks = {}
    for seed in entry.seeds:
        description = fit.description(shared, settings, seed, threads)
        key = digest(description)
        tasks[seed] = Task(
            name=entry.name if len(entry.seeds) == 1 else f"{entry.name}, seed {seed}",
            function="vestry.fit:fit_member",
            description=description,
            context=context | {"maker": entry.name},
            folder=run.task(key),
            workspace=run.workspace(key),
            cores=threads,
            time_limit=entry.time_limit or study.time_limit,
        )
    return PlannedMember(entry, tasks, text)


def size_up(entry: Member, dataset: Dataset, cores: int) -> tuple[str, int]:
    """What the member is, in a line, and how many cores it gets."""
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
