"""From a study file to a study; what is wrong with it is found before any work starts."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from vestry.committees.committee_settings import CommitteeSettings
from vestry.data.paths import DataPaths
from vestry.data.source import source_file
from vestry.errors import StudyError, did_you_mean
from vestry.members.kinds import KINDS
from vestry.members.model_paths import ModelPaths
from vestry.members.networks.recipes import is_recipe_key, written_out
from vestry.members.networks.settings import ImageTrainingSettings
from vestry.search.space import found, substituted, variations
from vestry.storage.names import same_folder
from vestry.storage.run_folder import RunFolder
from vestry.study.entries import CommonEntry, ModelEntry, SearchedEntry, entry_type, kinds_in
from vestry.study.file import override, read_toml
from vestry.study.problems import lines_of
from vestry.study.score_of_fits import following_the_score
from vestry.study.settings import Study
from vestry.study.teachers import teacher_problems

_NAMING_KEYS = {"pair": ("without", "with"), "claim": ("model", "maker", "below", "above", "best")}


@dataclass(frozen=True)
class StudyFile:
    """A study and the file that it was read from."""

    path: Path
    study: Study


def read_study(path: Path, assignments: Iterable[str] = ()) -> StudyFile:
    """Read and check a study file; `assignments` are `--set KEY=VALUE`s.

    Raises StudyError, one line a problem.
    """
    return StudyFile(path, study_of(override(read_toml(path), assignments, _takes), str(path)))


def study_of(tables: dict[str, Any], place: str) -> Study:
    """The study that these tables make; `place`, where they stand, heads what is wrong with them.

    Raises StudyError, one line a problem.
    """
    tables = _with_recipes(tables, place)
    # Before models are made of the tables: what they leave out is then the score's to say.
    tables = following_the_score(tables)
    problems = [f"{place}: {line}" for line in _problems_of(tables)]
    if problems:
        raise StudyError("\n".join(problems))
    models = [_entry_of(_model_table(tables, entry)) for entry in tables["member"]]
    try:
        return Study(**(tables | {"member": models}))
    except ValidationError as error:  # what a model and the rest of the study make of each other
        lines = lines_of(error, Study, "study", skip="")
        raise StudyError("\n".join(f"{place}: {line}" for line in lines)) from None


def _with_recipes(tables: dict[str, Any], place: str) -> dict[str, Any]:
    """With the settings of each model's recipe written out; raises StudyError."""
    models = tables.get("member")
    if not isinstance(models, list):
        return tables
    made: list[Any] = []
    for number, entry in enumerate(models, 1):
        try:
            made.append(written_out(entry) if isinstance(entry, dict) else entry)
        except StudyError as error:
            name = entry.get("name", "no name")
            raise StudyError(f"{place}: model {number} ({name}): {error}") from None
    return tables | {"member": made}


def studies_before(file: StudyFile, above: tuple[Path, ...] = ()) -> list[Path]:
    """The files that `after` names; StudyError where a study would have to wait for itself."""
    here = (*above, file.path.resolve())
    paths = [file.path.parent / name for name in file.study.after]
    for path in paths:
        if path.resolve() in here:
            raise StudyError(f"{file.path}: `after` leads back to {path}; a study cannot follow it")
        studies_before(read_study(path), here)
    return paths


def model_of(table: dict[str, Any]) -> CommonEntry:
    """The entry that a `[[model]]` with these keys makes; StudyError, one line a problem."""
    table = written_out(table)
    if lines := _model_problems({}, table, f"model {table.get('name', '(no name)')}"):
        raise StudyError("\n".join(lines))
    return _entry_of(table)


def _entry_of(table: dict[str, Any]) -> CommonEntry:
    return SearchedEntry(**table) if "search" in table else entry_type(kinds_in(table)[0])(**table)


def _takes(entry: dict[str, Any], key: str) -> bool:
    """Whether a model or committee of this kind has a key of that name."""
    if is_recipe_key(entry, key):
        return True
    models: list[type[BaseModel]] = [entry_type(kind) for kind in kinds_in(written_out(entry))]
    models += [SearchedEntry] if "search" in entry else []
    if not models:
        return key in CommitteeSettings.known_keys()
    return any(key in model.model_fields for model in models)


def _problems_of(tables: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a study's tables, one line each."""
    if endless := list(_not_finite(tables)):
        return endless
    models = tables.get("member")
    if not (isinstance(models, list) and models and all(isinstance(m, dict) for m in models)):
        return ["there is no [[model]]; a study compares at least one"]
    lines = _checked(ImageTrainingSettings, tables.get("training", {}), "[training]")
    if lines:
        return lines
    for number, entry in enumerate(models, 1):
        lines += _model_problems(tables, entry, f"model {number} ({entry.get('name', 'no name')})")
    committees = tables.get("committee", [])
    lines += _checked(Study, tables | {"member": [{}], "training": {}}, "study", skip="member")
    lines = lines or _name_problems(models, committees) + _reference_problems(tables)
    whole = [_model_table(tables, entry) for entry in models]
    return lines or teacher_problems(tables | {"member": whole})


def _not_finite(value: Any, place: str = "") -> Iterator[str]:
    """What is no finite number, anywhere: nothing of a study, a result or a card can be one."""
    if isinstance(value, float) and not math.isfinite(value):
        yield f"{place}: {value} is no finite number; give one, or leave the key out"
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, list):
        parts = ((_named(number, part), part) for number, part in enumerate(value, 1))
    for key, part in parts:
        yield from _not_finite(part, f"{place}.{key}" if place else str(key))


