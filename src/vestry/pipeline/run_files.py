"""A run's own files, written when everything is compared."""

import contextlib
import functools
import os
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vestry.data.dataset import Dataset
from vestry.data.sealed import Rows
from vestry.data.split_record import split_record
from vestry.data.summary import Pictures, read_pictures, save_thumbnails
from vestry.evaluation.shown_images import shown_ids
from vestry.members.kinds import KINDS
from vestry.pipeline.planned_model import PlannedModel
from vestry.pipeline.tasks.audit import Explored
from vestry.predictions.table import ProbabilityTable, Split, load_table
from vestry.schema.results import ComparisonResults, Results
from vestry.storage.ownership import has_own_card
from vestry.storage.run_folder import RunFolder, atomic_path, write_json, write_text
from vestry.study.reader import StudyFile

# Folders in which a run shows tasks' files under names that people look for.


_CARD = "card.json"
_OWN_FILE = (
    r"card\.json|(validation(_epochs|_trials)?|test|held_out|out_of_fold|fitted|pictures)\.npz"
    r"|history\.csv"
    r"|weights\.safetensors|model\.onnx|trials\.jsonl"
)
OWN_FOLDER = re.compile(r"seed-\d+|fold-\d+|images-\d+|search")


@functools.cache
def own_file() -> re.Pattern[str]:
    """Names of files in a model's folder that a run writes, and may take away again."""
    of_kinds = (kind.files for kind in KINDS.values())
    return re.compile("|".join([_OWN_FILE, *filter(None, of_kinds)]))


def _link_folder(source: Path, target: Path) -> None:
    """Show the files of `source` in `target` too, as hard links or, where that fails, as copies.

    The card comes last, so that a target with a card is whole.
    """
    target.mkdir(parents=True, exist_ok=True)
    names = sorted((p.name for p in source.iterdir() if p.is_file()), key=lambda n: n == _CARD)
    for stale in _own_files(target):
        if stale.name not in names:
            stale.unlink()
    for name in names:
        with atomic_path(target / name) as temporary:
            temporary.unlink()
            try:
                os.link(source / name, temporary)
            except OSError:
                shutil.copy2(source / name, temporary)


def remove_models(folder: Path, names: Iterable[str]) -> None:
    """Remove folders of models that the study no longer has; their tasks are kept."""
    kept = set(names)
    for path in _folders_in(folder):
        if path.name not in kept and has_own_card(path):
            _remove_made(path)


def remove_fits(home: Path, names: Iterable[str]) -> None:
    """Remove folders of fits, in a model's own folder, that the study no longer has."""
    kept = set(names)
    for path in _folders_in(home):
        if path.name not in kept and OWN_FOLDER.fullmatch(path.name):
            _remove_made(path)


def _remove_made(folder: Path) -> bool:
    """Remove what a run has put into `folder`, and the folder where nothing else is left in it.

    Gives whether there was anything.
    """
    inner = [path for path in _folders_in(folder) if OWN_FOLDER.fullmatch(path.name)]
    removed = [_remove_made(path) for path in inner]
    found = any(removed) or has_own_card(folder)
    if has_own_card(folder):
        for path in sorted(_own_files(folder), key=lambda path: path.name == _CARD):
            path.unlink()
    if found:
        with contextlib.suppress(OSError):  # what is not ours keeps it
            folder.rmdir()
    return found


def published_files(run: RunFolder, results: ComparisonResults) -> list[str]:
    """What the run shows of its members and committees, as seen from its folder."""
    homes = [run.member(name) for name in results.members]
    homes += [run.committee(name) for name in results.committees]
    found = (path for home in homes for path in _made_files(home))
    return sorted(path.relative_to(run.path).as_posix() for path in found)


def _made_files(folder: Path) -> Iterator[Path]:
    yield from _own_files(folder)
    for inner in _folders_in(folder):
        if OWN_FOLDER.fullmatch(inner.name):
            yield from _made_files(inner)


def _folders_in(folder: Path) -> list[Path]:
    inner = folder.iterdir() if folder.is_dir() else ()
    return [path for path in inner if path.is_dir() and not path.is_symlink()]


