"""What a study reads from the user's disk: none of it may ever be written over."""

from pathlib import Path
from typing import Any

from vestry.data.paths import DataPaths
from vestry.data.source import source_file
from vestry.members.model_paths import ModelPaths
from vestry.storage.run_folder import RunFolder
from vestry.study.entries import ModelEntry, SearchedEntry
from vestry.study.reader import StudyFile


def study_inputs(file: StudyFile, places: DataPaths, run: RunFolder) -> list[Path]:
    """The study file, its data, and the models and weights that its models start from, without
    links."""
    study = file.study
    sources = filter(None, [study.data.source, study.data.otherwise])
    data = [path for path in (source_file(text, places) for text in sources) if path]
    paths = ModelPaths.of(places, run.path)
    models = [
        path for entry in study.models for path in entry.model_kind.inputs(_table(entry), paths)
    ]
    return [path.resolve() for path in (file.path, *data, *models)]


def _table(entry: ModelEntry | SearchedEntry) -> dict[str, Any]:
    return entry.table if isinstance(entry, SearchedEntry) else entry.model_dump()
