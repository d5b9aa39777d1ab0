"""One look at a source without a study: from its text to a page."""

import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from vestry.audit.exploration import Exploration, Report, explore
from vestry.audit.settings import ExplorationSettings
from vestry.audit.suggested import suggested_corrections
from vestry.data.class_checks import other_shares
from vestry.data.dataset import fingerprint
from vestry.data.image_set import ImageSet, Source
from vestry.data.paths import DataPaths
from vestry.data.reading import Reading
from vestry.data.sealed import SealedSet
from vestry.data.source import check_resizable, load_source, source_file, source_kind
from vestry.data.summary import files_record, save_thumbnails, shrink_note, split_summary
from vestry.errors import DataError, StudyError
from vestry.evaluation.shown_images import exploration_ids
from vestry.evaluation.vault import Vault
from vestry.pipeline.output_file import check_outside_runs
from vestry.pipeline.progress import Downloads
from vestry.pipeline.suggested_file import (
    SUGGESTED,
    TRACKS,
    check_unchanged,
    groups_file,
    suggested_file,
    write_suggested,
)
from vestry.report.exploration_page import write_exploration
from vestry.schema.base import FORMAT
from vestry.schema.data import Data, Samples
from vestry.schema.environment import Environment
from vestry.schema.exploration import ExplorationResults
from vestry.storage.marker import NAME, Marker, is_cut, read_marker
from vestry.storage.ownership import check_no_links, read_object
from vestry.storage.run_folder import (
    LOCK,
    is_new,
    locked,
    remove_leftovers,
    write_arrays,
    write_json,
)
from vestry.system.environment import environment
from vestry.system.parts import require

# Whose folder an exploration's folder is: a source takes a new one, or its own.


_OWN_NAMES = (
    NAME,
    "explore.json",
    "explore.html",
    "figures",
    "test_looks.jsonl",
    SUGGESTED,
    TRACKS,
)
_KEYS = {"title", "data", "exploration"}


def _title_of(source: str) -> str:
    return f"What is in {source}"


def _claimed(source: str, places: DataPaths, folder: Path) -> Marker:
    """The marker of a folder for the exploration of `source`."""
    return Marker.of("exploration", folder, _title_of(source), source_file(source, places))


def _check_folder(source: str, places: DataPaths, folder: Path, force: bool) -> None:
    """Raise StudyError unless the folder is new, empty or an exploration's of the same source.

    force: other files there, or another source's, may be replaced; what is explored never is.
    """
    if folder.is_symlink() and not folder.exists():
        raise StudyError(f"{folder} is a link that leads nowhere; give --out another folder")
    if folder.exists() and not folder.is_dir():
        raise StudyError(f"{folder} is a file; --out takes a folder")
    check_no_links(folder, (*_OWN_NAMES, LOCK))
    for name in _OWN_NAMES:
        check_outside_runs(folder / name, "--out")
    _check_input(source, places, folder)
    if not force and not is_new(folder):
        _check_owner(source, places, folder)
        check_unchanged(folder)


def _holds_only_ours(folder: Path) -> bool:
    return {path.name for path in folder.iterdir()} <= {*_OWN_NAMES, LOCK}


def _check_input(source: str, places: DataPaths, folder: Path) -> None:
    file, top = source_file(source, places), folder.resolve()
    read = file.resolve() if file else None
    if read is not None and (read == top or any(_inside(read, top / name) for name in _OWN_NAMES)):
        raise StudyError(f"{read} is what is explored; give --out another folder")


def _inside(path: Path, folder: Path) -> bool:
    return path == folder or path.is_relative_to(folder)


def _check_owner(source: str, places: DataPaths, folder: Path) -> None:
    title = _owner(folder)
    if title is None and is_cut(folder) and _holds_only_ours(folder):
        return
    if title is None:
        raise StudyError(
            f"{folder} holds other files; give --out an empty or new folder, or --force to replace "
            f"{', '.join(_OWN_NAMES)} there"
        )
    marker, asking = read_marker(folder), _claimed(source, places, folder)
    file = Path(asking.file)
    same = (
        title == asking.title
        if marker is None or not asking.file
        else (marker.is_of(file, title, folder) or marker.may_be_of(file, asking.title, folder))
    )
    if not same:
        raise StudyError(
            f"{folder} is of another source ({title}); give --out another folder, or --force to "
            "replace what is there"
        )


def _owner(folder: Path) -> str | None:
    """The title of the exploration that a folder holds; None where it is none of ours."""
    marker = read_marker(folder)
    if marker is not None:
        return marker.title if marker.kind == "exploration" else None
    found = read_object(folder / "explore.json")  # by a version that left no marker
    return str(found["title"]) if found is not None and set(found) >= _KEYS else None


_WHY = "vestry explore"


