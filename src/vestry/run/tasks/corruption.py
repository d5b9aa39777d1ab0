"""A model on altered test images, as a worker process does it: once, and found again afterwards.

It sees test images and their ids, never their labels.
"""

import functools
import shutil
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vestry.data.dataset import Dataset
from vestry.engine.task import MANIFEST, OnEvent, Outcome, Task
from vestry.errors import DataError, MemberError
from vestry.robustness.ladder import VERSIONS, Alterations, Ladder, climb
from vestry.robustness.settings import RobustnessSettings
from vestry.robustness.severities import RUNGS
from vestry.run.tasks.code_key import code_key
from vestry.run.tasks.fit import ids_digest, task_data
from vestry.run.tasks.stored_models import stored_card, stored_predict
from vestry.storage.run_folder import RunFolder, read_json, write_arrays, write_json

TABLES, PICTURES = "tables.npz", "pictures.npz"
_CODE = ("robustness", "run.tasks.corruption")
_CLIMB = "vestry.run.tasks.corruption:climb_ladder"
_LIBRARIES = ("numpy", "scipy")


def ladder_tasks(
    settings: RobustnessSettings,
    dataset: Dataset,
    fitted: Mapping[str, Task],
    context: dict[str, Any],
    run: RunFolder,
) -> tuple[dict[str, Task], dict[str, str]]:
    """A task for each member that can be asked again, and why the others cannot, by name.

    fitted: each member's finished fit. Nothing where the study leaves altered images out.
    """
    tasks: dict[str, Task] = {}
    reasons: dict[str, str] = {}
    for name, task in fitted.items() if not settings.skip else ():
        try:
            tasks[name] = ladder_task(settings, dataset, task, context, run, name)
        except MemberError as error:
            reasons[name] = str(error)
    return tasks, reasons


def ladder_task(
    settings: RobustnessSettings,
    dataset: Dataset,
    fitted: Task,
    context: dict[str, Any],
    run: RunFolder,
    name: str | None = None,
) -> Task:
    """The task of one look at the member that `fitted` left in its folder.

    context: `data`, `places` and `model_paths`, as for fits. Raises MemberError where its model was
    not stored.
    """
    stored_card(fitted.folder)
    description = {
        "code": code_key(*_CODE),
        "data": dataset.provenance.fingerprint,
        "ids": ids_digest(dataset),
        "member": fitted.folder.name,
        "threads": fitted.cores,
        "libraries": {library: metadata.version(library) for library in _LIBRARIES},
        "robustness": settings.model_dump(mode="json", exclude={"skip"}),
    }
    return Task.of(
        run,
        name=f"{name or fitted.name}, altered images",
        function=_CLIMB,
        description=description,
        context=context | {"member": str(fitted.folder)},
        cores=fitted.cores,
        time_limit=fitted.time_limit,
    )


def climb_ladder(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    report: OnEvent,
) -> None:
    """Ask one fitted member about altered test images; write its tables, the pictures of one
    image and, last, the card into `folder`.

    Raises DataError where the data is no longer what the description speaks of.
    """
    dataset = task_data(description, context)
    settings = RobustnessSettings(**description["robustness"])
    report({"event": "stage", "text": "altering images"})
    drawn = _alterations(dataset, settings)
    threads = description["threads"]  # other tasks have the other cores
    with threadpool_limits(limits=threads):
        predict = stored_predict(Path(context["member"]), threads)
        probabilities, measured = climb(predict, drawn, settings, report)
    facts = measured | {
        "asked": len(drawn),
        "there": len(dataset.test),
        "seed": settings.seed,
        "seconds": settings.seconds,
    }
    folder.mkdir(parents=True, exist_ok=True)
    tables = {"ids": drawn.ids[: facts["rows"]], "probabilities": probabilities}
    write_arrays(folder / TABLES, tables)
    write_arrays(folder / PICTURES, _pictures(drawn))
    write_json(folder / MANIFEST, {"ladder": facts, "task": description})
    shutil.rmtree(workspace, ignore_errors=True)


@functools.lru_cache(maxsize=1)
def _alterations(dataset: Dataset, settings: RobustnessSettings) -> Alterations:
    """The drawn test images; a worker that stays warm alters them once for all members."""
    rows = dataset.test.order(settings.seed)[: settings.asked(len(dataset.test))]
    return Alterations(dataset.test.images[rows], dataset.test.ids[rows], settings.seed)


def _pictures(drawn: Alterations) -> dict[str, NDArray[Any]]:
    """The first image on every rung, to be shown; its own picture is the data's."""
    made = [drawn.version(rung, 1)[0] for rung in RUNGS]
    return {"ids": np.array([f"altered/{rung.name}" for rung in RUNGS]), "images": np.stack(made)}


def read_ladder(folder: Path) -> Ladder:
    """What `climb_ladder` left in `folder`; raises DataError where it is damaged."""
    try:
        facts = read_json(folder / MANIFEST)["ladder"]
        with (folder / TABLES).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            ladder = Ladder(file["ids"], file["probabilities"], facts)
        if ladder.probabilities.shape[:2] != (VERSIONS, len(ladder.ids)):
            raise ValueError(f"its tables have shape {ladder.probabilities.shape}")
    except (BadZipFile, EOFError, KeyError, OSError, ValueError) as error:
        raise DataError(f"{folder} is damaged: {error}; remove it and run again") from None
    return ladder


def read_ladders(
    tasks: Mapping[str, Task], failed: Mapping[str, Outcome]
) -> tuple[dict[str, Ladder], dict[str, str]]:
    """Finished ladders, and why others came to nothing, both by the member's name.

    failed: outcomes by the task's digest.
    """
    ladders = {name: read_ladder(task.folder) for name, task in tasks.items() if task.is_done}
    reasons = {
        name: str(failed[task.folder.name].reason)
        for name, task in tasks.items()
        if not task.is_done and task.folder.name in failed
    }
    return ladders, reasons
