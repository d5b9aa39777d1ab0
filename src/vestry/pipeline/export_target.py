"""Where an exported model goes, and what must not be replaced by it, its card or its int8 form."""

from pathlib import Path

from vestry.data.paths import DataPaths
from vestry.errors import StudyError
from vestry.export.bundle import read_bundle
from vestry.export.model_card import card_path, is_own_card
from vestry.members.model_paths import ModelPaths
from vestry.pipeline.output_file import check_output
from vestry.pipeline.stored_run import StoredRun, study_folders
from vestry.storage.names import stored_name
from vestry.storage.ownership import check_no_links
from vestry.study.entries import kinds_in

_OPTION = "-o"


def int8_path(path: Path) -> Path:
    """Where the int8 form of the model in `path` goes."""
    return path.with_name(f"{path.stem}.int8.onnx")


def checked_target(
    run: StoredRun, maker: str, target: Path | None, quantize: bool, force: bool
) -> Path:
    """The file to write: `target`, or one in the run's folder.

    A model, like its card, takes the place of an earlier one only, or of what `force` gives up.
    Raises StudyError where it would replace anything else.
    """
    if target is None:
        check_no_links(run.folder.path, [run.folder.exports.name], _OPTION)
    path = target or run.folder.exports / f"{stored_name(maker)}.onnx"
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
