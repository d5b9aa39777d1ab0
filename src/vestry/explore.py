"""One look at a source without a study: from its text to a page."""

import json
import re
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from vestry.data.class_checks import other_shares
from vestry.data.dataset import fingerprint
from vestry.data.image_set import ImageSet, Source
from vestry.data.places import Places
from vestry.data.sealed import SealedSet
from vestry.data.source import load_source, source_kind
from vestry.data.summary import split_summary
from vestry.data.thumbnails import save_thumbnails, shrink_note
from vestry.environment import environment
from vestry.errors import DataError, StudyError
from vestry.evaluation.shown_images import exploration_ids
from vestry.evaluation.vault import Vault
from vestry.exploration.exploration import Exploration, Report, explore
from vestry.exploration.settings import ExplorationSettings
from vestry.explore_claim import check_folder, claimed, title_of
from vestry.progress import downloads
from vestry.report.exploration_page import write_exploration
from vestry.report.numbers import NARROW_SPACE
from vestry.report.sentences import dataset as dataset_sentences
from vestry.report.sentences import exploration as sentences
from vestry.report.sentences import findings
from vestry.run_folder import locked, remove_leftovers, write_arrays, write_json

FORMAT = 1
WHY = "vestry explore"


@dataclass(frozen=True)
class Explored:
    """What an exploration came to."""

    page: Path
    results: dict[str, Any]


def default_folder(source: str) -> Path:
    """`explorations/NAME`, named after the source and the last part of its path."""
    kind, path = source_kind(source)
    name = re.sub(r"[^\w.-]+", "-", Path(path).stem).strip("-.") if path else ""
    return Path("explorations") / (name or kind)


def explore_source(
    text: str,
    places: Places,
    folder: Path,
    settings: ExplorationSettings,
    cores: int,
    report: Report,
    image_size: tuple[int, int] | None = None,
    force: bool = False,
) -> Explored:
    """Look at all rows of the source `text` and write `folder`: explore.json, explore.html and
    the pictures that the page shows. cores: how many there are, for the record. image_size:
    (height, width) that the images of a `folder:` are resized to. force: files that are not an
    exploration's may be replaced.

    Raises StudyError for an unknown source or a folder that holds something else, DataError where
    the data is missing, damaged or empty.
    """
    started = time.perf_counter()
    check_folder(text, places, folder, force)
    check_resizable(text, image_size)
    report({"event": "stage", "text": f"loading {text}"})
    source = load_source(text, places, downloads(report), image_size)
    with locked(folder):
        check_folder(text, places, folder, force)
        claimed(text, places, folder).write(folder)
    sets = splits(source, Vault(places.looks, folder / "test_looks.jsonl"))
    for note in source.notes:
        report({"event": "note", "text": note})
    warnings = [*(source.files.warnings() if source.files else ()), *uneven(sets)]
    for warning in warnings:
        report({"event": "warning", "text": warning})
    found = explore(sets, settings, report, source.files)
    results = {
        "format": FORMAT,
        "title": title_of(text),
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": data_facts(text, source, sets, warnings),
        "exploration": found.results,
        "environment": environment(cores),
        "seconds": {"total": time.perf_counter() - started},
    }
    report({"event": "stage", "text": "drawing the page"})
    with locked(folder):
        remove_leftovers(folder)
        write_files(folder, sets, found, results)
        return Explored(write_exploration(folder), results)


def summary_text(explored: Explored, as_json: bool) -> str:
    """What was found: a line a finding, and the page's path on the last line; or all as JSON."""
    found = explored.results["exploration"]
    if as_json:
        kept = {key: explored.results[key] for key in ("title", "data")}
        audit = {key: found[key] for key in ("findings", "notes", "overlap")}
        return json.dumps(kept | audit | {"page": str(explored.page)}, ensure_ascii=False)
    classes = explored.results["data"]["classes"]
    lines = [explored.results["title"], dataset_sentences.size(explored.results["data"]), ""]
    for finding in found["findings"]:
        if finding["count"]:
            word = findings.SEVERITY_WORDS[finding["severity"]].lower()
            lines.append(f"{word + ':':<8} {findings.sentence(finding, classes)}")
    nothing = [findings.title(entry) for entry in found["findings"] if not entry["count"]]
    lines.append(f"looked for and not found: {'; '.join(nothing) or 'nothing'}")
    if found["overlap"]:
        lines += ["", sentences.overlap(found["overlap"], classes)]
    text = "\n".join([*lines, *found["notes"], "", str(explored.page)])
    return text.replace(NARROW_SPACE, ",")


def check_resizable(text: str, image_size: tuple[int, int] | None) -> None:
    """Only a folder's images can be resized, as in a study."""
    if image_size is not None and source_kind(text)[0] != "folder":
        raise StudyError(f"--image-size resizes a folder: source; {text} has one size")


def splits(source: Source, vault: Vault) -> dict[str, ImageSet]:
    """The source's own rows by split; a split without rows is left out.

    Labels of test rows come through the vault, which writes the look down.
    """
    if not len(source.train):
        raise DataError(f"{source.name} holds no training rows; check what it was made from")
    sets = {part: rows for part, rows in source.parts.items() if len(rows)}
    if "test" in sets:
        sets["test"] = vault.open(SealedSet(sets["test"]), "explore", [], WHY)
    return sets


def uneven(sets: dict[str, ImageSet]) -> list[str]:
    """Warnings on splits whose classes have strongly other shares than those of training rows."""
    train = sets["train"]
    told = (
        other_shares(name, train.classes, rows.class_counts(), train.class_counts())
        for name, rows in sets.items()
    )
    return [text for text in told if text]


def data_facts(
    text: str, source: Source, sets: dict[str, ImageSet], warnings: list[str]
) -> dict[str, Any]:
    """What the page's section on the data says, in the shape that a run's results have."""
    return {
        "asked": text,
        "used": source.name,
        "fell_back": None,
        "licence": source.licence,
        "notes": [*warnings, *source.notes, *shrink_note(source.train.image_shape)],
        "files": source.files and source.files.as_dict(),
        "fingerprint": fingerprint(sets),
        "classes": list(source.train.classes),
        "image_shape": list(source.train.image_shape),
        "splits": {
            name: split_summary(rows) | {"rule": "as the source has them"}
            for name, rows in sets.items()
        },
        "samples": {"seed": None, "columns": 1, "ids": [], "labels": []},
    }


def write_files(
    folder: Path, sets: dict[str, ImageSet], found: Exploration, results: dict[str, Any]
) -> None:
    """The pictures, then `explore.json`, which speaks of them."""
    made = dict(zip(found.ids, found.images, strict=True))
    wanted = sorted(set(exploration_ids(results)))
    save_thumbnails(list(sets.values()), wanted, folder / "figures" / "images.npz", made)
    path = folder / "figures" / "exploration.npz"
    write_arrays(path, {"correlation": found.correlation})
    write_json(folder / "explore.json", results)
