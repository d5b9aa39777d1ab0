"""A member's folder in the run: the files of its fits, under names that people look for."""

from dataclasses import replace
from pathlib import Path

from vestry.member_tasks import PlannedMember
from vestry.predictions.table import ProbabilityTable, Split, load_table
from vestry.results.published_folders import link_folder, remove_fits
from vestry.run_folder import RunFolder

PICTURES = "pictures.npz"
SPLITS: tuple[Split, ...] = ("validation", "test")
Tables = dict[Split, ProbabilityTable]


def publish(member: PlannedMember, run: RunFolder) -> dict[Path, Path]:
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
        link_folder(folder, place)
        rename_maker(place, member.name)
    if member.search:
        link_folder(member.search.folder, home / "search")
    kept = {place.relative_to(home).parts[0] for place in places.values() if place != home}
    remove_fits(home, kept | ({"search"} if member.search else set()))
    return places


def rename_maker(folder: Path, name: str) -> None:
    """Write the tables anew where the study has renamed their maker since they were made."""
    for path in [folder / f"{table}.npz" for table in (*SPLITS, "held_out")]:
        table = load_table(path) if path.is_file() else None
        if table is not None and table.maker != name:
            replace(table, maker=name).save(path)


def load_tables(folder: Path) -> Tables:
    return {split: load_table(folder / f"{split}.npz") for split in SPLITS}


def own_picture(member: str, picture: str) -> str:
    """A fit knows no names, so its pictures get their member's here: "augmented/Net/07"."""
    kind, _, number = picture.partition("/")
    return f"{kind}/{member}/{number}"
