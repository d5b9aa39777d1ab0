"""Several runs on the same test rows: one ranking, tests of pairs, and what has changed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Literal

from vestry.evaluation.chosen_by import tested_by
from vestry.evaluation.difference import adjusted, difference
from vestry.evaluation.intervals import share_interval
from vestry.evaluation.paired_tests import LEVEL
from vestry.evaluation.predictions import EvaluatedModel, Predictions, Tables, evaluated_models
from vestry.evaluation.score_standing import beside_first_by_score
from vestry.evaluation.seed_pool import seed_pool
from vestry.evaluation.standing import PairBeside, beside_first, ranks
from vestry.evaluation.two_way import mean_accuracy
from vestry.predictions.choosing import ChoosingScore, choosing_score
from vestry.predictions.table import Labels, ProbabilityTable
from vestry.schema import run_comparison as schema
from vestry.schema.base import OnSplits
from vestry.schema.models import ScoredMember, ScoredModel
from vestry.schema.significance import BesideFirst, Difference

OrderedBy = Literal["validation", "test"]
_ACCURACY = choosing_score("accuracy")
_MARGIN = 0.01
"""Models that are shown to be within it of each other are level, as a study has it by default."""


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """name: the run's. entries: every model's part of its results. tables: each model's test table,
    rows in the order of the truth. seeds: every seed's of a model that has several, the first one's
    first. score: that the run chose by; by_score: its figures, by model."""

    name: str
    entries: Mapping[str, ScoredModel]
    tables: Mapping[str, ProbabilityTable]
    seeds: Mapping[str, Sequence[ProbabilityTable]] = field(default_factory=dict)
    score: ChoosingScore = _ACCURACY
    by_score: Mapping[str, OnSplits[float]] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _RunModel:
    """A model of one of the runs, as it was tested. figures: by the score that all runs chose by,
    with what makes more of it better; None where that is the accuracy, or there is none."""

    run: str
    tested: EvaluatedModel
    figures: OnSplits[float] | None = None
    sign: int = 1

    @property
    def labelled(self) -> schema.LabelledMaker:
        return schema.LabelledMaker(run=self.run, name=self.tested.name, label=self.label)

    @property
    def label(self) -> str:
        """Two runs may have models of the same name."""
        return f"{self.run} / {self.tested.name}"

    def order(self, split: str) -> tuple[float, float]:
        """By the shared score or accuracy, then by log loss; best first."""
        entry = self.tested.entry
        if self.figures:
            return -self.sign * self.figures.on(split), entry.tie_break(split)
        return -entry.central(split, "accuracy"), entry.tie_break(split)


@dataclass(frozen=True)
class _Pair(PairBeside):
    """Of two runs, the later run's model is `one`."""

    models: tuple[_RunModel, _RunModel]
    difference: Difference


@dataclass(frozen=True)
class ComparedRuns:
    """What the runs' figures come to. by_score: whether the order is by a score that is no accuracy
    and that all of them chose by."""

    ranking: list[schema.RankedOfRuns]
    best: dict[str, str]
    tests: schema.PairTests
    by_score: bool


def compared_runs(
    runs: Sequence[RunEvidence], truth: Labels, ordered_by: OrderedBy
) -> ComparedRuns:
    """truth: (n,) labels of the test rows. ordered_by: "validation" only where all runs validated
    on the same rows.
    """
    score = _shared_score(runs)
    models = _with_one_pool(
        [
            _RunModel(run.name, tested, run.by_score[name] if score else None, run.score.sign)
            for run in runs
            for name, tested in evaluated_models(run.entries, _tested(run, truth)).items()
        ]
    )
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
    beside = _beside_first(models, pairs, ordered_by)
    if score:
        names = [model.label for model in _ordered(models, ordered_by)]
        by = tested_by(score, names, _by_label(runs, truth))
        beside = beside_first_by_score(names, by, _MARGIN)
    return ComparedRuns(_ranked(models, beside, ordered_by), best, tests, score is not None)


