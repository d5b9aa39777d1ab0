"""The look at a study's data, as a worker process does it: once, and found again afterwards."""

import hashlib
import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vestry.audit.among_many import are_many, can_search
from vestry.audit.exploration import explore
from vestry.audit.settings import ExplorationSettings
from vestry.data.damage import Files
from vestry.data.dataset import Dataset
from vestry.data.sealed import Rows
from vestry.data.summary import read_pictures
from vestry.engine.task import OnEvent, Task
from vestry.errors import DataError
from vestry.evaluation.vault import Vault
from vestry.pipeline.tasks.code_key import code_key
from vestry.pipeline.tasks.fit import ids_digest, task_data
from vestry.schema.exploration import Exploration
from vestry.storage.array_damage import ARRAY_DAMAGE
from vestry.storage.file_sums import MANIFEST, finish
from vestry.storage.run_folder import RunFolder, read_json, write_arrays
from vestry.system.installed import version_of

_PICTURES = "pictures.npz"
_CORRELATION = "exploration.npz"
_CODE = ("audit", "pipeline.tasks.audit")
LOOK = "vestry.pipeline.tasks.audit:explore_dataset"
_CORES = 1
_LIBRARIES = ("scikit-learn", "numpy")
_WHY = "the look at the data, before any model"


@dataclass(frozen=True, eq=False)
class Explored:
    """A finished exploration. results: `exploration` of results.json. pictures: what is no row of
    the data, by id. correlation: the file that a run keeps as figures/exploration.npz."""

    results: Exploration
    pictures: dict[str, NDArray[np.uint8]]
    correlation: Path


def exploration_task(
    settings: ExplorationSettings, dataset: Dataset, context: dict[str, Any], run: RunFolder
) -> Task:
    """The task of one look at `dataset`. context: as for members, and `study`
    and `record`, for what is written down of looks at test labels."""
    description: dict[str, Any] = {
        "code": code_key(*_CODE),
        "data": dataset.provenance.fingerprint,
        "ids": ids_digest(dataset),
        "files": _files_digest(dataset.provenance.files),
        "missing": {split: _missing_digest(rows) for split, rows in _splits(dataset).items()},
        "libraries": {name: version_of(name) for name in _LIBRARIES},
        "exploration": settings.model_dump(mode="json", exclude={"skip"}),
    }
    if are_many(_splits(dataset)):
        description["approximate"] = can_search()
    task = Task.of(
        run,
        name="exploration",
        function=LOOK,
        description=description,
        context=context,
        cores=_CORES,
    )
    return replace(task, here="test labels are looked at, and that is counted, on this machine")


def _splits(dataset: Dataset) -> dict[str, Rows]:
    """Rows that are different ones: where folds choose or test, these are the training rows."""
    splits: dict[str, Rows] = {"training": dataset.training}
    if not dataset.folds:
        splits["validation"] = dataset.validation
    if not (dataset.folds and dataset.folds.tests):
        splits["test"] = dataset.test
    return splits


def _missing_digest(rows: Rows) -> str | None:
    """What is missing is no part of the data's fingerprint, which sees the pixels alone."""
    if rows.missing is None:
        return None
    return hashlib.sha256(np.asarray(rows.missing, "<i8").tobytes()).hexdigest()[:16]


def _files_digest(files: Files | None) -> str | None:
    """Damaged files are in no split, so neither pixels nor ids speak of them."""
    if files is None:
        return None
    return hashlib.sha256(json.dumps(files.as_dict()).encode()).hexdigest()[:16]


def explore_dataset(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    report: OnEvent,
) -> None:
    """Explore a study's three splits; write pictures and, last, the card into `folder`.

    Raises DataError where the data is no longer what the description speaks of.
    """
    dataset = task_data(description, context)
    vault = Vault(Path(context["places"]["looks"]), Path(context["record"]))
    test = vault.open(dataset.test, context["study"], [], _WHY)
    sets = {"training": dataset.training, "validation": dataset.validation, "test": test}
    sets = {name: rows for name, rows in sets.items() if name in _splits(dataset)}
    settings = ExplorationSettings(**description["exploration"])
    with threadpool_limits(limits=_CORES):  # other tasks have the other cores
        found = explore(sets, settings, report, dataset.provenance.files)
    folder.mkdir(parents=True, exist_ok=True)
    write_arrays(folder / _PICTURES, {"ids": np.array(found.ids), "images": found.images})
    write_arrays(folder / _CORRELATION, {"correlation": found.correlation})
    finish(folder, {"exploration": found.results.as_json(), "task": description})
    shutil.rmtree(workspace, ignore_errors=True)


def read_exploration(folder: Path) -> Explored:
    """What `explore_dataset` left in `folder`; raises DataError where it is damaged."""
    try:
        results = Exploration.model_validate(read_json(folder / MANIFEST)["exploration"])
        pictures = read_pictures(folder / _PICTURES)
    except ARRAY_DAMAGE as error:
        raise DataError(f"{folder} is damaged: {error}; remove it and run again") from None
    return Explored(results, pictures, folder / _CORRELATION)
