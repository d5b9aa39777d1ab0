"""Explaining one fitted member, as a worker process does it: once, and found again afterwards."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from vestry.attribution.attribution import NOTHING, Explainer, Subject
from vestry.attribution.nearest import Chosen, chosen_images
from vestry.attribution.settings import ExplanationSettings
from vestry.audit.pictures import area_weights
from vestry.audit.unit_vectors import Directions
from vestry.data.dataset import Dataset
from vestry.engine.task import OnEvent, Outcome, Task
from vestry.errors import DataError, MemberError
from vestry.members.kind import WHOLE_MODEL
from vestry.pipeline.tasks.code_key import code_key
from vestry.pipeline.tasks.fit import task_data
from vestry.pipeline.tasks.stored_models import stored_predict
from vestry.schema.explanations import Explanation
from vestry.schema.results import ComparisonResults
from vestry.storage.array_damage import ARRAY_DAMAGE
from vestry.storage.file_sums import MANIFEST, finish
from vestry.storage.run_folder import RunFolder, read_json, write_arrays
from vestry.system.installed import version_of

_MAPS = "maps.npz"
_CODE = ("attribution", "pipeline.tasks.attribution")
_EXPLAIN = "vestry.pipeline.tasks.attribution:explain_member"
_LIBRARIES = ("numpy", "onnxruntime")
_LONGEST_SIDE = 64
_LOADING_SECONDS = 600.0
"""Beside its budget: to load data and model, and to find neighbours."""


def explanation_tasks(
    settings: ExplanationSettings,
    results: ComparisonResults,
    dataset: Dataset,
    fitted: Mapping[str, Task],
    context: dict[str, Any],
    run: RunFolder,
) -> dict[str, Task]:
    """A task for every member of `results`, by its name; none where the study leaves them out.

    results: of the comparison, which knows each member's worst mistakes. fitted: the task of each
    member's first seed. context: `data`, `places` and `model_paths`, as for fits.
    """
    if settings.skip:
        return {}
    return {
        name: _explanation_task(
            settings,
            dataset,
            fitted[name],
            chosen_images(name, member.mistakes, results.votes, settings),
            context,
            run,
        )
        for name, member in results.members.items()
    }


def _explanation_task(
    settings: ExplanationSettings,
    dataset: Dataset,
    fitted: Task,
    images: Sequence[Chosen],
    context: dict[str, Any],
    run: RunFolder,
) -> Task:
    """The task of explaining the member that `fitted` left, on `images`."""
    description = {
        "code": code_key(*_CODE),
        "data": dataset.provenance.fingerprint,
        "libraries": {name: version_of(name) for name in _LIBRARIES},
        "member": fitted.folder.name,
        "images": [asdict(image) for image in images],
        "explanation": settings.model_dump(mode="json", exclude={"skip"}),
    }
    maker = fitted.context.get("maker", fitted.name)
    task = Task.of(
        run,
        name=f"{maker}, explanation",
        function=_EXPLAIN,
        description=description,
        group="explanations",
        context=context | {"maker": maker, "cores": fitted.cores},
        cores=fitted.cores,
        time_limit=_LOADING_SECONDS + 10 * settings.seconds,
    )
    return replace(task, reads={"fitted": fitted.folder}, here=fitted.here)


def explain_member(
    description: dict[str, Any],
    context: dict[str, Any],
    folder: Path,
    workspace: Path,
    report: OnEvent,
) -> None:
    """Explain one member; write `maps.npz` and, last, the card into `folder`.

    A member whose model was not stored gets what can be said without it, and the reason. Raises
    DataError where the data is no longer what the description speaks of.
    """
    dataset = task_data(description, context)
    settings = ExplanationSettings(**description["explanation"])
    images = [Chosen(**image) for image in description["images"]]
    card = read_json(Path(context["fitted"]) / MANIFEST)
    with threadpool_limits(limits=context["cores"]):  # other tasks have the other cores
        explainer = Explainer(
            dataset, _directions(dataset.provenance.fingerprint, dataset, settings.seed),
            settings, report,
        )  # fmt: skip
        subject, reason = _loaded(Path(context["fitted"]), card, context["cores"])
        explained = explainer.explain(subject, images)
    explained.add(reason=reason)
    folder.mkdir(parents=True, exist_ok=True)
    write_arrays(folder / _MAPS, explained.arrays)
    finish(folder, {"explanation": explained.results.as_json(), "task": description})
    shutil.rmtree(workspace, ignore_errors=True)


_KEPT: dict[tuple[str, int], Directions] = {}


def _directions(fingerprint: str, dataset: Dataset, seed: int) -> Directions:
    """Of the training images; a worker that stays warm makes them once."""
    if (fingerprint, seed) not in _KEPT:
        _KEPT.clear()
        _KEPT[fingerprint, seed] = Directions.of_images(dataset.training, seed)
    return _KEPT[fingerprint, seed]


def _loaded(folder: Path, card: dict[str, Any], cores: int) -> tuple[Subject | None, str | None]:
    """The stored member, or why there is none."""
    try:
        predict = stored_predict(folder, cores)
    except MemberError as error:
        return None, str(error)
    is_graph = card["stored"] == WHOLE_MODEL
    settings = card.get("task", {}).get("member", {})
    return Subject(
        predict=predict,
        model=folder / card["stored"] if is_graph else None,
        seen_validation=bool(settings.get("refit")) or "inner" in card.get("task", {}),
    ), None


def explanations(
    tasks: Mapping[str, Task], failed: Mapping[str, Outcome]
) -> dict[str, Explanation] | None:
    """`explanations` of the results: every member's entry; None where none was asked for.

    failed: outcomes by the task's digest; such a member's entry has the reason alone.
    """
    if not tasks:
        return None
    found = {}
    for name, task in tasks.items():
        if task.is_done:
            card = read_json(task.folder / MANIFEST)
            found[name] = Explanation.model_validate(card["explanation"])
        else:
            outcome = failed.get(task.folder.name)
            why = f"it could not be explained: {outcome.reason if outcome else 'not done'}"
            found[name] = NOTHING.model_copy(update={"reason": why})
    return found


def save_explanation_maps(tasks: Mapping[str, Task], run: RunFolder) -> None:
    """Write all members' maps as `figures/explanations.npz`: `names` (n) and `maps` (n, h, w).

    A name is the member's and the map's key in the results. Sides over 64 pixels are averaged down;
    a weight is multiplied by its pixel's standard deviation among training images, because pixels
    that hardly ever vary have large weights that nothing comes of; those of a colour image's
    channels are then added up. Without any maps the file is removed.
    """
    named: dict[str, NDArray[np.float32]] = {}
    for name, task in tasks.items():
        if task.is_done:
            named |= {f"{name}/{key}": shown for key, shown in _task_maps(task.folder).items()}
    if not named:
        run.explanations.unlink(missing_ok=True)
        return
    maps = np.stack(list(named.values())).astype(np.float16)
    write_arrays(run.explanations, {"names": np.array(list(named)), "maps": maps})


def _task_maps(folder: Path) -> dict[str, NDArray[np.float32]]:
    """One task's maps by their key in the results, at the size that a page shows them."""
    try:
        with np.load(folder / _MAPS, allow_pickle=False) as stored:
            arrays = dict(stored)
    except ARRAY_DAMAGE as error:
        raise DataError(f"{folder} is damaged: {error}; remove it and run again") from None
    found = {f"map/{number:02d}": one for number, one in enumerate(arrays.get("maps", ()))}
    for label, weights in enumerate(arrays.get("weights", ())):
        typical = weights * arrays["deviation"]
        found[f"weight/{label}"] = typical.sum(axis=2) if typical.ndim == 3 else typical
    if "importance_probability" in arrays:
        found["importance"] = arrays["importance_probability"]
    return {key: smaller(np.asarray(one, np.float32)) for key, one in found.items()}


def smaller(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """(height, width), averaged down until no side is over 64."""
    factor = _LONGEST_SIDE / max(values.shape)
    if factor >= 1:
        return values
    height, width = (max(1, round(side * factor)) for side in values.shape)
    down, across = area_weights(values.shape[0], height), area_weights(values.shape[1], width)
    return np.asarray(down @ values @ across.T, np.float32)
