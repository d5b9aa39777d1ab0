"""A model of a finished run as one ONNX file, from the run's folder to the file and its card: where
these go, and what must not be replaced by them.
"""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import onnx

from vestry.data.dataset import Dataset
from vestry.data.paths import DataPaths
from vestry.engine.task import OnEvent
from vestry.errors import StudyError, did_you_mean
from vestry.export.bundle import Bundle, border_of, read_bundle, write_bundle
from vestry.export.facts import (
    data_facts,
    entry_of,
    picture_strip,
    recommended,
    scores,
    study_facts,
)
from vestry.export.model_card import card_path, is_own_card, write_card
from vestry.export.onnx_export import committee_model, member_model
from vestry.export.parity import certified
from vestry.members.graph import IR_VERSION, OPSET
from vestry.members.model_paths import ModelPaths
from vestry.pipeline.export_reference import (
    Reference,
    held_against_files,
    limits,
    novelty,
    reference,
    settings_of,
)
from vestry.pipeline.output_file import check_output
from vestry.pipeline.progress import Downloads
from vestry.pipeline.stored_run import RunData, StoredRun, stored_run, study_folders
from vestry.schema.models import Committee
from vestry.serve.predictor import Predictor
from vestry.storage.names import stored_name
from vestry.storage.ownership import check_no_links
from vestry.storage.run_folder import read_json
from vestry.study.entries import kinds_in
from vestry.system.installed import version_of

_OPTION = "-o"
_KNOWN_EACH, _SAMPLES_EACH = 40, 2
"""Images of each class that travel with a model: to set answers beside, and to try."""


@dataclass(frozen=True)
class ExportOptions:
    """temperature: apply the one that the run fitted on validation rows. images: training images
    travel with the file, so that the page can show some beside an answer. quantize: an int8 form is
    to stand beside it. force: files that are not ours may be replaced. known: training images of
    each class that travel."""

    temperature: bool = True
    images: bool = True
    quantize: bool = False
    force: bool = False
    known: int = _KNOWN_EACH


@dataclass(frozen=True, eq=False)
class Exported:
    """A file that passed the parity gate, with what it was held against."""

    path: Path
    card: Path
    model: onnx.ModelProto
    bundle: Bundle
    run: StoredRun
    dataset: Dataset
    reference: Reference


def export_run(
    folder: Path,
    name: str | None,
    target: Path | None,
    options: ExportOptions,
    places: DataPaths,
    report: OnEvent,
) -> Exported:
    """Export a member or committee of the run in `folder`; by default the one it recommends.

    target: the file to write, by default `exports/NAME.onnx` in the run's folder; a card in
    Markdown stands beside it. Raises StudyError where there is no such run or model, ModelError
    where it cannot be written as a graph or the graph does not answer as its source does.
    """
    run = stored_run(folder, folder.name)
    model_name = _known_model(run, name)
    path = _checked_target(run, model_name, target, options.quantize, options.force)
    report({"event": "stage", "text": f"{model_name}: loading the run's data"})
    dataset = RunData(places, Downloads(report)).of(run)
    temperature = temperature_of(run, model_name, options)
    report({"event": "stage", "text": f"{model_name}: writing the graph"})
    model = _model_of(run, model_name, temperature)
    rows = reference(run, model_name, dataset, temperature)
    bundle = _described(run, model_name, dataset, options, temperature)
    certificate = _gate(model, bundle, dataset, rows, report)
    bundle = replace(bundle, certificate=certificate)
    write_bundle(path, model, bundle)
    card = write_card(path, bundle, run.results)
    return Exported(path, card, model, bundle, run, dataset, rows)


def _known_model(run: StoredRun, name: str | None) -> str:
    """The model that is meant; StudyError, with the nearest name, where the run has none such."""
    model_name = name or recommended(run.results)
    if model_name not in run.tables:
        raise StudyError(
            f"{run.folder.path} has no model {model_name!r}{did_you_mean(model_name, run.tables)}"
        )
    return model_name


def temperature_of(run: StoredRun, model_name: str, options: ExportOptions) -> float:
    found = entry_of(run.results, model_name).calibration
    return found.temperature if found and options.temperature else 1.0


def _model_of(run: StoredRun, model_name: str, temperature: float) -> onnx.ModelProto:
    if model_name in run.results.members:
        return member_model(run.folder.member(model_name), temperature)
    card = read_json(run.folder.committee(model_name) / "card.json")
    folders = {name: run.folder.member(name) for name in card["members"]}
    return committee_model(folders, card, temperature)


