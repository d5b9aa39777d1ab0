"""One model's task, as a worker process does it: a description in, a folder of files out.

It sees test images, never test labels: they are read by the comparison alone.
"""

import functools
import hashlib
import json
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.folds import Inner
from vestry.data.image_set import ImageSet
from vestry.data.packed_rows import unpacked_rows
from vestry.data.paths import DataPaths
from vestry.data.sealed import Rows
from vestry.data.settings import DataSettings
from vestry.data.subset import PARTS, Subset
from vestry.engine.task import OnEvent
from vestry.errors import DataError
from vestry.members.kind import AnswersById, FitJob, FittedModel, Teacher
from vestry.members.kinds import kind_named
from vestry.members.model_paths import ModelPaths
from vestry.pipeline.tasks.code_key import code_key
from vestry.predictions.table import ProbabilityTable, Split
from vestry.storage.file_sums import finish
from vestry.system.installed import version_of

# The data that a task speaks of, as its worker process loads it.

ROWS = "rows"
"""The name in a context of packed rows, which a machine has that cannot load the data."""


def task_data(description: dict[str, Any], context: dict[str, Any]) -> Dataset:
    """The study's data; raises DataError where it is no longer what the description speaks of."""
    if ROWS in context:
        dataset = _unpacked(context[ROWS])
    else:
        dataset = _loaded(json.dumps(context["data"]), json.dumps(context["places"]))
    if dataset.provenance.fingerprint != description["data"]:
        raise DataError(f"{dataset.provenance.used} has changed since the study began; start again")
    return dataset


@functools.lru_cache(maxsize=1)
def _unpacked(folder: str) -> Dataset:
    return unpacked_rows(Path(folder))


@functools.lru_cache(maxsize=1)
def _loaded(data: str, places: str) -> Dataset:
    """The study's data; a worker that stays warm loads it once."""
    return load_dataset(DataSettings(**json.loads(data)), DataPaths.from_dict(json.loads(places)))


TIMED_ROWS = 1000
Teach = Callable[[ImageSet, ImageSet], Teacher]
"""From all training rows of a study and those that a student's fit gets, in its order."""
_CODE = ("members", "data.subset", "data.folds", "data.groups", "pipeline.tasks.fit")


def shared_description(dataset: Dataset, reproducible: bool = False) -> dict[str, Any]:
    """The part of a task's description that all models of a study have in common."""
    groups = dataset.training.groups
    fixed = {"reproducible": True} if reproducible else {}
    return {
        "code": code_key(*_CODE),
        "data": dataset.provenance.fingerprint,
        "ids": ids_digest(dataset),
    } | (fixed if groups is None else fixed | {"groups": _digest(groups)})


def description(
    shared: dict[str, Any],
    settings: dict[str, Any],
    seed: int,
    threads: int,
    part: Subset | None = None,
    fewer_threads: bool = False,
    inner: Inner | None = None,
    epochs: int | None = None,
) -> dict[str, Any]:
    """Everything that a fitted model depends on; its digest names the task's folder.

    part: the part of the training rows that it is fitted on; None for all of them.
    fewer_threads: whether it may take fewer than `threads`. inner: how rows are set aside of those
    that it gets, in a study of folds. epochs: how many it is trained for, where folds found that.
    """
    chosen: dict[str, Any] = {"fewer_threads": True} if fewer_threads else {}
    if inner is not None:
        chosen["inner"] = inner.model_dump(mode="json")
    if epochs is not None:
        chosen["epochs"] = epochs
    return {
        **shared,
        "libraries": libraries(settings["kind"]),
        "member": settings,
        "seed": seed,
        "threads": threads,
        **chosen,
    } | ({} if part is None else {"part": part.model_dump(mode="json")})


def libraries(kind: str) -> dict[str, str]:
    """Versions of what fits models of this kind."""
    return {name: version_of(name) for name in kind_named(kind).libraries}


def _digest(texts: NDArray[np.str_]) -> str:
    return hashlib.sha256("\n".join(texts.tolist()).encode()).hexdigest()[:16]


def ids_digest(dataset: Dataset) -> str:
    digest = hashlib.sha256()
    for rows in (dataset.training, dataset.validation, dataset.test):
        digest.update("\n".join(rows.ids.tolist()).encode())
    return digest.hexdigest()[:16]


def fit_model(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    on_event: OnEvent,
    teach: Teach | None = None,
) -> None:
    """As `_fit_and_answer`, all of it on the task's cores: other tasks have the other ones. An SVM
    multiplies rows one by one, and of long rows each product would wait for threads of its own."""
    with threadpool_limits(limits=description["threads"]):
        _fit_and_answer(description, context, folder, workspace, on_event, teach)


