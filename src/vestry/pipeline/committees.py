"""From members' tables to the committees' part of `results.json`, and to their folders."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from vestry.committees.committee import Committee, in_use
from vestry.committees.committee_settings import CommitteeSettings
from vestry.committees.rule import RULES
from vestry.data.folds import StudyFolds
from vestry.data.image_set import ImageSet
from vestry.errors import VestryError, one_line
from vestry.evaluation.comparison import evaluate_seeds, mean_of_members, out_of_fold
from vestry.evaluation.optimism import optimism_of_committee
from vestry.evaluation.predictions import Predictions
from vestry.pipeline.models import EvaluatedModels, Truths
from vestry.pipeline.run_files import SPLITS, Tables, remove_fits, remove_models
from vestry.predictions.table import ProbabilityTable, Split
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
            models.fail(entry.name, f"its {_members(missing)} failed")
            continue
        try:
            nested = _nested_tables(entry, members, training, folds)
            folded = folds.answered if folds else ()
            _add_committee(models, entry, members, run, truths, nested, folded)
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
    nested: "_Nested | None",
    folded: Collection[Split],
) -> None:
    """nested: its tables in nested folds, where these test it: by first seeds. folded: splits
    answered by folds."""
    fits = _fits(entry, members)[: None if nested is None else 1]
    made = [_made(entry, members, fit.tables, truths) for fit in fits]
    if nested is not None:
        made[0].tables["test"], models.nested[entry.name] = nested.test, nested.inner
    committee, cards = made[0].committee, [_card(entry, each.committee) for each in made]
    folder = run.committee(entry.name)
    homes = [folder, *(folder / f"seed-{fit.seed}" for fit in fits[1:])]
    for home, each, card in zip(homes, made, cards, strict=True):
        for split, table in each.tables.items():
            table.save(home / f"{split}.npz")
        write_json(home / "card.json", in_use(card))
    remove_fits(folder, {home.name for home in homes[1:]})
    own = [members.results[name] for name in entry.members]
    asked = in_use(cards[0])["members"]
    with_a_say = [members.results[name] for name in asked]
    tables = {fit.seed: each.tables for fit, each in zip(fits, made, strict=True)}
    found = evaluate_seeds(tables, truths, folded)
    results = vars(found) | {
        "rule": entry.rule,
        "options": entry.options,
        "members": entry.members,
        "fitted_on": cards[0]["fitted_on"],
        "learnt": learnt(cards[0]),
        "asked": asked,
        "parameters": _total([member.parameters for member in with_a_say]),
        "fit_seconds": _total([member.fit_seconds for member in own]),
        "milliseconds_per_image": _total([each.milliseconds_per_image for each in with_a_say]),
        "reported": entry.reported,
        "notes": [*cards[0].get("notes", []), *_seeds_note(entry, members)],
        "note": entry.note,
        "mean_of_members": mean_of_members(own),
        "optimism": optimism_of_committee(own, found.scores.validation.accuracy),
    }
    models.add(entry.name, ScoredCommittee.model_validate(results), list(tables.values()))
    models.rules[entry.name] = committee


# A committee of each seed: the rule fitted on and applied to its members' tables of that seed.


@dataclass(frozen=True)
class _Fit:
    """tables: of each member, by split. seed: the first several-seeded member's."""

    seed: int
    tables: Sequence[Tables]


@dataclass(frozen=True)
class _Made:
    committee: Committee
    tables: Tables


def _fits(entry: CommitteeSettings, members: EvaluatedModels[ScoredMember]) -> list[_Fit]:
    """One a seed where all members that have several have as many; else the first seeds' alone. A
    member with a single seed is in every one."""
    every = [members.seeds[name] for name in entry.members]
    count = 1 if len(_numbers(entry, members)) > 1 else max(len(seeds) for seeds in every)
    several = [members.results[name] for name in entry.members if len(members.seeds[name]) > 1]
    numbers = [each.seed for each in several[0].seeds] if several and count > 1 else [0]
    return [
        _Fit(number, [seeds[place if len(seeds) > 1 else 0] for seeds in every])
        for place, number in enumerate(numbers)
    ]


def _members(names: list[str]) -> str:
    return f"member{'s' * (len(names) > 1)} {', '.join(names)}"


def _numbers(entry: CommitteeSettings, members: EvaluatedModels[ScoredMember]) -> set[int]:
    """Of seeds, of members that have several."""
    return {len(members.seeds[name]) for name in entry.members} - {1}


def _seeds_note(entry: CommitteeSettings, members: EvaluatedModels[ScoredMember]) -> list[str]:
    numbers = sorted(_numbers(entry, members))
    if len(numbers) > 1:
        counts = ", ".join(map(str, numbers[:-1]))
        return [
            f"its members have {counts} and {numbers[-1]} seeds, so that it is made of the first "
            "seeds alone; with as many seeds of each it would be judged over all of them"
        ]
    stored = all(members.results[name].stored for name in entry.members)
    return ["what is exported is the committee of the first seeds"] if numbers and stored else []


def _made(
    entry: CommitteeSettings,
    members: EvaluatedModels[ScoredMember],
    tables: Sequence[Tables],
    truths: Truths,
) -> _Made:
    stacks = {split: [each[split] for each in tables] for split in SPLITS}
    committee = Committee(entry.name, entry.rule, entry.options)
    if entry.fit_on == "out_of_fold":
        committee.fit(_out_of_fold_tables(entry, members), truths["training"])
    else:
        committee.fit(stacks["validation"], truths["validation"])
    own = {split: committee.table(stack) for split, stack in stacks.items()}
    if committee.learns and entry.fit_on == "validation":
        held_out = committee.held_out_table(stacks["validation"], truths["validation"])
        own["validation"] = held_out
    return _Made(committee, own)


def _card(entry: CommitteeSettings, committee: Committee) -> dict[str, Any]:
    fitted_on = entry.fit_on if committee.learns else None
    return committee.card() | {"members": entry.members, "fitted_on": fitted_on}


# A committee where folds test: fitted anew on the rows outside each.


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


def evidence_of(
    members: EvaluatedModels[ScoredMember],
    committees: EvaluatedModels[ScoredCommittee],
    truths: Truths,
) -> Predictions:
    """What members and committees are compared by. truths: labels by split."""
    return Predictions(
        tables=members.tables | committees.tables,
        truths=truths,
        out_of_fold=members.out_of_fold,
        seeds=members.seeds | committees.seeds,
        sizes=members.sizes,
    )
