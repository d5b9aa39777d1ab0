"""Several runs on the same test rows: one ranking, and tests of what can be told apart."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations
from typing import Any, Literal

from vestry.evaluation.comparison import central, order
from vestry.evaluation.difference import by_images
from vestry.evaluation.intervals import FAMILY_LEVEL, wilson
from vestry.evaluation.paired_tests import holm, mcnemar
from vestry.evaluation.predictions import EvaluatedModel, evaluated_models
from vestry.evaluation.standing import beside_first, ranks
from vestry.predictions.scores import Labels
from vestry.predictions.table import ProbabilityTable
from vestry.schema.results import Results as RunResults

Results = dict[str, Any]
OrderedBy = Literal["validation", "test"]
_MARGIN = 0.01
"""Makers that are shown to be within it of each other are level, as a study has it by default."""
_COSTS = ("parameters", "fit_seconds", "milliseconds_per_image")


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """name: the run's. tables: each maker's test table, rows in the order of the truth."""

    name: str
    results: RunResults
    tables: Mapping[str, ProbabilityTable]


@dataclass(frozen=True, eq=False)
class RunModel:
    """A maker of one of the runs, as it was tested."""

    run: str
    kind: str
    tested: EvaluatedModel

    @property
    def label(self) -> str:
        """Two runs may have makers of the same name."""
        return f"{self.run} / {self.tested.name}"


def compared_runs(runs: Sequence[RunEvidence], truth: Labels, ordered_by: OrderedBy) -> Results:
    """`rows`, `ordered_by`, `ranking`, `best` and `tests` of what `vestry compare` writes; see
    docs/results.md.

    truth: (n,) the test rows' labels. ordered_by: "validation" only where all runs were validated
    on the same rows.
    """
    makers = [maker for run in runs for maker in _models_of(run, truth)]
    best = {
        run.name: min((m for m in makers if m.run == run.name), key=_by_validation).label
        for run in runs
    }
    pairs = _all_pairs(makers)
    return {
        "rows": len(truth),
        "ordered_by": ordered_by,
        "ranking": _ranked(makers, pairs, ordered_by),
        "best": best,
        "tests": {
            "level": FAMILY_LEVEL,
            "family": len(pairs),
            "pairs": [found for found in map(partial(_told, best), pairs) if found],
        },
    }


def _models_of(run: RunEvidence, truth: Labels) -> list[RunModel]:
    results = run.results
    kinds = dict.fromkeys(results["members"], "member")
    kinds |= dict.fromkeys(results["committees"], "committee")
    tested = evaluated_models(results["members"] | results["committees"], run.tables, truth)
    return [RunModel(run.name, kinds[name], maker) for name, maker in tested.items()]


def _by_validation(maker: RunModel) -> tuple[float, float]:
    return order(maker.tested.entry)


def _by_test(maker: RunModel) -> tuple[float, float]:
    entry = maker.tested.entry
    return -central(entry, "test", "accuracy"), central(entry, "test", "log_loss")


def _ranked(
    makers: Sequence[RunModel], pairs: Sequence[Results], ordered_by: OrderedBy
) -> list[Results]:
    """A row a maker, strictly by the figures that order them, and what the test images say of it
    beside the first."""
    key = _by_validation if ordered_by == "validation" else _by_test
    ordered = sorted(makers, key=key)
    first = ordered[0]
    beside = beside_first(
        first.label, list(map(_labelled, pairs)), len(first.tested.truth), _MARGIN
    )
    return [
        _ranking_row(maker) | {"rank": rank, "on_test": beside.get(maker.label)}
        for maker, rank in zip(ordered, ranks([key(maker) for maker in ordered]), strict=True)
    ]


def _labelled(pair: Results) -> Results:
    """A pair as a run's own comparisons have it, with labels for names."""
    sides = {side: pair[side]["label"] for side in ("one", "other")}
    return {**pair["difference"], **sides, "p_holm": pair["p_holm"]}


def _ranking_row(maker: RunModel) -> Results:
    """accuracy and interval: of the test rows and the first seed; over_seeds: of all seeds."""
    entry = maker.tested.entry
    accuracy = float(maker.tested.right.mean())
    several = entry.get("over_seeds")
    scores = entry["scores"]
    return {
        "run": maker.run,
        "name": maker.tested.name,
        "label": maker.label,
        "kind": maker.kind,
        "validation_accuracy": central(entry, "validation", "accuracy"),
        "accuracy": accuracy,
        "interval": list(wilson(accuracy, len(maker.tested.truth))),
        "over_seeds": several and several["test"]["accuracy"],
        "log_loss": scores["test"]["log_loss"],
        "f1_macro": scores["test"]["f1_macro"],
        **{key: entry.get(key) for key in _COSTS},
        "cost": entry.get("cost"),
    }


