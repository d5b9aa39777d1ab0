"""A finished run as its folder holds it: results, study, test tables, and the data it speaks of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from vestry.data.dataset import Dataset, load_dataset
from vestry.data.paths import DataPaths, Progress, expanded
from vestry.data.settings import DataSettings
from vestry.data.source import source_kind
from vestry.errors import DataError, StudyError
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.pipeline.claim import own_results, study_files
from vestry.predictions.choosing import ChoosingScore, choosing_score
from vestry.predictions.table import ProbabilityTable, load_table
from vestry.schema.base import OnSplits
from vestry.schema.reading import read_results
from vestry.schema.results import Results
from vestry.storage.marker import read_marker
from vestry.storage.named_paths import is_file, is_folder
from vestry.storage.run_folder import RunFolder
from vestry.study.file import tables_of


@dataclass(frozen=True, eq=False)
class StoredRun:
    """name: what tells it from the other runs. tables: each model's test table, rows as stored."""

    name: str
    folder: RunFolder
    results: Results
    tables: Mapping[str, ProbabilityTable]

    @cached_property
    def seeds(self) -> dict[str, list[ProbabilityTable]]:
        """Each model's test tables, one a seed, the first one's first; rows as stored."""
        results, folder = self.results, self.folder
        homes = {name: (entry, folder.member(name)) for name, entry in results.members.items()}
        made = {name: (e, folder.committee(name)) for name, e in results.committees.items()}
        return {
            name: [
                self.tables[name],
                *(load_table(home / f"seed-{each.seed}" / "test.npz") for each in entry.seeds[1:]),
            ]
            for name, (entry, home) in (homes | made).items()
        }

    @cached_property
    def score(self) -> ChoosingScore:
        """That its study chose by."""
        known, classes = self.results.score, self.classes
        if known is None or not self.by_score:
            return choosing_score("accuracy")
        asked = DecisionSettings.model_validate(self.study.get("decision", {})).score
        if isinstance(asked, str):
            return choosing_score(asked)
        # Which class is the one to find may follow from its training rows; its words name it.
        each = (asked.model_copy(update={"positive": name}) for name in classes)
        made = (choosing_score(one, classes) for one in each)
        return next(one for one in made if one.words == known.words)

    @property
    def by_score(self) -> dict[str, OnSplits[float]]:
        """Each model's figures by that score; empty where its results do not say them."""
        return {
            row.name: OnSplits(validation=row.validation_score, test=row.test_score)
            for row in self.results.ranking
            if row.validation_score is not None and row.test_score is not None
        }

    @property
    def fingerprint(self) -> str:
        """Of all its rows, in order."""
        return self.results.data.fingerprint

    @property
    def classes(self) -> tuple[str, ...]:
        return tuple(self.results.data.classes)

    @cached_property
    def study(self) -> dict[str, Any]:
        """The tables of its resolved study, as its results keep them: `study.toml` beside these may
        have been emptied or changed since, and would then speak of another study."""
        return tables_of(self.results.study.text)

    @property
    def data_settings(self) -> DataSettings:
        """What loads its rows again: never what it would have fallen back to, or from."""
        facts = self.results.data
        table = self.study.get("data", {}) | {"source": facts.used}
        table.pop("otherwise", None)
        if facts.fell_back:
            for key in ("image_size", "resize"):
                table.pop(key, None)
        try:
            return DataSettings(**table)
        except ValidationError as error:
            problem = error.errors()[0]
            place = ".".join(map(str, ("data", *problem["loc"])))
            raise DataError(f"{self.folder.results}: study: {place}: {problem['msg']}") from None


def stored_runs(paths: Sequence[Path]) -> list[StoredRun]:
    """The finished runs of these folders.

    Raises StudyError where they are not two folders of runs or more, DataError where a run is
    damaged or of another format.
    """
    resolved = [path.resolve() for path in paths]
    twice = next((path for path in paths if resolved.count(path.resolve()) > 1), None)
    if twice is not None:
        raise StudyError(f"{twice} is given twice; a run cannot be compared with itself")
    if len(paths) < 2:
        raise StudyError("give two run folders or more: vestry compare runs/one runs/other")
    return [stored_run(path, name) for path, name in zip(paths, _names_of(resolved), strict=True)]


