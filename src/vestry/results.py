"""From finished tasks to the makers' part of `results.json`, and to their folders in the run."""

import csv
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from vestry.committees.committee import Committee, CommitteeSettings
from vestry.engine.task import Outcome
from vestry.errors import VestryError, one_line
from vestry.evaluation.comparison import evaluate, mean_of_members, over_seeds, scored
from vestry.member_tasks import PlannedMember
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable, Split, load_table
from vestry.run_folder import RunFolder, link_folder, read_json, write_json

CARD_KEYS = (
    "kind",
    "definition",
    "parameters",
    "trainable_parameters",
    "fit_seconds",
    "training",
    "fitted_on",
    "warnings",
    "notes",
    "stored",
)
Truths = Mapping[str, Labels]
Tables = dict[Split, ProbabilityTable]
SPLITS: tuple[Split, ...] = ("validation", "test")


@dataclass
class Makers:
    """Members or committees: their results and tables by name, and what came to nothing."""

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, Tables] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, results: dict[str, Any], tables: Tables) -> None:
        self.results[name], self.tables[name] = results, tables

    def fail(self, name: str, reason: str, seed: int | None = None, details: str = "") -> None:
        self.failures.append({"name": name, "seed": seed, "reason": reason, "details": details})


def fitted_makers(
    planned: list[PlannedMember], failed: Mapping[str, Outcome], run: RunFolder, truths: Truths
) -> Makers:
    """Every fitted member's results; its folder in the run shows its tasks' files."""
    makers = Makers()
    for member in planned:
        done = {seed: task for seed, task in member.tasks.items() if task.is_done}
        for seed, task in member.tasks.items():
            if seed not in done:
                outcome = failed[task.folder.name]
                makers.fail(member.name, str(outcome.reason), seed, outcome.details)
        if done:
            folders = {seed: task.folder for seed, task in done.items()}
            add_member(makers, member, publish(member.name, folders, run), truths)
    remove_others(run.path / "members", set(makers.results))
    return makers


def publish(name: str, folders: dict[int, Path], run: RunFolder) -> dict[int, Path]:
    """The first seed's files in the member's folder, the others' in `seed-<n>` below it.

    Returns where each seed's files now stand.
    """
    first, *others = folders
    places = {first: run.member(name)}
    places |= {seed: run.member(name) / f"seed-{seed}" for seed in others}
    for seed, place in places.items():
        link_folder(folders[seed], place)
        rename_maker(place, name)
    remove_others(run.member(name), {place.name for place in places.values()})
    return places


def rename_maker(folder: Path, name: str) -> None:
    """Write the tables anew where the study has renamed their maker since they were made."""
    for split, table in load_tables(folder).items():
        if table.maker != name:
            replace(table, maker=name).save(folder / f"{split}.npz")


def remove_others(folder: Path, names: set[str]) -> None:
    """Remove folders of makers that the study no longer has; their tasks are kept."""
    for stale in folder.iterdir() if folder.is_dir() else ():
        if stale.is_dir() and stale.name not in names:
            shutil.rmtree(stale)


def add_member(
    makers: Makers, member: PlannedMember, folders: dict[int, Path], truths: Truths
) -> None:
    first, *others = folders.values()
    card = read_json(first / "card.json")
    tables = load_tables(first)
    results = {key: card.get(key) for key in CARD_KEYS} | evaluate(tables, truths)
    results |= {
        "seeds": list(folders),
        "over_seeds": over_seeds(
            [results["scores"], *(scored(load_tables(folder), truths) for folder in others)]
        ),
        "threads": card["task"]["threads"],
        "reported": member.entry.reported,
        "history": history(first / "history.csv"),
        "note": member.entry.note,
    }
    makers.add(member.name, results, tables)


def load_tables(folder: Path) -> Tables:
    return {split: load_table(folder / f"{split}.npz") for split in SPLITS}


def history(path: Path) -> dict[str, list[float]] | None:
    """The columns of a `history.csv`; None where the member has none."""
    if not path.is_file():
        return None
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    columns = {name: [float(row[name]) for row in rows] for name in (rows[0] if rows else ())}
    return columns | {"epoch": [int(epoch) for epoch in columns.get("epoch", [])]}


def committee_makers(
    settings: list[CommitteeSettings], members: Makers, run: RunFolder, truths: Truths
) -> Makers:
    """Every committee's results, from its own table, and its folder in the run."""
    makers = Makers()
    for entry in settings:
        missing = [name for name in entry.members if name not in members.results]
        if missing:
            makers.fail(entry.name, f"its member {', '.join(missing)} came to nothing")
            continue
        try:
            add_committee(makers, entry, members, run, truths)
        except VestryError as error:
            makers.fail(entry.name, one_line(error))
    remove_others(run.path / "committees", set(makers.results))
    return makers


def add_committee(
    makers: Makers, entry: CommitteeSettings, members: Makers, run: RunFolder, truths: Truths
) -> None:
    stacks = {split: [members.tables[name][split] for name in entry.members] for split in SPLITS}
    committee = Committee(entry.name, entry.rule).fit(stacks["validation"], truths["validation"])
    tables = {split: committee.table(stack) for split, stack in stacks.items()}
    folder = run.committee(entry.name)
    for split, table in tables.items():
        table.save(folder / f"{split}.npz")
    write_json(folder / "card.json", committee.card() | {"members": entry.members})
    own = [members.results[name] for name in entry.members]
    results = evaluate(tables, truths) | {
        "rule": entry.rule,
        "members": entry.members,
        "parameters": total(own, "parameters"),
        "fit_seconds": total(own, "fit_seconds"),
        "reported": entry.reported,
        "notes": [],
        "note": entry.note,
        "mean_of_members": mean_of_members(own),
    }
    makers.add(entry.name, results, tables)


def total(entries: list[dict[str, Any]], key: str) -> float | None:
    """The sum over members; None where one of them has no such number."""
    values = [entry[key] for entry in entries]
    return None if None in values else sum(values)