def _own_files(folder: Path) -> list[Path]:
    return [
        path
        for path in folder.iterdir()
        if own_file().fullmatch(path.name) and path.is_file() and not path.is_symlink()
    ]


# A member's folder in the run: the files of its fits, under names that people look for.


_PICTURES = "pictures.npz"
SPLITS: tuple[Split, ...] = ("validation", "test")
Tables = dict[Split, ProbabilityTable]


def publish(member: PlannedModel, run: RunFolder) -> dict[Path, Path]:
    """The first seed's files in the member's folder, those of other fits in folders below it.

    Returns where each finished task's files now stand, by the task's folder.
    """
    home = run.member(member.name)
    below = {
        **{f"seed-{seed}": task for seed, task in member.tasks.items()},
        **{f"fold-{number}": task for number, task in enumerate(member.folds, 1)},
        **{
            f"images-{size}/seed-{seed}": task
            for size, tasks in member.sizes.items()
            for seed, task in tasks.items()
        },
    }
    places: dict[Path, Path] = {}
    for name, task in below.items():
        if task.is_done and task.folder not in places:
            places[task.folder] = home / name if places else home
    for folder, place in places.items():
        _link_folder(folder, place)
        _rename_maker(place, member.name)
    if member.search:
        _link_folder(member.search.folder, home / "search")
    kept = {place.relative_to(home).parts[0] for place in places.values() if place != home}
    remove_fits(home, kept | ({"search"} if member.search else set()))
    return places


def _rename_maker(folder: Path, name: str) -> None:
    """Write the tables anew where the study has renamed their model since they were made."""
    for path in [folder / f"{table}.npz" for table in (*SPLITS, "held_out", "fitted")]:
        table = load_table(path) if path.is_file() else None
        if table is not None and table.maker != name:
            replace(table, maker=name).save(path)


def load_tables(folder: Path) -> Tables:
    return {split: load_table(folder / f"{split}.npz") for split in SPLITS}


def tables_by_size(model: PlannedModel, places: Mapping[Path, Path]) -> dict[int, list[Tables]]:
    """Every seed's tables at each number of training images that came to something."""
    done = {
        size: [places[task.folder] for task in tasks.values() if task.folder in places]
        for size, tasks in model.sizes.items()
    }
    return {
        size: [load_tables(folder) for folder in folders]
        for size, folders in done.items()
        if folders
    }


def own_picture(member: str, picture: str) -> str:
    """A fit knows no names, so its pictures get their member's here: "augmented/Net/07"."""
    kind, _, number = picture.partition("/")
    return f"{kind}/{member}/{number}"


def write_run(
    file: StudyFile,
    dataset: Dataset,
    run: RunFolder,
    results: Results,
    explored: Explored | None,
    altered: Pictures,
) -> None:
    """Write the run's own files; `results.json`, which speaks of all of them, comes last.

    altered: the pictures of the altered image, by their ids.
    """
    write_text(run.study, file.study.to_toml())
    write_json(run.environment, results.environment.as_json())
    write_json(run.split, split_record(dataset))
    wanted = shown_ids(results)
    rows: list[Rows] = [dataset.training, dataset.validation, dataset.test]
    made = {**_made_pictures(run, results), **altered, **(explored.pictures if explored else {})}
    save_thumbnails(rows, wanted, run.images, made)
    _save_correlation(explored, run)
    write_json(run.results, results.as_json())


def _save_correlation(explored: Explored | None, run: RunFolder) -> None:
    """Show the exploration's matrix among the run's figures, or remove one that was left there."""
    if explored is None:
        run.exploration.unlink(missing_ok=True)
        return
    with atomic_path(run.exploration) as temporary:
        shutil.copyfile(explored.correlation, temporary)


def _made_pictures(run: RunFolder, results: Results) -> dict[str, NDArray[np.uint8]]:
    """Pictures that are no rows of the data: augmented variants, by the ids in the results."""
    return {
        own_picture(name, picture): image
        for name in results.members
        for picture, image in read_pictures(run.member(name) / _PICTURES).items()
    }
