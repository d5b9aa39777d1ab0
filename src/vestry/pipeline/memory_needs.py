"""Whether the memory of this machine holds what a study's models need, before any work."""

from vestry.errors import StudyError
from vestry.pipeline.planner import Planner
from vestry.search.space import variations
from vestry.study.entries import ModelEntry, SearchedEntry
from vestry.system.platform_calls import usable_memory

_MOST = 0.9
"""Of the memory that there is: the rest is the libraries' and the system's."""


def check_memory(planner: Planner) -> list[str]:
    """Warnings on models that are too large to be fitted several at once.

    Raises StudyError for a model of which one fit takes more memory than there is.
    """
    memory = usable_memory()
    if memory is None:
        return []
    needs = {entry.name: _needed(entry, planner) for entry in planner.study.models}
    for name, needed in needs.items():
        if needed > _MOST * memory:
            raise StudyError(
                f"model {name}: its fit, of {len(planner.dataset.training):,} training images of "
                f"{_shape(planner)}, takes about {_size(needed)} of memory, and this process may "
                f"use {_size(memory)}. Give "
                "[data] a smaller image_size or training_rows = { count = ... }, the model "
                "images_per_class = [...], or take a network, which learns from a part at a time"
            )
    many = [name for name, needed in needs.items() if needed * planner.cores > _MOST * memory]
    if planner.cores == 1 or not many:
        return []
    return [
        f"{', '.join(many)}: fits on {planner.cores} cores at once may take more than the "
        f"{_size(memory)} of memory that there are (about {_size(max(needs.values()))} each); "
        "with --cores 1 they are fitted one after the other"
    ]


def _needed(entry: ModelEntry | SearchedEntry, planner: Planner) -> int:
    """Bytes of its largest fit; of a search, of the largest model that it may try."""
    rows = len(planner.dataset.training)
    if isinstance(entry, SearchedEntry):
        tried = [entry.with_values(values) for values in variations(entry.space)]
    else:
        tried = [entry]
        if entry.images_per_class:
            classes = len(planner.dataset.training.classes)
            rows = min(rows, max(entry.images_per_class) * classes)
    if entry.model_kind.is_finished:
        return 0
    plan = planner.plan(entry.model_kind)
    return max(plan.memory(one, rows) for one in tried)


def _shape(planner: Planner) -> str:
    height, width, *channels = planner.dataset.training.image_shape
    return f"{height} x {width} in {'colour' if channels else 'grey'}"


def _size(count: float) -> str:
    return f"{count / 2**30:,.1f} GB" if count >= 2**30 else f"{count / 2**20:,.0f} MB"