def stored_run(path: Path, name: str) -> StoredRun:
    folder = RunFolder(path)
    if not folder.results.is_file():
        reason = (
            "the run has not been finished; `vestry run` goes on where it was"
            if folder.path.is_dir() and (folder.path / "tasks").is_dir()
            else "it holds no results.json"
        )
        raise StudyError(f"{path} is not the folder of a finished run: {reason}")
    results = read_results(folder.results)
    if own_results(folder.results) is None:
        raise StudyError(
            f"{path} is not the folder of a finished run: its results.json is not vestry's"
        )
    if results.data.image_shape is None:
        raise StudyError(
            f"{path} was judged from tables alone: it holds no model and knows no images; name the "
            "folder of a study's run (vestry run)"
        )
    places = {name: folder.member(name) for name in results.members}
    places |= {name: folder.committee(name) for name in results.committees}
    tables = {model: load_table(place / "test.npz") for model, place in places.items()}
    if not tables:
        raise StudyError(f"{path} has no model that was fitted; there is nothing to compare")
    return StoredRun(name, folder, results, tables)


def _names_of(paths: Sequence[Path]) -> list[str]:
    """The folders' own names, with as much of what lies above as tells them apart."""
    for depth in range(1, max(len(path.parts) for path in paths) + 1):
        names = ["/".join(path.parts[-depth:]) for path in paths]
        if len(set(names)) == len(names):
            return names
    raise ValueError("the same folder twice")


class RunData:
    """Loads runs' data, each set of rows once.

    places: where data is looked for. A relative path in a study starts from the study file's own
    folder, wherever this is asked: the run's marker knows it, even where the project was moved. The
    folder in `places` is the last that is tried.
    """

    def __init__(self, places: DataPaths, report: Progress | None = None) -> None:
        self.places = places
        self.report = report
        self.loaded: dict[str, Dataset] = {}

    def of(self, run: StoredRun) -> Dataset:
        """The rows that the run speaks of; raises DataError where they have changed since."""
        if run.fingerprint not in self.loaded:
            self.loaded[run.fingerprint] = self.load(run)
        return self.loaded[run.fingerprint]

    def load(self, run: StoredRun) -> Dataset:
        settings = run.data_settings
        bases = (
            [*study_folders(run), self.places.base]
            if _is_relative(settings)
            else [self.places.base]
        )
        missing: list[DataError] = []
        changed = False
        for base in dict.fromkeys(bases):
            try:
                dataset = load_dataset(settings, replace(self.places, base=base), self.report)
            except DataError as error:
                missing.append(error)
                continue
            if dataset.provenance.fingerprint == run.fingerprint:
                return dataset
            changed = True
        if changed:
            raise DataError(
                f"{settings.source} is no longer what {run.name} was run on (its rows, or how they "
                f"are split, have changed): run {run.name} again"
            )
        raise DataError(f"the data of {run.name} is needed again: {missing[0]}") from missing[0]


def _is_relative(settings: DataSettings) -> bool:
    """Whether where the data lies depends on where the study file does."""
    groups = settings.groups and settings.groups.file
    paths = (source_kind(settings.source)[1], settings.corrections, groups)
    return any(path and not expanded(Path(path)).is_absolute() for path in paths)


def study_folders(run: StoredRun) -> list[Path]:
    """Folders that the run's study file lies in, or lay in; the likeliest first."""
    marker = read_marker(run.folder.path)
    files = marker.places(run.folder.path) if marker else []
    if not files:
        said = study_files(run.results.study.file, run.folder.path)
        files = [*filter(is_file, said)]
    return [path.parent for path in files if is_folder(path.parent)]
