"""From members' tables to the committees' part of `results.json`, and to their folders."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from vestry.committees.committee import Committee
from vestry.committees.committee_settings import CommitteeSettings
from vestry.committees.rule import RULES
from vestry.data.folds import StudyFolds
from vestry.data.image_set import ImageSet
from vestry.errors import VestryError, one_line
from vestry.evaluation.comparison import evaluate, mean_of_members, out_of_fold
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
    training: ImageSet | None = None,
    folds: StudyFolds | None = None,
) -> EvaluatedModels[ScoredCommittee]:
    """Every committee's results, from its own table, and its folder in the run.

    folds: where validation tables are the study's out-of-fold tables, so that `fit_on` is one.
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
            nested = _nested_tables(entry, members, training, folds)
            _add_committee(models, entry, members, run, truths, nested)
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
    nested: "_Nested | None" = None,
) -> None:
    """nested: its tables in nested folds, where these test it."""
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
    if nested is not None:
        tables["test"], models.nested[entry.name] = nested.test, nested.inner
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


@dataclass(frozen=True)
class _Nested:
    """test: each row by a committee that was fitted on the rows outside its fold. inner: for each
    fold that tests, the table of the rows outside it, that choosing is done by there."""

    test: ProbabilityTable
    inner: list[ProbabilityTable]


def _nested_tables(
    entry: CommitteeSettings,
    members: EvaluatedModels[ScoredMember],
    training: ImageSet | None,
    folds: StudyFolds | None,
) -> _Nested | None:
    """None where no folds test."""
    if folds is None or training is None or not folds.tests:
        return None
    tests, inner = [], []
    for number, outer in enumerate(folds.outer()):
        learnt, held = outer.rows(training.labels, training.groups)
        known, labels = [members.nested[name][number] for name in entry.members], training.labels
        committee = Committee(entry.name, entry.rule, entry.options)
        committee.fit(known, labels[learnt])
        asked = [members.tables[name]["test"].rows(held) for name in entry.members]
        tests.append(committee.table(asked))
        if committee.learns:
            inner.append(committee.held_out_table(known, labels[learnt]))
        else:
            inner.append(committee.table(known))
    whole = out_of_fold(tests, training.ids, entry.name)
    return _Nested(replace(whole, split="test"), inner)


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
