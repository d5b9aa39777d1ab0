"""One member's task, as a worker process does it: a description in, a folder of files out.

It sees test images, never test labels: they are read by the comparison alone.
"""

import functools
import hashlib
import json
import shutil
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset, DataSettings, load_dataset
from vestry.data.places import Places
from vestry.engine.task import MANIFEST, Report
from vestry.errors import DataError
from vestry.members.member import FitJob, FittedMember, kind_module
from vestry.members.settings import MEMBER_SETTINGS
from vestry.predictions.table import ProbabilityTable, Split
from vestry.run_folder import write_json

LIBRARIES = {"estimator": ("scikit-learn", "numpy"), "layers": ("torch",)}
CODE = ("members", "predictions/table.py", "fit.py")


def shared_description(dataset: Dataset) -> dict[str, Any]:
    """The part of a task's description that all members of a study have in common."""
    return {
        "code": code_version(),
        "data": dataset.provenance.fingerprint,
        "ids": ids_digest(dataset),
    }


def description(
    shared: dict[str, Any], settings: dict[str, Any], seed: int, threads: int
) -> dict[str, Any]:
    """Everything that a fitted member depends on; its digest names the task's folder."""
    return {
        **shared,
        "libraries": {name: metadata.version(name) for name in LIBRARIES[settings["kind"]]},
        "member": settings,
        "seed": seed,
        "threads": threads,
    }


def code_version() -> str:
    """SHA-256 over the source that fits members: other code may give other figures."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for place in CODE:
        files = sorted((here / place).rglob("*.py")) if (here / place).is_dir() else [here / place]
        for file in files:
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def ids_digest(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    for rows in (dataset.training, dataset.validation, dataset.test):
        digest.update("\n".join(rows.ids.tolist()).encode())
    return digest.hexdigest()[:16]


def fit_member(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    report: Report,
) -> None:
    """Fit one member with one seed; write its model, tables and, last, its card into `folder`.

    Raises DataError where the data is no longer what the description speaks of.
    """
    dataset = loaded(json.dumps(context["data"]), json.dumps(context["places"]))
    if dataset.provenance.fingerprint != description["data"]:
        raise DataError(f"{dataset.provenance.used} has changed since the study began; start again")
    settings = MEMBER_SETTINGS[description["member"]["kind"]](**description["member"])
    member = kind_module(settings.kind).fit(settings, job(dataset, description, workspace, report))
    report({"event": "stage", "text": "predicting"})
    folder.mkdir(parents=True, exist_ok=True)
    save_tables(member, dataset, context["maker"], folder)
    member.save(folder)
    write_json(folder / MANIFEST, member.card() | {"task": description})
    shutil.rmtree(workspace, ignore_errors=True)


@functools.lru_cache(maxsize=1)
def loaded(data: str, places: str) -> Dataset:
    """The study's data; a worker that stays warm loads it once."""
    return load_dataset(DataSettings(**json.loads(data)), Places.from_dict(json.loads(places)))


def job(dataset: Dataset, description: dict[str, Any], workspace: Path, report: Report) -> FitJob:
    workspace.mkdir(parents=True, exist_ok=True)
    return FitJob(
        images=dataset.training.images,
        labels=dataset.training.labels,
        validation_images=dataset.validation.images,
        validation_labels=dataset.validation.labels,
        classes=len(dataset.training.classes),
        seed=description["seed"],
        threads=description["threads"],
        workspace=workspace,
        report=report,
    )


def save_tables(member: FittedMember, dataset: Dataset, maker: str, folder: Path) -> None:
    held_out = member.held_out_proba()
    if held_out is None:
        held_out = member.predict_proba(dataset.validation.images)
    test = member.predict_proba(dataset.test.images)
    classes = dataset.test.classes

    def save(ids: NDArray[np.str_], values: NDArray[np.float32], split: Split) -> None:
        ProbabilityTable(ids, classes, values, maker, split).save(folder / f"{split}.npz")

    save(dataset.validation.ids, held_out, "validation")
    save(dataset.test.ids, test, "test")
