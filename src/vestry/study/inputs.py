"""What a study reads from the user's disk: none of it may ever be written over."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vestry.data.paths import DataPaths
from vestry.data.source import source_kind
from vestry.errors import StudyError
from vestry.members.backbones.paths import BackbonePaths
from vestry.members.backbones.settings import FILE, STUDY
from vestry.members.backbones.source import earlier_network
from vestry.storage.run_folder import RunFolder
from vestry.study.reader import StudyFile
from vestry.study.settings import SearchedEntry


def study_inputs(file: StudyFile, places: DataPaths, run: RunFolder) -> list[Path]:
    """The study file, its data, and the models and weights that its members start from, without
    links."""
    study = file.study
    sources = filter(None, [study.data.source, study.data.otherwise])
    data = [places.path(path) for _, path in map(source_kind, sources) if path]
    trunks = BackbonePaths.of(places, run.path)
    members = [path for table in _tables(file) for path in _member_inputs(table, trunks)]
    return [path.resolve() for path in (file.path, *data, *members)]


def _tables(file: StudyFile) -> Iterator[dict[str, Any]]:
    for entry in file.study.member:
        yield entry.table if isinstance(entry, SearchedEntry) else entry.model_dump()


def _member_inputs(table: dict[str, Any], places: BackbonePaths) -> Iterator[Path]:
    onnx, weights, backbone = (table.get(key) for key in ("onnx", "weights", "backbone"))
    if isinstance(onnx, str):
        yield places.path(onnx)
    if isinstance(weights, str) and weights.startswith(FILE):
        yield places.path(weights.removeprefix(FILE))
    if isinstance(backbone, str) and backbone.startswith(STUDY):
        try:
            yield earlier_network(backbone, places)
        except StudyError:  # planning says what is wrong with it
            return
