"""From finished tasks to the makers' part of `results.json`, and to their folders in the run."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vestry.committees.committee import Committee
from vestry.committees.committee_settings import CommitteeSettings
from vestry.data.image_set import ImageSet
from vestry.engine.task import Outcome
from vestry.errors import VestryError, one_line
from vestry.evaluation.comparison import evaluate, mean_of_members, over_seeds, scored
from vestry.explore_task import LOOK
from vestry.member_folders import (
    SPLITS,
    Tables,
    load_tables,
    own_picture,
    publish,
    remove_others,
)
from vestry.member_tasks import SEARCH, PlannedMember
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable
from vestry.run_folder import RunFolder, read_json, write_json
from vestry.training_parts import parts_of_training

CARD_KEYS = (
    "kind",
    "definition",
    "parameters",
    "trainable_parameters",
    "fit_seconds",
    "training",
    "trunk",
    "fitted_on",
    "warnings",
    "notes",
    "stored",
)
BY_MEMBER = ("weights", "chosen", "influence")
"""Lists of a committee's card that hold one number a member."""
CARD_ONLY = (
    *("name", "rule", "members", "fitted_on", "notes"),
    *("coefficients", "intercepts"),
)
"""What of a committee's card stands elsewhere in the results, or is only for who computes on."""
Truths = Mapping[str, Labels]


@dataclass
class Makers:
    """Members or committees: their results and tables by name, and what came to nothing.

    out_of_fold: a cross-validated member's table of the training rows, in the rows' order; each
    row's probabilities are by a model that had not seen it.
    """

    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, Tables] = field(default_factory=dict)
    out_of_fold: dict[str, ProbabilityTable] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)

    def add(self, name: str, results: dict[str, Any], tables: Tables) -> None:
        self.results[name], self.tables[name] = results, tables

    def fail(self, name: str, reason: str, seed: int | None = None, details: str = "") -> None:
        self.failures.append({"name": name, "seed": seed, "reason": reason, "details": details})


def fitted_makers(
    planned: list[PlannedMember],
    failed: Mapping[str, Outcome],
    run: RunFolder,
    truths: Truths,
    training: ImageSet,
) -> Makers:
    """Every fitted member's results; its folder in the run shows its tasks' files."""
    makers = Makers()
    for outcome in failed.values():
        if outcome.task.function == LOOK:
            makers.fail(outcome.task.name, str(outcome.reason), details=outcome.details)
        if outcome.task.function == SEARCH:
            reason = f"its search came to nothing: {outcome.reason}"
            makers.fail(outcome.task.context["maker"], reason, details=outcome.details)
    for member in planned:
        for task in member.fits:
            if not task.is_done:
                outcome = failed[task.folder.name]
                seed = task.description["seed"]
                part = "" if task in member.tasks.values() else f"{task.name}: "
                makers.fail(member.name, f"{part}{outcome.reason}", seed, outcome.details)
        if any(task.is_done for task in member.tasks.values()):
            places = publish(member, run)
            add_member(makers, member, places, truths)
            makers.results[member.name] |= parts_of_training(
                makers.out_of_fold, member, places, training, truths
            )
    remove_others(run.path / "members", set(makers.results))
    return makers


def add_member(
    makers: Makers, member: PlannedMember, places: Mapping[Path, Path], truths: Truths
) -> None:
    folders = {
        seed: places[task.folder] for seed, task in member.tasks.items() if task.folder in places
    }
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
        "milliseconds_per_image": milliseconds_per_image(card),
        "augmentation": augmentation(card, member.name),
        "search": search_results(member),
    }
    makers.add(member.name, results, tables)


def milliseconds_per_image(card: dict[str, Any]) -> float:
    """What predicting one image costs; its card says it where features may have been kept before,
    so that the test rows' own time would be none.
    """
    measured = 1000 * card["predict_seconds"] / max(1, card["predicted_images"])
    return float(card.get("milliseconds_per_image", measured))


def augmentation(card: dict[str, Any], name: str) -> dict[str, Any] | None:
    facts = card.get("augmentation")
    return facts and facts | {"variants": [own_picture(name, v) for v in facts["variants"]]}


def search_results(member: PlannedMember) -> dict[str, Any] | None:
    if member.search is None:
        return None
    card = read_json(member.search.folder / "card.json")
    return {key: value for key, value in card.items() if key not in ("task", "wall_seconds")}


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
    committee = Committee(entry.name, entry.rule, entry.options)
    fitted_on = entry.fit_on if committee.learns else None
    if entry.fit_on == "out_of_fold":
        committee.fit(out_of_fold_tables(entry, members), truths["training"])
    else:
        committee.fit(stacks["validation"], truths["validation"])
    tables = {split: committee.table(stack) for split, stack in stacks.items()}
    if fitted_on == "validation":
        held_out = committee.held_out_table(stacks["validation"], truths["validation"])
        tables["validation"] = held_out
    folder = run.committee(entry.name)
    for split, table in tables.items():
        table.save(folder / f"{split}.npz")
    card = committee.card() | {"members": entry.members, "fitted_on": fitted_on}
    write_json(folder / "card.json", card)
    own = [members.results[name] for name in entry.members]
    results = evaluate(tables, truths) | {
        "rule": entry.rule,
        "members": entry.members,
        "fitted_on": fitted_on,
        "learnt": learnt(card),
        "parameters": total(own, "parameters"),
        "fit_seconds": total(own, "fit_seconds"),
        "reported": entry.reported,
        "notes": card.get("notes", []),
        "note": entry.note,
        "mean_of_members": mean_of_members(own),
    }
    makers.add(entry.name, results, tables)


def out_of_fold_tables(entry: CommitteeSettings, members: Makers) -> list[ProbabilityTable]:
    """What a committee with `fit_on = "out_of_fold"` learns from."""
    missing = [name for name in entry.members if name not in members.out_of_fold]
    if missing:
        raise VestryError(
            f"committee {entry.name} is to be fitted on out-of-fold tables, but there is none of "
            f"{', '.join(missing)}; give each cross_validation = {{ folds = 5 }}"
        )
    return [members.out_of_fold[name] for name in entry.members]


def learnt(card: dict[str, Any]) -> dict[str, Any]:
    """What a committee's rule learnt, by members' names instead of their positions."""
    names = card["members"]
    return {
        key: dict(zip(names, value, strict=True)) if key in BY_MEMBER else value
        for key, value in card.items()
        if key not in CARD_ONLY
    }


def total(entries: list[dict[str, Any]], key: str) -> float | None:
    """The sum over members; None where one of them has no such number."""
    values = [entry[key] for entry in entries]
    return None if None in values else sum(values)
