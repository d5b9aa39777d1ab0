"""Several runs on the same test rows: one ranking, tests of pairs, and what has changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, NamedTuple

from vestry.evaluation.difference import adjusted, difference
from vestry.evaluation.families import LEVEL
from vestry.evaluation.intervals import share_interval
from vestry.evaluation.predictions import EvaluatedModel, Predictions, evaluated_models
from vestry.evaluation.standing import PairBeside, beside_first, ranks
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema import run_comparison as schema
from vestry.schema.models import ScoredMember, ScoredModel
from vestry.schema.significance import Difference

OrderedBy = Literal["validation", "test"]
_MARGIN = 0.01
"""Models that are shown to be within it of each other are level, as a study has it by default."""


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """name: the run's. entries: every model's part of its results. tables: each model's test table,
    rows in the order of the truth."""

    name: str
    entries: Mapping[str, ScoredModel]
    tables: Mapping[str, ProbabilityTable]


@dataclass(frozen=True, eq=False)
class _RunModel:
    """A model of one of the runs, as it was tested."""

    run: str
    tested: EvaluatedModel

    @property
    def labelled(self) -> schema.LabelledMaker:
        return schema.LabelledMaker(run=self.run, name=self.tested.name, label=self.label)

    @property
    def label(self) -> str:
        """Two runs may have models of the same name."""
        return f"{self.run} / {self.tested.name}"

    def order(self, split: str) -> tuple[float, float]:
        """By accuracy, then by log loss; best first."""
        entry = self.tested.entry
        return -entry.central(split, "accuracy"), entry.tie_break(split)


@dataclass(frozen=True)
class _Pair(PairBeside):
    """Of two runs, the later run's model is `one`."""

    models: tuple[_RunModel, _RunModel]
    difference: Difference


@dataclass(frozen=True)
class ComparedRuns:
    """What the runs' figures come to."""

    ranking: list[schema.RankedOfRuns]
    best: dict[str, str]
    tests: schema.PairTests


def compared_runs(
    runs: Sequence[RunEvidence], truth: Labels, ordered_by: OrderedBy
) -> ComparedRuns:
    """truth: (n,) labels of the test rows. ordered_by: "validation" only where all runs validated
    on the same rows.
    """
    models = [
        _RunModel(run.name, tested)
        for run in runs
        for tested in evaluated_models(run.entries, _tested(run, truth)).values()
    ]
    best = {
        run.name: min(
            (model for model in models if model.run == run.name),
            key=lambda model: model.order("validation"),
        ).label
        for run in runs
    }
    pairs = _all_pairs(models)
    told = [found for pair in pairs if (found := _told(pair, set(best.values())))]
    tests = schema.PairTests(level=LEVEL, family=len(pairs), pairs=told)
    return ComparedRuns(_ranked(models, pairs, ordered_by), best, tests)


def _tested(run: RunEvidence, truth: Labels) -> Predictions:
    return Predictions(
        {name: {"test": table} for name, table in run.tables.items()}, {"test": truth}
    )


def _ranked(
    models: Sequence[_RunModel], pairs: Sequence[_Pair], ordered_by: OrderedBy
) -> list[schema.RankedOfRuns]:
    """A row a model, strictly by the figures that order them, and what the test images say of it
    beside the first."""
    ordered = sorted(models, key=lambda model: model.order(ordered_by))
    first = ordered[0]
    beside = beside_first(first.label, pairs, len(first.tested.truth), _MARGIN)
    places = ranks([model.order(ordered_by) for model in ordered])
    return [
        _ranking_row(model).model_copy(update={"rank": rank, "on_test": beside.get(model.label)})
        for model, rank in zip(ordered, places, strict=True)
    ]


def _ranking_row(model: _RunModel) -> schema.RankedOfRuns:
    """Not ranked yet."""
    entry, accuracy = model.tested.entry, float(model.tested.right.mean())
    return schema.RankedOfRuns(
        run=model.run,
        name=model.tested.name,
        label=model.label,
        kind="member" if isinstance(entry, ScoredMember) else "committee",
        validation_accuracy=entry.corrected_accuracy,
        accuracy=accuracy,
        interval=share_interval(int(model.tested.right.sum()), len(model.tested.right)),
        over_seeds=entry.spread("test", "accuracy"),
        log_loss=entry.first_seed("test", "log_loss"),
        f1_macro=entry.first_seed("test", "f1_macro"),
        parameters=entry.parameters,
        fit_seconds=entry.fit_seconds,
        milliseconds_per_image=entry.milliseconds_per_image,
        cost=entry.cost,
        rank=0,
        on_test=None,
    )


def _all_pairs(models: Sequence[_RunModel]) -> list[_Pair]:
    """Every two models on the test images, adjusted over all of them."""
    pairs = [(one, other) for other, one in combinations(models, 2)]
    found = adjusted([difference(one.tested, other.tested) for one, other in pairs])
    return [
        _Pair(
            one=pair[0].label,
            other=pair[1].label,
            only_one=each.only_one,
            only_other=each.only_other,
            interval=each.interval,
            p_holm=each.p if each.p_holm is None else each.p_holm,
            models=pair,
            difference=each,
        )
        for pair, each in zip(pairs, found, strict=True)
    ]