def _all_pairs(makers: Sequence[RunModel]) -> list[Results]:
    """McNemar's test of every two makers, adjusted over all of them.

    Where they are of two runs, the later run's maker is `one`.
    """
    pairs = [pair(one, other) for other, one in combinations(makers, 2)]
    adjusted = holm([found["p"] for found in pairs])
    return [
        found | {"p_holm": p, "told_apart": p < FAMILY_LEVEL}
        for found, p in zip(pairs, adjusted, strict=True)
    ]


def _told(best: Mapping[str, str], found: Results) -> Results | None:
    """The pair, where the page speaks of it: the best of two runs by their own validation, or
    makers of the same name in two runs."""
    one, other = found["one"], found["other"]
    both_best = {one["label"], other["label"]} <= set(best.values())
    same_name = one["name"] == other["name"]
    if not (both_best or same_name):
        return None
    return found | {"both_best": both_best, "same_name": same_name}


def pair(one: RunModel, other: RunModel) -> Results:
    found = by_images(one.tested, other.tested)
    test = mcnemar(found["only_one"], found["only_other"])
    alike = int((one.tested.labels == other.tested.labels).sum())
    sides = {"one": one, "other": other}
    names = {
        key: {"run": side.run, "name": side.tested.name, "label": side.label}
        for key, side in sides.items()
    }
    return names | {"difference": found, "p": test.p, "method": test.method, "alike": alike}


# What differs between runs besides their figures: makers, settings, machine and versions.


Tables = Mapping[str, Any]

_OF_THE_PAGE = (
    *("title", "about", "claim", "pair", "votes", "samples"),
    *("exploration", "after"),
)
"""Keys of a study that change no model and no figure."""
_MAKERS = ("member", "committee")


def run_changes(studies: Mapping[str, Tables], environments: Mapping[str, Tables]) -> Results:
    """By runs' names: resolved study files as tables, and the environments they were run in."""
    return {
        "makers": _unmatched_models(studies),
        "settings": _shared_by_models(_setting_rows(studies)),
        "environment": _differing([_flat(environment) for environment in environments.values()]),
    }


def _unmatched_models(studies: Mapping[str, Tables]) -> list[Results]:
    """Members and committees that some of the runs' studies lack; `runs` have them."""
    found: dict[tuple[str, str], list[str]] = {}
    for run, study in studies.items():
        for kind in _MAKERS:
            for entry in study.get(kind, []):
                found.setdefault((kind, entry["name"]), []).append(run)
    return [
        {"kind": kind, "name": name, "runs": runs}
        for (kind, name), runs in found.items()
        if len(runs) < len(studies)
    ]


def _setting_rows(studies: Mapping[str, Tables]) -> list[Results]:
    """Keys whose values differ, with the maker that they belong to (None: the whole study).

    values: one a run; None where the run's study has no such key. A maker counts where two runs
    or more have it. Defaults of `[training]` stand in every member, so they are not told twice.
    """
    whole = [
        _flat({k: v for k, v in study.items() if k not in (*_OF_THE_PAGE, *_MAKERS)})
        for study in studies.values()
    ]
    rows = [{"of": None, **row} for row in _differing(whole)]
    for kind in _MAKERS:
        entries = [
            {entry["name"]: _flat(entry) for entry in study.get(kind, [])}
            for study in studies.values()
        ]
        for name in dict.fromkeys(name for own in entries for name in own):
            own = [found.get(name) for found in entries]
            if sum(found is not None for found in own) > 1:
                rows += [{"of": name, **row} for row in _differing(own)]
    of_members = {(row["key"], repr(row["values"])) for row in rows if row["of"]}
    return [
        row
        for row in rows
        if (row["key"].removeprefix("training."), repr(row["values"])) not in of_members
        or row["of"]
    ]


def _shared_by_models(rows: Sequence[Results]) -> list[Results]:
    """Rows that say the same of several makers as one; `of` lists them, empty for the study's."""
    found: dict[tuple[bool, str, str], Results] = {}
    for row in rows:
        key = (row["of"] is None, row["key"], repr(row["values"]))
        said = found.setdefault(key, row | {"of": []})
        said["of"] += [row["of"]] if row["of"] else []
    return list(found.values())


def _differing(tables: Sequence[Tables | None]) -> list[Results]:
    """Keys whose values are not the same in all flat tables; a table that is None is left out."""
    keys = dict.fromkeys(key for table in tables if table is not None for key in table)
    rows = []
    for key in keys:
        values = [None if table is None else table.get(key) for table in tables]
        there = [table.get(key) for table in tables if table is not None]
        if any(value != there[0] for value in there):
            rows.append({"key": key, "values": values})
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