def _fit_and_answer(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    on_event: OnEvent,
    teach: Teach | None,
) -> None:
    """Fit one model with one seed; write its model, tables and, last, its card into `folder`; of
    a fold's model the table of the rows that it has not seen, and its card.

    teach: of a student, gives its teacher.

    Raises DataError where the data is no longer what the description speaks of.
    """
    dataset = task_data(description, context)
    kind = kind_named(description["member"]["kind"])
    training, held_out = parts_of(dataset.training, description.get("part"))
    work = job(dataset, training, description, workspace, on_event, context, teach)
    settings = kind.settings(**description["member"])
    member = kind.load_implementation().fit(settings, work)
    on_event({"event": "stage", "text": "predicting"})
    folder.mkdir(parents=True, exist_ok=True)
    by_id = cast(AnswersById, member) if kind.is_by_id else None
    tables = _Tables(member, by_id, dataset.test.classes, context["maker"], folder, on_event)
    if held_out is not None:  # its answers are all that is asked of it: to write it takes longer
        facts = tables.save_held_out(held_out, description["part"])
    else:  # a fit that rows are set aside for has learnt from all of them, so it says nothing
        part = description.get("part")
        facts = tables.save(dataset, validated=work.may_learn_all is False, part=part)
    if held_out is None or description.get("stored"):
        member.save(folder)
    finish(folder, member.card() | facts | {"task": description})
    shutil.rmtree(workspace, ignore_errors=True)


def parts_of(rows: ImageSet, part: dict[str, Any] | None) -> tuple[ImageSet, ImageSet | None]:
    """The rows to learn from, and those that a cross-validation holds out of them."""
    if part is None:
        return rows, None
    learnt, held_out = PARTS[part["kind"]](**part).rows(rows.labels, rows.groups)
    return rows.rows(learnt), rows.rows(held_out) if len(held_out) else None


def job(
    dataset: Dataset,
    training: ImageSet,
    description: dict[str, Any],
    workspace: Path,
    on_event: OnEvent,
    context: dict[str, Any],
    teach: Teach | None = None,
) -> FitJob:
    """training: the rows that the fit gets. Where rows are set aside of these, they are the
    validation rows."""
    workspace.mkdir(parents=True, exist_ok=True)
    validation, inner = dataset.validation, description.get("inner")
    teacher = None if teach is None else teach(dataset.training, training)
    if inner is not None:
        learnt, aside = Inner(**inner).rows(training)
        training, validation = training.rows(learnt), training.rows(aside)
        teacher = teacher and teacher.parted(learnt, aside)
    return FitJob(
        images=training.images,
        labels=training.labels,
        ids=training.ids,
        validation_images=validation.images,
        validation_labels=validation.labels,
        may_learn_all=inner is not None,
        epochs=description.get("epochs"),
        classes=len(dataset.training.classes),
        seed=description["seed"],
        threads=description["threads"],
        fewer_threads=description.get("fewer_threads", False),
        reproducible=description.get("reproducible", False),
        workspace=workspace,
        on_event=on_event,
        paths=ModelPaths.from_dict(context["model_paths"]),
        class_names=dataset.training.classes,
        asked={"validation": dataset.validation.ids, "test": dataset.test.ids},
        teacher=teacher,
    )


@dataclass(frozen=True)
class _Tables:
    """The tables of one fitted model, written into its folder. by_id: what answers where the model
    knows no images."""

    member: FittedModel
    by_id: AnswersById | None
    classes: tuple[str, ...]
    maker: str
    folder: Path
    on_event: OnEvent

    def save(
        self, dataset: Dataset, validated: bool, part: dict[str, Any] | None
    ) -> dict[str, Any]:
        """The test table, and the validation table where it is by this model; gives what
        predicting cost.

        Where the study chooses by folds, a table of some training rows as well, which say nothing
        of how good the model is: what committees cost is timed on it.
        """
        if validated:
            held_out = self.member.held_out_proba()
            if held_out is None:
                held_out = self.answers(dataset.validation)
            self.write("validation", dataset.validation.ids, held_out, "validation")
            self.say_right(held_out, dataset.validation.labels, part)
        if dataset.folds:
            some = dataset.training.rows(np.arange(min(TIMED_ROWS, len(dataset.training))))
            values = self.member.predict_proba(some.images)
            self.write("fitted", some.ids, values, "training")
        started = time.perf_counter()
        test = self.answers(dataset.test)
        seconds = time.perf_counter() - started
        if not validated and dataset.folds and dataset.folds.tests:  # learnt from: folds test it
            return {"predict_seconds": seconds, "predicted_images": len(test)}
        self.write("test", dataset.test.ids, test, "test")
        return {"predict_seconds": seconds, "predicted_images": len(test)}

    def answers(self, rows: Rows) -> NDArray[np.float32]:
        by_id = self.by_id
        return self.member.predict_proba(rows.images) if by_id is None else by_id.proba_of(rows.ids)

    def save_held_out(self, rows: ImageSet, part: dict[str, Any]) -> dict[str, Any]:
        """The table of a fold's own rows; the test rows are not looked at."""
        values = self.member.predict_proba(rows.images)
        self.write("held_out", rows.ids, values, "training")
        self.say_right(values, rows.labels, part)
        return {}

    def say_right(
        self, values: NDArray[np.float32], labels: NDArray[np.int64], part: dict[str, Any] | None
    ) -> None:
        """Tell who watches how many held-out rows are right. part: what was learnt from."""
        if len(labels):
            right = int((values.argmax(axis=1) == labels).sum())
            event = {"event": "scored", "right": right, "rows": len(labels), "part": part}
            self.on_event(event)

    def write(
        self, name: str, ids: NDArray[np.str_], values: NDArray[np.float32], split: Split
    ) -> None:
        only_labels = self.by_id is not None and self.by_id.only_labels
        table = ProbabilityTable(ids, self.classes, values, self.maker, split, only_labels)
        table.save(self.folder / f"{name}.npz")