@dataclass(frozen=True)
class Explored:
    """What an exploration came to."""

    page: Path
    results: ExplorationResults


def default_folder(source: str) -> Path:
    """`explorations/NAME`, named after the source and the last part of its path."""
    kind, path = source_kind(source)
    name = re.sub(r"[^\w.-]+", "-", Path(path).stem).strip("-.") if path else ""
    return Path("explorations") / (name or kind.name)


def explore_source(
    text: str,
    places: DataPaths,
    folder: Path,
    settings: ExplorationSettings,
    cores: int,
    report: Report,
    reading: Reading | None = None,
    force: bool = False,
) -> Explored:
    """Look at all rows of the source `text` and write `folder`: explore.json, explore.html and
    the pictures that the page shows. cores: how many there are, for the record. reading:
    what the images of a `folder:` are resized to, and how. force: files that are not an
    exploration's may be replaced.

    Raises StudyError for an unknown source or a folder that holds something else, DataError where
    the data is missing, damaged or empty.
    """
    require("train", "exploring images")
    started = time.perf_counter()
    _check_folder(text, places, folder, force)
    source = _loaded(text, places, reading or Reading(), report)
    with locked(folder):
        _check_folder(text, places, folder, force)
        _claimed(text, places, folder).write(folder)
    sets = splits(source, Vault(places.looks, folder / "test_looks.jsonl"))
    for note in source.notes:
        report({"event": "note", "text": note})
    warnings = [*(source.files.warnings() if source.files else ()), *_uneven(sets)]
    for warning in warnings:
        report({"event": "warning", "text": warning})
    found = explore(sets, settings, report, source.files)
    corrections, lines = suggested_file(suggested_corrections(sets))
    groups, groups_text = groups_file(found.tracks)
    results = ExplorationResults(
        format=FORMAT,
        title=_title_of(text),
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        data=_data_facts(text, source, sets, warnings),
        exploration=found.results,
        corrections=corrections,
        groups=groups,
        environment=Environment.model_validate(environment(cores)),
        seconds={"total": time.perf_counter() - started},
    )
    report({"event": "stage", "text": "drawing the page"})
    with locked(folder):
        remove_leftovers(folder)
        _write_files(folder, sets, found, results)
        write_suggested(folder, {SUGGESTED: lines, TRACKS: groups_text})
        return Explored(write_exploration(folder), results)


def _loaded(text: str, places: DataPaths, reading: Reading, report: Report) -> Source:
    if reading.size is not None:
        check_resizable(text, "--image-size")
    if reading.way != "stretch":
        check_resizable(text, "--resize")
    report({"event": "stage", "text": f"loading {text}"})
    return load_source(text, places, Downloads(report), reading.size, resize=reading.way)


def splits(source: Source, vault: Vault) -> dict[str, ImageSet]:
    """The source's own rows by split; a split without rows is left out.

    Labels of test rows come through the vault, which writes the look down.
    """
    if not len(source.train):
        raise DataError(f"{source.name} holds no training rows; check what it was made from")
    sets = {part: rows for part, rows in source.parts.items() if len(rows)}
    if "test" in sets:
        sets["test"] = vault.open(SealedSet(sets["test"]), "explore", [], _WHY)
    return sets


def _uneven(sets: dict[str, ImageSet]) -> list[str]:
    """Warnings on splits whose classes have strongly other shares than those of training rows."""
    train = sets["train"]
    told = (
        other_shares(name, train.classes, rows.class_counts(), train.class_counts())
        for name, rows in sets.items()
    )
    return [text for text in told if text]


def _data_facts(text: str, source: Source, sets: dict[str, ImageSet], warnings: list[str]) -> Data:
    """What the page's section on the data says, in the shape that a run's results have."""
    return Data(
        asked=text,
        used=source.name,
        fell_back=None,
        licence=source.licence,
        notes=[*warnings, *source.notes, *shrink_note(source.train.image_shape)],
        files=files_record(source.files),
        fingerprint=fingerprint(sets),
        classes=list(source.train.classes),
        image_shape=source.train.image_shape,
        splits={name: split_summary(rows, "as the source has them") for name, rows in sets.items()},
        samples=Samples(seed=None, columns=1, ids=[], labels=[]),
    )


def _write_files(
    folder: Path, sets: dict[str, ImageSet], found: Exploration, results: ExplorationResults
) -> None:
    """The pictures, then `explore.json`, which speaks of them."""
    made = dict(zip(found.ids, found.images, strict=True))
    wanted = sorted(set(exploration_ids(results.exploration)))
    save_thumbnails(list(sets.values()), wanted, folder / "figures" / "images.npz", made)
    path = folder / "figures" / "exploration.npz"
    write_arrays(path, {"correlation": found.correlation})
    write_json(folder / "explore.json", results.as_json())