def _shared_score(runs: Sequence[RunEvidence]) -> ChoosingScore | None:
    """That all runs chose by; None where it is the accuracy, or they chose by different ones."""
    scores = {(run.score.name, run.score.words) for run in runs}
    return runs[0].score if len(scores) == 1 and runs[0].score.name != "accuracy" else None


def _by_label(runs: Sequence[RunEvidence], truth: Labels) -> Predictions:
    """All runs' test tables."""
    seeds: dict[str, list[Tables]] = {
        f"{run.name} / {name}": [{"test": table} for table in run.seeds.get(name) or [own]]
        for run in runs
        for name, own in run.tables.items()
    }
    return Predictions(
        {name: each[0] for name, each in seeds.items()}, {"test": truth}, seeds=seeds
    )


def _tested(run: RunEvidence, truth: Labels) -> Predictions:
    return Predictions(
        tables={name: {"test": table} for name, table in run.tables.items()},
        truths={"test": truth},
        seeds={name: [{"test": table} for table in every] for name, every in run.seeds.items()},
    )


def _with_one_pool(models: Sequence[_RunModel]) -> list[_RunModel]:
    """With what the members of all runs say of seeds; the same fits in two runs say it once."""
    members = [model.tested.rights for model in models if not model.tested.is_committee]
    pool = seed_pool(list({(each.shape, each.tobytes()): each for each in members}.values()))
    return [replace(model, tested=replace(model.tested, pool=pool)) for model in models]


def _ordered(models: Sequence[_RunModel], ordered_by: OrderedBy) -> list[_RunModel]:
    return sorted(models, key=lambda model: model.order(ordered_by))


def _beside_first(
    models: Sequence[_RunModel], pairs: Sequence[_Pair], ordered_by: OrderedBy
) -> dict[str, BesideFirst]:
    """What the test images say of each model beside the first, by accuracy."""
    first = _ordered(models, ordered_by)[0]
    return beside_first(first.label, pairs, len(first.tested.truth), _MARGIN)


def _ranked(
    models: Sequence[_RunModel], beside: Mapping[str, BesideFirst], ordered_by: OrderedBy
) -> list[schema.RankedOfRuns]:
    """A row a model, strictly by the figures that order them, and what the test images say of it
    beside the first."""
    ordered = _ordered(models, ordered_by)
    places = ranks([model.order(ordered_by) for model in ordered])
    return [
        _ranking_row(model).model_copy(update={"rank": rank, "on_test": beside.get(model.label)})
        for model, rank in zip(ordered, places, strict=True)
    ]


def _ranking_row(model: _RunModel) -> schema.RankedOfRuns:
    """Not ranked yet."""
    entry, rights = model.tested.entry, model.tested.rights
    one_seed = len(rights) == 1
    return schema.RankedOfRuns(
        run=model.run,
        name=model.tested.name,
        label=model.label,
        kind="member" if isinstance(entry, ScoredMember) else "committee",
        validation_accuracy=entry.corrected_accuracy,
        accuracy=float(rights.mean()),
        interval=share_interval(int(rights.sum()), rights.shape[1])
        if one_seed
        else mean_accuracy(rights).interval(),
        over_seeds=entry.spread("test", "accuracy"),
        log_loss=entry.scores.test.log_loss,
        f1_macro=entry.central("test", "f1_macro"),
        parameters=entry.parameters,
        fit_seconds=entry.fit_seconds,
        milliseconds_per_image=entry.milliseconds_per_image,
        cost=entry.cost,
        rank=0,
        on_test=None,
        by_score=model.figures,
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
        alike=_alike(one.tested.every, other.tested.every),
        p_holm=pair.p_holm,
        told_apart=pair.p_holm < LEVEL,
        both_best=both_best,
        same_name=same_name,
    )


def _alike(one: Labels, other: Labels) -> int:
    """Images that both answer alike: seed by seed, or by all where they have not as many."""
    if len(one) == len(other):
        return int((one == other).all(axis=0).sum())
    return int((one[:, None] == other[None]).all(axis=(0, 1)).sum())
