"""`vestry.run`, `vestry.open`, `vestry.choose`, `vestry.try_`: from Python what commands do."""

import json
import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tomli_w
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel

from vestry.cli.options import display
from vestry.committees.committee_settings import CommitteeSettings
from vestry.data.paths import DataPaths
from vestry.errors import StudyError
from vestry.pipeline.engines import opened_engine
from vestry.pipeline.run_study import run_study
from vestry.pipeline.tryout.draft import file_for, source_from
from vestry.pipeline.tryout.try_source import Attempt, try_source
from vestry.python_api.finished_run import Run
from vestry.python_api.given_images import ARRAYS, IMAGES_FILE, given_images
from vestry.python_api.model_tables import model_table
from vestry.storage.own_files import OwnFiles
from vestry.storage.run_folder import RunFolder
from vestry.study.file import tables_of
from vestry.study.reader import read_study, study_of
from vestry.study.settings import Study, without_none
from vestry.system.platform_calls import available_cores

_LIST = "vestry-study.json"
_LEAST_MINUTES, _MOST_MINUTES = 0.5, 1440.0


def run(
    study: str | Path | Study,
    out: str | Path | None = None,
    *,
    source: Any = None,
    data: str | Path | None = None,
    set: Iterable[str] = (),
    cores: int | None = None,
    engine: str = "local",
    address: str | None = None,
    quiet: bool = False,
) -> Run:
    """Run a study file, or a Study, as `vestry run` does; what was finished before is found again.

    source: instead of the study's own, a source as a study names it, from the working folder; or a
    data set of Hugging Face's or torchvision's kind, or several by part ({"train": ..., "test":
    ...}), whose images are written beside the run, into OUT.study/.

    out: the run's folder, by default one named after the study below VESTRY_RUNS or `runs`; needed
    for a Study, whose file is written beside it. cores: by default VESTRY_CORES or all. set:
    "KEY=VALUE"s over the study's own. engine: "local", or "ray" for the nodes of the Ray cluster at
    `address`, by default RAY_ADDRESS or one that is started here. An interruption leaves what is
    done, and the same call goes on. Raises StudyError, DataError or MemberError.
    """
    if isinstance(study, Study):
        if out is None:
            raise StudyError("a Study has no file to be named after: give out=, its run folder")
        path, changes = _study_file(study, source, Path(out)), list(set)
    else:
        path = Path(study)
        out = Path(out) if out is not None else _runs() / path.stem
        changes = [*set, *_instead(source, out, path.parent)]
    file, folder = read_study(path, changes), Path(out)
    places = DataPaths.of(None if data is None else Path(data), path.parent)
    limit = _cores(cores) if engine == "local" else cores
    with display(quiet) as report, opened_engine(engine, address, limit) as doing:
        run_study(file, places, RunFolder(folder), doing.cores, report, doing)
    return Run(folder, data)


def open(folder: str | Path, data: str | Path | None = None) -> Run:
    """A finished run by its folder. Raises StudyError where there is none."""
    return Run(folder, data)


def try_(
    source: Any,
    minutes: float = 10.0,
    *,
    labels: ArrayLike | None = None,
    study: str | Path | None = None,
    out: str | Path | None = None,
    data: str | Path | None = None,
    cores: int | None = None,
    quiet: bool = False,
) -> Run:
    """Find out which model suits some images in that time, as `vestry try` does.

    source: as a study names it; or a data set of Hugging Face's or torchvision's kind, or several
    by part; or (n, height, width[, 3]) images as an array, with their labels (n,). What is no
    source is written beside the run, into OUT.study/.
    study: the study file to write, by default one named after the source; out: the run's folder.
    Raises StudyError where the file is there already or for minutes that the command does not take
    either, DataError where the images are not right.
    """
    if not _LEAST_MINUTES <= minutes <= _MOST_MINUTES:
        raise StudyError(f"minutes={minutes}: give {_LEAST_MINUTES:g} to {_MOST_MINUTES:g}")
    named = str(source) if isinstance(source, str | Path) else ARRAYS
    file = Path(study) if study is not None else file_for(named, Path())
    folder = Path(out) if out is not None else _runs() / file.stem
    text = named if labels is None and named != ARRAYS else _source(source, labels, folder, Path())
    places = DataPaths.of(None if data is None else Path(data), Path())
    attempt = Attempt(text, 60.0 * minutes, file, RunFolder(folder), places, _cores(cores))
    with display(quiet) as report:
        try_source(attempt, report)
    return Run(folder, data)