def _told(pair: _Pair, best: set[str]) -> schema.ComparedPair | None:
    """The pair, where the page speaks of it: the best of two runs by their own validation, or
    models of the same name in two runs."""
    one, other = pair.models
    both_best = {pair.one, pair.other} <= best
    same_name = one.tested.name == other.tested.name
    if not (both_best or same_name):
        return None
    return schema.ComparedPair(
        one=one.labelled,
        other=other.labelled,
        difference=pair.difference,
        p=pair.difference.p,
        method=pair.difference.method,
        alike=int((one.tested.labels == other.tested.labels).sum()),
        p_holm=pair.p_holm,
        told_apart=pair.p_holm < LEVEL,
        both_best=both_best,
        same_name=same_name,
    )


# What differs between runs besides their figures: models, settings, machine and versions.


Tables = Mapping[str, Any]
"""A study file, or a part of it, as it is written there."""

_OF_THE_PAGE = (
    *("title", "about", "claim", "pair", "votes", "samples"),
    *("exploration", "after"),
)
"""Keys of a study that change no model and no figure."""
_KINDS: tuple[Literal["member", "committee"], ...] = ("member", "committee")


def run_changes(
    studies: Mapping[str, Tables], environments: Mapping[str, Tables]
) -> schema.RunChanges:
    """By runs' names: resolved study files as tables, and the environments they were run in."""
    machines = _differing([_flat(environment) for environment in environments.values()])
    return schema.RunChanges(
        makers=_unmatched_models(studies),
        settings=_shared_by_models(_changed_settings(list(studies.values()))),
        environment=[schema.ChangedValue(key=key, values=values) for key, values in machines],
    )


def _unmatched_models(studies: Mapping[str, Tables]) -> list[schema.MissingMaker]:
    """Members and committees that some of the runs' studies lack."""
    found: dict[tuple[Literal["member", "committee"], str], list[str]] = {}
    for run, study in studies.items():
        for kind in _KINDS:
            for entry in study.get(kind, []):
                found.setdefault((kind, entry["name"]), []).append(run)
    return [
        schema.MissingMaker(kind=kind, name=name, runs=runs)
        for (kind, name), runs in found.items()
        if len(runs) < len(studies)
    ]


class _Changed(NamedTuple):
    """A key whose values differ, one a run (None where it is not set). of: the model that it
    belongs to; None for the whole study."""

    of: str | None
    key: str
    values: list[Any]


def _changed_settings(studies: Sequence[Tables]) -> list[_Changed]:
    """A model counts where two runs or more have it. Defaults of `[training]` stand in every
    member, so they are not told twice."""
    without = (*_OF_THE_PAGE, *_KINDS)
    whole = [_flat({k: v for k, v in study.items() if k not in without}) for study in studies]
    of_models = list(_changed_of_models(studies))
    told = {(row.key, repr(row.values)) for row in of_models}
    return [
        _Changed(None, key, values)
        for key, values in _differing(whole)
        if (key.removeprefix("training."), repr(values)) not in told
    ] + of_models


def _changed_of_models(studies: Sequence[Tables]) -> Iterator[_Changed]:
    for kind in _KINDS:
        entries = [
            {entry["name"]: _flat(entry) for entry in study.get(kind, [])} for study in studies
        ]
        for name in dict.fromkeys(name for own in entries for name in own):
            own = [found.get(name) for found in entries]
            if sum(found is not None for found in own) > 1:
                yield from (_Changed(name, *row) for row in _differing(own))


def _shared_by_models(rows: Sequence[_Changed]) -> list[schema.ChangedSetting]:
    """Rows that say the same of several models as one."""
    alike: dict[tuple[bool, str, str], list[_Changed]] = {}
    for row in rows:
        alike.setdefault((row.of is None, row.key, repr(row.values)), []).append(row)
    return [
        schema.ChangedSetting(
            of=[row.of for row in same if row.of], key=same[0].key, values=same[0].values
        )
        for same in alike.values()
    ]


def _differing(tables: Sequence[Tables | None]) -> list[tuple[str, list[Any]]]:
    """Keys whose values are not the same in all flat tables; a table that is None is left out."""
    keys = dict.fromkeys(key for table in tables if table is not None for key in table)
    rows = []
    for key in keys:
        values = [None if table is None else table.get(key) for table in tables]
        there = [table.get(key) for table in tables if table is not None]
        if any(value != there[0] for value in there):
            rows.append((key, values))
    return rows


def _flat(table: Tables, prefix: str = "") -> dict[str, Any]:
    """Nested tables as dotted keys; lists stay whole."""
    rows: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            rows |= _flat(value, f"{prefix}{key}.")
        else:
            rows[f"{prefix}{key}"] = value
    return rows
