"""From members' tables to the committees' part of `results.json`, and to their folders."""

from collections.abc import Sequence
from typing import Any

from vestry.committees.committee import Committee
from vestry.committees.committee_settings import CommitteeSettings
from vestry.committees.rule import RULES
from vestry.errors import VestryError, one_line
from vestry.evaluation.comparison import evaluate, mean_of_members
from vestry.evaluation.optimism import optimism_of_committee
from vestry.predictions.table import ProbabilityTable
from vestry.run.models import EvaluatedModels, Truths
from vestry.run.run_files import SPLITS, remove_models
from vestry.schema.models import ScoredCommittee, ScoredMember
from vestry.storage.run_folder import RunFolder, write_json

_ELSEWHERE = ("name", "rule", "members", "fitted_on", "notes")
"""What of a committee's card stands elsewhere in the results."""


def evaluated_committees(
    settings: list[CommitteeSettings],
    members: EvaluatedModels[ScoredMember],
    run: RunFolder,
    truths: Truths,
    folds: bool = False,
) -> EvaluatedModels[ScoredCommittee]:
    """Every committee's results, from its own table, and its folder in the run.

    folds: whether validation tables are the study's out-of-fold tables, so that `fit_on` is one.
    """
    if folds:
        settings = [entry.model_copy(update={"fit_on": "validation"}) for entry in settings]
    models = EvaluatedModels[ScoredCommittee]()
    for entry in settings:
        missing = [name for name in entry.members if name not in members.results]
        if missing:
            models.fail(entry.name, f"its member {', '.join(missing)} failed")
            continue
        try:
            _add_committee(models, entry, members, run, truths)
        except VestryError as error:
            models.fail(entry.name, one_line(error))
    remove_models(run.path / "committees", set(models.results))
    return models


def _add_committee(
    models: EvaluatedModels[ScoredCommittee],
    entry: CommitteeSettings,
    members: EvaluatedModels[ScoredMember],
    run: RunFolder,
    truths: Truths,
) -> None:
    stacks = {split: [members.tables[name][split] for name in entry.members] for split in SPLITS}
    committee = Committee(entry.name, entry.rule, entry.options)
    fitted_on = entry.fit_on if committee.learns else None
    if entry.fit_on == "out_of_fold":
        committee.fit(_out_of_fold_tables(entry, members), truths["training"])
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
    found = evaluate(tables, truths)
    results = vars(found) | {
        "rule": entry.rule,
        "options": entry.options,
        "members": entry.members,
        "fitted_on": fitted_on,
        "learnt": learnt(card),
        "parameters": _total([member.parameters for member in own]),
        "fit_seconds": _total([member.fit_seconds for member in own]),
        "milliseconds_per_image": _total([member.milliseconds_per_image for member in own]),
        "reported": entry.reported,
        "notes": card.get("notes", []),
        "note": entry.note,
        "mean_of_members": mean_of_members(own),
        "optimism": optimism_of_committee(own, found.scores.validation.accuracy),
    }
    models.add(entry.name, ScoredCommittee.model_validate(results), [tables])
    models.rules[entry.name] = committee


def _out_of_fold_tables(
    entry: CommitteeSettings, members: EvaluatedModels[ScoredMember]
) -> list[ProbabilityTable]:
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
    rule, names = RULES[card["rule"]], card["members"]
    return {
        key: dict(zip(names, value, strict=True)) if key in rule.by_member else value
        for key, value in card.items()
        if key not in (*_ELSEWHERE, *rule.for_computing)
    }


def _total(values: Sequence[float | None]) -> float | None:
    """The sum over members; None where one of them has no such number."""
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None