def choose(
    images: ArrayLike | str | Path,
    labels: ArrayLike | None,
    models: Mapping[str, Any],
    X_test: ArrayLike | None = None,  # noqa: N803 - scikit-learn's words
    y_test: ArrayLike | None = None,
    *,
    out: str | Path | None = None,
    title: str | None = None,
    committees: Iterable[CommitteeSettings | Mapping[str, Any]] = (),
    cores: int | None = None,
    quiet: bool = False,
    **tables: Mapping[str, Any],
) -> Run:
    """Fit models on these images, compare them and recommend one: a study made in Python.

    images: (n, height, width[, 3]) bytes or floats, with their labels (n,), numbers or text; or a
    source as a study names it (a folder, "digits"), with None as labels; or, so too, a data set of
    Hugging Face's or torchvision's kind (X_test may be another), or several by part.
    models: by name, a scikit-learn estimator, a `vestry.Network`, or the table that stands in a
    study file.
    X_test, y_test: test rows; without them a part of the others is held back. tables: further
    tables of the study, such as `data={"validation": {"folds": 5}}` or `decision={...}`.

    Images and study are written beside the run, as OUT.study/, so that `vestry run` runs it
    again. Raises StudyError, one line a problem, before anything is fitted.
    """
    folder = Path(out) if out is not None else _runs() / "choice"
    count = _cores(cores)
    source, arrays = given_images(images, labels, X_test, y_test, _home(folder))
    study: dict[str, Any] = {key: dict(table) for key, table in tables.items()}
    study["title"] = title or f"Which of {len(models)} models?"
    study["data"] = {"source": source} | study.get("data", {})
    study["model"] = [model_table(name, model) for name, model in models.items()]
    study["committee"] = [_plain(each) for each in committees]
    study = without_none({key: part for key, part in study.items() if part != []})
    text = tomli_w.dumps(study)
    study_of(tables_of(text), "vestry.choose")  # before anything is written
    path = _written(folder, text, arrays)
    places = DataPaths.of(None, path.parent)
    with display(quiet) as report:
        run_study(read_study(path), places, RunFolder(folder), count, report)
    return Run(folder)


def _runs() -> Path:
    """Where run folders go, as for the command."""
    return Path(os.environ.get("VESTRY_RUNS") or "runs")


def _cores(given: int | None) -> int:
    """As the option has them: a number, else the environment's, else all there are."""
    said = given if given is not None else os.environ.get("VESTRY_CORES") or available_cores()
    if not str(said).isdigit() or int(said) < 1:
        raise StudyError(f"cores: {said!r}; give a whole number, 1 or more")
    return int(said)


def _from_there(study: Study, home: Path) -> Study:
    """A study whose paths start where the caller stands, with paths from its file's folder."""
    sources = {
        key: source_from(named, home)
        for key in ("source", "otherwise")
        if (named := getattr(study.data, key))
    }
    return study.model_copy(update={"data": study.data.model_copy(update=sources)})


def _plain(settings: BaseModel | Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(settings, Mapping):
        return dict(settings)
    return settings.model_dump(mode="json", exclude_unset=True)


def _home(out: Path) -> Path:
    """Where the study of a run is written: beside its folder, which is the run's alone."""
    return out.parent / f"{out.name}.study"


def _study_file(study: Study, source: Any, out: Path) -> Path:
    """Written beside the run, with the images of `source` where those are no files."""
    here, arrays = _from_there(study, _home(out)), None
    if source is not None:
        named, arrays = given_images(source, None, None, None, _home(out))
        here = here.model_copy(update={"data": here.data.model_copy(update={"source": named})})
    return _written(out, here.to_toml(), arrays)


def _instead(source: Any, out: Path, folder: Path) -> list[str]:
    """The key that a study file in `folder` is to have instead of its own."""
    if source is None:
        return []
    return [f"data.source={json.dumps(_source(source, None, out, folder), ensure_ascii=False)}"]


def _source(given: Any, labels: Any, out: Path, folder: Path) -> str:
    """What a study in `folder` calls these images, which are written where they are no source."""
    named, arrays = given_images(given, labels, None, None, folder)
    if not arrays:
        return named
    files = OwnFiles(_home(out), _LIST, _home(out).name)
    content = {IMAGES_FILE: _npz(arrays)}
    files.check(content, False, "out")
    files.write(content)
    return source_from(f"npz:{_home(out) / IMAGES_FILE}", folder)


def _written(out: Path, text: str, arrays: Mapping[str, NDArray[Any]] | None = None) -> Path:
    """The study file, written with its images; only what an earlier call wrote is replaced."""
    home = _home(out)
    files = OwnFiles(home, _LIST, home.name)
    name = f"{out.name}.toml"
    wanted = {name: text.encode()} | ({IMAGES_FILE: _npz(arrays)} if arrays else {})
    files.check(wanted, False, "out")
    files.write(wanted)
    return home / name


def _npz(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    with tempfile.TemporaryFile() as file:
        np.savez(file, allow_pickle=False, **arrays)
        file.seek(0)
        return file.read()
