"""A model on corrupted test images, as a worker process does it: once, and found again afterwards.

It sees test images and their ids, never their labels.
"""

import functools
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vestry.data.dataset import Dataset
from vestry.engine.task import OnEvent, Outcome, Task
from vestry.errors import DataError, MemberError
from vestry.pipeline.tasks.code_key import code_key
from vestry.pipeline.tasks.fit import ids_digest, task_data
from vestry.pipeline.tasks.stored_models import stored_card, stored_predict
from vestry.robustness.corrupted_predictions import (
    CorruptedImages,
    CorruptedPredictions,
    predict_corrupted,
)
from vestry.robustness.corruption import CORRUPTIONS, severities, versions
from vestry.robustness.settings import RobustnessSettings
from vestry.storage.array_damage import ARRAY_DAMAGE
from vestry.storage.file_sums import MANIFEST, finish
from vestry.storage.run_folder import RunFolder, read_json, write_arrays
from vestry.system.installed import version_of

TABLES, PICTURES = "tables.npz", "pictures.npz"
_CODE = ("robustness", "pipeline.tasks.corruption")
_FUNCTION = "vestry.pipeline.tasks.corruption:run_corruption"
_LIBRARIES = ("numpy", "scipy")


def corruption_tasks(
    settings: RobustnessSettings,
    dataset: Dataset,
    fitted: Mapping[str, Task],
    context: dict[str, Any],
    run: RunFolder,
) -> tuple[dict[str, Task], dict[str, str]]:
    """A task for each member that can be asked again, and why the others cannot, by name.

    fitted: each member's finished fit. Nothing where the study leaves corrupted images out.
    """
    tasks: dict[str, Task] = {}
    reasons: dict[str, str] = {}
    if dataset.folds and dataset.folds.tests:
        why = "folds test it, so the model that stays has learnt from every image"
        return {}, {} if settings.skip else dict.fromkeys(fitted, why)
    for name, task in fitted.items() if not settings.skip else ():
        try:
            tasks[name] = corruption_task(settings, dataset, task, context, run, name)
        except MemberError as error:
            reasons[name] = str(error)
    return tasks, reasons


def corruption_task(
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
        "libraries": {library: version_of(library) for library in _LIBRARIES},
        "robustness": settings.model_dump(mode="json", exclude={"skip"}),
        # What was registered elsewhere is not in the code's key.
        "corruptions": {name: each.strengths for name, each in CORRUPTIONS.items()},
    }
    task = Task.of(
        run,
        name=f"{name or fitted.name}, altered images",
        function=_FUNCTION,
        description=description,
        group="altered images",
        context=context,
        cores=fitted.cores,
        time_limit=fitted.time_limit,
    )
    return replace(task, reads={"member": fitted.folder}, here=fitted.here)


def run_corruption(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    report: OnEvent,
) -> None:
    """Ask one fitted member about corrupted test images; write its tables, the pictures of one
    image and, last, the card into `folder`.

    Raises DataError where the data is no longer what the description speaks of.
    """
    dataset = task_data(description, context)
    settings = RobustnessSettings(**description["robustness"])
    report({"event": "stage", "text": "altering images"})
    drawn = _corrupted_images(dataset, settings)
    threads = description["threads"]  # other tasks have the other cores
    with threadpool_limits(limits=threads):
        predict = stored_predict(Path(context["member"]), threads)
        probabilities, measured = predict_corrupted(predict, drawn, settings, report)
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
    finish(folder, {"facts": facts, "task": description})
    shutil.rmtree(workspace, ignore_errors=True)


@functools.lru_cache(maxsize=1)
def _corrupted_images(dataset: Dataset, settings: RobustnessSettings) -> CorruptedImages:
    """The drawn test images; a worker that stays warm corrupts them once for all members."""
    rows = dataset.test.order(settings.seed)[: settings.asked(len(dataset.test))]
    return CorruptedImages(dataset.test.images[rows], dataset.test.ids[rows], settings.seed)


def _pictures(drawn: CorruptedImages) -> dict[str, NDArray[Any]]:
    """The first image at every severity, to be shown; its own picture is the data's."""
    made = [drawn.version(severity, 1)[0] for severity in severities()]
    names = [severity.picture for severity in severities()]
    return {"ids": np.array(names), "images": np.stack(made)}


def read_predictions(folder: Path) -> CorruptedPredictions:
    """What `run_corruption` left in `folder`; raises DataError where it is damaged."""
    try:
        facts = read_json(folder / MANIFEST)["facts"]
        with (folder / TABLES).open("rb") as raw, np.load(raw, allow_pickle=False) as file:
            found = CorruptedPredictions(file["ids"], file["probabilities"], facts)
        if found.probabilities.shape[:2] != (len(versions()), len(found.ids)):
            raise ValueError(f"its tables have shape {found.probabilities.shape}")
    except ARRAY_DAMAGE as error:
        raise DataError(f"{folder} is damaged: {error}; remove it and run again") from None
    return found


def read_all_predictions(
    tasks: Mapping[str, Task], failed: Mapping[str, Outcome]
) -> tuple[dict[str, CorruptedPredictions], dict[str, str]]:
    """Finished predictions, and why others came to nothing, both by the member's name.

    failed: outcomes by the task's digest.
    """
    found = {name: read_predictions(task.folder) for name, task in tasks.items() if task.is_done}
    reasons = {
        name: str(failed[task.folder.name].reason)
        for name, task in tasks.items()
        if not task.is_done and task.folder.name in failed
    }
    return found, reasons