def _gate(
    model: onnx.ModelProto, bundle: Bundle, dataset: Dataset, rows: Reference, report: OnEvent
) -> dict[str, Any]:
    """The certificate of a file that is written, read and asked as its user will do it."""
    report({"event": "stage", "text": f"{bundle.name}: parity on {rows.words}"})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        write_bundle(path, model, bundle)
        predictor = Predictor(path)
        tell = _teller(bundle.name, report)
        found = certified(predictor, rows.images, rows.expected, tell)
        files = held_against_files(predictor, dataset, rows, tell)
    return found | {
        "files": files,
        "of": rows.words,
        "source": "the run's own answers",
        "onnxruntime": version_of("onnxruntime"),
        "when": _now(),
    }


def _teller(name: str, report: OnEvent) -> Callable[[int, int], None]:
    def tell(done: int, total: int) -> None:
        if done % 2000 == 0 or done == total:
            report(
                {"event": "stage", "text": f"{name}: {done:,} of {total:,} rows held against it"}
            )

    return tell


def _described(
    run: StoredRun, model_name: str, dataset: Dataset, options: ExportOptions, temperature: float
) -> Bundle:
    entry = entry_of(run.results, model_name)
    rows = {split: facts.rows for split, facts in run.results.data.splits.items()}
    training = dataset.training
    abstention, sets = limits(run, model_name, dataset, temperature)
    bundle = Bundle(
        name=model_name,
        classes=training.classes,
        image_shape=training.image_shape,
        members=tuple(entry.asked) if isinstance(entry, Committee) else (model_name,),
        rule=entry.rule if isinstance(entry, Committee) else None,
        preparation=dataset.provenance.preparation,
        border=border_of(training.images),
        title=run.results.title,
        study=study_facts(run.results),
        data=data_facts(run.results),
        scores=scores(entry, rows, temperature != 1),
        threshold=abstention["threshold"],
        abstention=abstention,
        sets=sets,
        temperature=temperature,
        parameters=entry.parameters,
        versions=_versions(),
        created=_now(),
        known=picture_strip(training, options.known) if options.images else None,
        samples=picture_strip(dataset.validation, _SAMPLES_EACH) if options.images else None,
    )
    return replace(bundle, novelty=novelty(bundle, dataset, settings_of(run).unlike))


def _versions() -> dict[str, Any]:
    names = ("vestry", "onnx", "onnxruntime", "numpy", "pillow")
    return {name: version_of(name) for name in names} | {"opset": OPSET, "ir": IR_VERSION}


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def int8_path(path: Path) -> Path:
    """Where the int8 form of the model in `path` goes."""
    return path.with_name(f"{path.stem}.int8.onnx")


def _checked_target(
    run: StoredRun, model_name: str, target: Path | None, quantize: bool, force: bool
) -> Path:
    """The file to write: `target`, or one in the run's folder.

    A model, like its card, takes the place of an earlier one only, or of what `force` gives up.
    Raises StudyError where it would replace anything else.
    """
    if target is None:
        check_no_links(run.folder.path, [run.folder.exports.name], _OPTION)
    path = target or run.folder.exports / f"{stored_name(model_name)}.onnx"
    if path.suffix.lower() != ".onnx":
        raise StudyError(f"-o {path}: the file's name must end in .onnx")
    inputs = _read_models(run)
    for file in [path, int8_path(path)] if quantize else [path]:
        if file.resolve() in inputs:
            raise StudyError(f"{file} is what a model of the run was made from; name another file")
        check_output(file, _is_bundle, "was not exported by vestry", force, _OPTION)
        card = card_path(file)
        why = "is no model card as vestry wrote it, and would be replaced by the model's"
        check_output(card, is_own_card, why, force, _OPTION)
    return path


def _is_bundle(path: Path) -> bool:
    try:
        read_bundle(path)
    except Exception:  # whatever it is, it is no bundle
        return False
    return True


def _read_models(run: StoredRun) -> set[Path]:
    """Files of the user's that models of the run were made from."""
    places = [DataPaths.of(base=base) for base in (*study_folders(run), Path.cwd())]
    return {
        path.resolve()
        for entry in run.study.get("member", [])
        for kind in kinds_in(entry)
        for place in places
        for path in kind.inputs(entry, ModelPaths.of(place, run.folder.path))
    }