def _named(number: int, entry: Any) -> str:
    """A table in a list by its name, as `--set` has it; else by its place."""
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else str(number)


def _model_problems(tables: dict[str, Any], entry: dict[str, Any], place: str) -> list[str]:
    kinds = kinds_in(entry)
    if len(kinds) > 1:
        keys = " and ".join(f"`{kind.name}`" for kind in kinds)
        return [f"{place}: it has {keys}; one says its kind"]
    if not kinds:
        near = (did_you_mean(key, KINDS) for key in entry)
        hint = next((text for text in near if "mean" in text), "")
        return [f"{place}: it needs one of {', '.join(f'`{name}`' for name in KINDS)}{hint}"]
    table = _model_table(tables, entry)
    if kinds[0].is_finished and ("search" in table or any(found(table))):
        return [f"{place}: nothing can be searched for: the model in the file is finished"]
    if "search" in table:
        return _search_problems(table, place)
    for key, _ in found(table):
        return [f"{place}: `{key}` is to be found, but how? add search = {{ trials = 20 }}"]
    return _checked(entry_type(kinds[0]), table, place)


def _search_problems(table: dict[str, Any], place: str) -> list[str]:
    """What is wrong with a search, or with the model that some of its values would make."""
    common = {key: value for key, value in table.items() if key in SearchedEntry.model_fields}
    lines = _checked(SearchedEntry, common, place)
    entry = None if lines else SearchedEntry(**table)
    if entry is None:
        return lines
    try:
        space = entry.space
    except ValidationError as error:
        return [f"{place}: {problem['msg']}" for problem in error.errors()]
    if not space:
        return [f"{place}: nothing to search for; give a value as {{ choose = [...] }}"]
    common.pop("search")
    for values in variations(space):
        whole = common | substituted(entry.table, values)
        lines += _checked(entry_type(entry.model_kind), whole, place)
    return list(dict.fromkeys(lines))


def _model_table(tables: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    """The model's own keys over the study's defaults."""
    known = {key for kind in kinds_in(entry) if kind.is_trained for key in kind.trained_by(entry)}
    defaults = tables.get("training", {})
    return {key: value for key, value in defaults.items() if key in known} | entry


def _checked(model: type[BaseModel], table: Any, place: str, skip: str = "") -> list[str]:
    if not isinstance(table, dict):
        return [f"{place}: a table is needed, not {table!r}"]
    try:
        model(**table)
    except ValidationError as error:
        return lines_of(error, model, place, skip)
    return []


def _reference_problems(tables: dict[str, Any]) -> list[str]:
    """Pairs and claims that name a model or committee which the study does not have."""
    known = [entry["name"] for kind in ("member", "committee") for entry in tables.get(kind, [])]
    return [
        f"{kind} {number} names {entry[key]!r}, which nobody defines"
        f"{did_you_mean(entry[key], known)}"
        for kind, keys in _NAMING_KEYS.items()
        for number, entry in enumerate(tables.get(kind, []), 1)
        for key in keys
        if key in entry and entry[key] not in known
    ]


def _name_problems(models: list[dict[str, Any]], committees: list[dict[str, Any]]) -> list[str]:
    names = list(dict.fromkeys(model["name"] for model in models))
    known = [model["name"] for model in models] + [committee["name"] for committee in committees]
    lines = [
        f"the name {name!r} is given {known.count(name)} times; each model needs its own"
        for name in dict.fromkeys(known)
        if known.count(name) > 1
    ]
    lines += _same_folder_problems(list(dict.fromkeys(known)))
    for committee in committees:
        lines += [
            f"committee {committee['name']!r} names the model {name!r}, which nobody defines"
            f"{did_you_mean(name, names)}"
            for name in committee["members"]
            if name not in names
        ]
    return lines


def _same_folder_problems(names: list[str]) -> list[str]:
    """Names that differ in case or in how a letter is coded only: one would overwrite the other's
    files on a disk that does not tell them apart."""
    first: dict[str, str] = {}
    return [
        f"the names {first[same_folder(name)]!r} and {name!r} are one folder on disks that do not "
        "tell upper from lower case; give one of them another name"
        for name in names
        if first.setdefault(same_folder(name), name) != name
    ]


# What a study reads from the user's disk: none of it may ever be written over.


def study_inputs(file: StudyFile, places: DataPaths, run: RunFolder) -> list[Path]:
    """The study file, its data, and the models and weights that its models start from, without
    links."""
    study = file.study
    sources = filter(None, [study.data.source, study.data.otherwise])
    data = [path for path in (source_file(text, places) for text in sources) if path]
    if study.data.corrections is not None:
        data.append(places.path(study.data.corrections))
    if study.data.groups is not None and study.data.groups.file is not None:
        data.append(places.path(study.data.groups.file))
    paths = ModelPaths.of(places, run.path)
    models = [
        path for entry in study.models for path in entry.model_kind.inputs(_table(entry), paths)
    ]
    return [path.resolve() for path in (file.path, *data, *models)]


def _table(entry: ModelEntry | SearchedEntry) -> dict[str, Any]:
    return entry.table if isinstance(entry, SearchedEntry) else entry.model_dump()
