"""What follows from the scores and tables of a whole run, beyond each model's own figures."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vestry.evaluation.ablations import PairSettings, ablation_steps, compared_pairs, size_pairs
from vestry.evaluation.abstention import DEFAULT, AbstentionSettings, abstention
from vestry.evaluation.agreement import agreement
from vestry.evaluation.baselines import above_by_score, baselines
from vestry.evaluation.calibration import calibration
from vestry.evaluation.candidates import candidates
from vestry.evaluation.chosen_by import chosen_by
from vestry.evaluation.claim_checks import checked_claims
from vestry.evaluation.claims import ClaimBase
from vestry.evaluation.conformal import conformal
from vestry.evaluation.decision import NO_LIMITS, decision
from vestry.evaluation.decision_settings import DecisionSettings
from vestry.evaluation.diversity import diversity, fixed_and_broken
from vestry.evaluation.ensemble_gain import against_members, ensemble_gains
from vestry.evaluation.label_issues import find_label_issues, leaks
from vestry.evaluation.leave_one_out import judged_together, leave_one_out
from vestry.evaluation.measured import MeasuredRun
from vestry.evaluation.mistakes import misclassified, per_class_performance
from vestry.evaluation.optimism import best_of_several
from vestry.evaluation.overfitting import Guessing, overfitting
from vestry.evaluation.paired_tests import families
from vestry.evaluation.predictions import (
    EvaluatedModel,
    Predictions,
    ScoredRun,
    evaluated_models,
)
from vestry.evaluation.rank_curves import rank_curves
from vestry.evaluation.ranking import ranking, score_record, with_score
from vestry.evaluation.score_standing import standing_by_score
from vestry.evaluation.significance import Significance, significance
from vestry.evaluation.standing import above_majority
from vestry.predictions.choosing import choosing_score
from vestry.schema.ablations import ComparedPair, SizePair, Step
from vestry.schema.analysis import Agreement, Misclassified, Overfitting
from vestry.schema.base import set_fields
from vestry.schema.claims import CheckedClaim
from vestry.schema.decision import Baseline, Decision, ScoreChosenBy
from vestry.schema.ensemble_gain import EnsembleGain, LeaveOneOut
from vestry.schema.label_issues import Doubts, Leaks
from vestry.schema.models import (
    Committee,
    Member,
    ScoredCommittee,
    ScoredMember,
    ScoredModel,
)
from vestry.schema.optimism import BestOfSeveral
from vestry.schema.scores import RankCurves
from vestry.schema.significance import Comparisons, Difference, Ranked, Resolution, TestFamily


@dataclass(frozen=True)
class Analysed:
    """Every model with what it is good for, and what compares them: parts of the results, by their
    keys there."""

    members: dict[str, Member]
    committees: dict[str, Committee]
    ranking: list[Ranked]
    best_of: BestOfSeveral | None
    score: ScoreChosenBy | None
    baselines: list[Baseline]
    rank_curves: RankCurves | None
    comparisons: Comparisons | None
    families: list[TestFamily]
    resolution: Resolution | None
    misclassified: Misclassified | None
    agreement: Agreement | None
    pairs: list[ComparedPair]
    steps: list[Step]
    size_pairs: list[SizePair]
    doubts: Doubts
    leaks: Leaks | None
    decision: Decision | None
    claims: list[CheckedClaim]


def analysed(
    run: ScoredRun,
    evidence: Predictions,
    pairs: Iterable[PairSettings] = (),
    claims: Iterable[ClaimBase] = (),
    abstaining: AbstentionSettings = DEFAULT,
    deciding: DecisionSettings = NO_LIMITS,
) -> Analysed:
    """What follows from the run's scores and tables; `run` itself stays as it is."""
    evaluated = evaluated_models(run.models, evidence)
    members = {name: evaluated[name] for name in run.members}
    classes = run.data.classes
    by = chosen_by(
        choosing_score(deciding.score, classes, evidence.known), list(run.models), evidence
    )
    ranked = [evaluated[name] for name in ranking(run.models, by)]
    guesses = baselines(evidence, classes, by.score)
    everyone = candidates(ranked, evidence, by)
    majority = above_majority(everyone, evidence, classes)
    is_accuracy = by.score.name == "accuracy"
    if not is_accuracy:
        majority = above_by_score(everyone, by, majority, guesses[0])
    standing = standing_by_score(significance(ranked, evidence, deciding.within), by, evidence)
    issues = find_label_issues(list(members), evidence)
    findings = run.exploration.findings if run.exploration else None
    leader = ranked[0].name if ranked else None
    measured = MeasuredRun(
        run.data, evaluated, leader, findings, run.votes_seed, _adjusted(standing.comparisons)
    )
    made = {name: evaluated[name] for name in run.committees}
    in_order = {each.name: each for each in ranked if each.name in members}
    of_committees = _compared_committees(made, run.committees, in_order, evidence, deciding.within)
    of_models = _OfModels(evidence, standing, abstaining, in_order, of_committees)
    found = compared_pairs(pairs, evaluated)
    steps = ablation_steps(list(members.values()))
    sizes = size_pairs(evidence.sizes)
    decided = decision(ranked, evidence, by, majority, deciding)
    return Analysed(
        members={name: of_models.member(name, entry) for name, entry in run.members.items()},
        committees={
            name: of_models.committee(evaluated[name], entry)
            for name, entry in run.committees.items()
        },
        families=families(
            _tests(standing.comparisons, of_committees, found, steps)
            | {"sizes": len(sizes), "first": 0 if is_accuracy else len(ranked[1:])}
            | _tests_of(decided)
        ),
        ranking=with_score(standing.ranking, by, majority, run.models),
        score=score_record(by, evidence) if ranked else None,
        baselines=guesses,
        rank_curves=rank_curves(_unsure(ranked, evidence), evidence, classes),
        # Of the best of several it is known for accuracy alone how far that flatters.
        best_of=best_of_several({model.name: model.entry for model in ranked}, evidence)
        if is_accuracy
        else None,
        comparisons=standing.comparisons,
        resolution=standing.resolution,
        misclassified=misclassified(list(members.values())) if members else None,
        agreement=agreement(list(members.values()), evidence.tested),
        pairs=found,
        steps=steps,
        size_pairs=sizes,
        doubts=issues.record(),
        leaks=leaks(evaluated, evidence.test_ids, issues.of_tested, run),
        decision=decided,
        claims=checked_claims(claims, measured),
    )


@dataclass(frozen=True)
class _OfCommittees:
    """By committee: its difference to each member, its gain, and what it is without each."""

    differences: dict[str, dict[str, Difference]]
    gains: dict[str, EnsembleGain]
    without: dict[str, LeaveOneOut]


def _compared_committees(
    made: Mapping[str, EvaluatedModel],
    entries: Mapping[str, ScoredCommittee],
    members: Mapping[str, EvaluatedModel],
    evidence: Predictions,
    within: float,
) -> _OfCommittees:
    """All committees at once, since their tests are adjusted together. members: of the run, in the
    order of the ranking."""
    own = {name: [members[each] for each in entry.members] for name, entry in entries.items()}
    again = {name: leave_one_out(committee, evidence) for name, committee in made.items()}
    against = against_members(made, own)
    best = {name: _best(entry, members) for name, entry in entries.items()}
    gains = ensemble_gains(made, own, against, within, best)
    return _OfCommittees(against, gains, judged_together(again))


def _best(entry: ScoredCommittee, members: Mapping[str, EvaluatedModel]) -> str:
    """The committee's first member in the order of the ranking, in which `members` are."""
    return next(name for name in members if name in entry.members)


def _tests(
    comparisons: Comparisons | None,
    committees: _OfCommittees,
    changes: Sequence[ComparedPair],
    steps: Sequence[Step],
) -> dict[str, int]:
    """How many tests of each family there were."""
    crossed = comparisons.cross_validated if comparisons else []
    return {
        "pairs": comparisons.family if comparisons else 0,
        "committees": sum(len(each) for each in committees.differences.values()),
        "without": sum(len(each.members) for each in committees.without.values()),
        "steps": len(steps),
        "changes": sum(pair.difference is not None for pair in changes),
        "folds": sum(pair.p is not None for pair in crossed),
    }


def _adjusted(comparisons: Comparisons | None) -> dict[frozenset[str], float]:
    """Holm's p of every two models."""
    pairs = comparisons.pairs if comparisons else []
    return {frozenset((pair.one, pair.other)): pair.p_holm for pair in pairs}


def _unsure(models: Sequence[EvaluatedModel], evidence: Predictions) -> list[str]:
    """Names of those that gave probabilities, which alone can be put in an order."""
    return [model.name for model in models if not evidence.tested[model.name].only_labels]


def _tests_of(decided: Decision | None) -> dict[str, int]:
    """Of the decision's families."""
    if decided is None:
        return {}
    usual, reason = decided.majority, decided.reason
    return {
        "majority": len(usual.above) + len(usual.not_above),
        "decision": len(reason.tests) if reason else 0,
    }


@dataclass(frozen=True)
class _OfModels:
    """Makes the whole record of a model of what was scored. members: all of the run's, in the order
    of the ranking."""

    evidence: Predictions
    standing: Significance
    abstaining: AbstentionSettings
    members: Mapping[str, EvaluatedModel]
    committees: _OfCommittees

    def member(self, name: str, entry: ScoredMember) -> Member:
        guessing = _guessing_of(self.evidence.truths["validation"])
        fits = _overfitting(entry, guessing)
        return Member(**self._facts(name, entry, fits))

    def committee(self, committee: EvaluatedModel, entry: ScoredCommittee) -> Committee:
        """With what it gains over its members, and which of them it could do without."""
        own = [self.members[name] for name in entry.members]
        against = self.committees.differences[committee.name]
        return Committee(
            **self._facts(committee.name, entry, None),
            repairs=fixed_and_broken(committee, own, against, _best(entry, self.members)),
            worth=self.committees.gains[committee.name],
            leave_one_out=self.committees.without[committee.name],
            diversity=diversity(own),
        )

    def _facts(self, name: str, entry: ScoredModel, fits: Overfitting | None) -> dict[str, Any]:
        """What was scored, where it is good and bad, and whether its confidence can be trusted."""
        tables = self.evidence.tables[name]
        truths = {"validation": self.evidence.truths["validation"], "test": self.evidence.truth}
        known = entry.scores.test.numbers
        tested = {
            "test": {
                score: interval if score in known else None
                for score, interval in self.standing.intervals[name].items()
            }
        }
        is_unsure = not tables["test"].only_labels
        return set_fields(entry) | {
            "intervals": entry.intervals.model_copy(update=tested),
            "analysis": per_class_performance(entry.scores.test, fits),
            "calibration": calibration(tables, truths) if is_unsure else None,
            "abstention": abstention(tables, truths, self.abstaining) if is_unsure else None,
            "conformal": conformal(tables, truths, self.abstaining.coverage) if is_unsure else None,
        }


def _overfitting(entry: ScoredMember, guessing: Guessing | None) -> Overfitting | None:
    training = entry.training
    kept = training.best_epoch if training and training.restored_best else None
    return overfitting(entry.history, kept, guessing)


def _guessing_of(labels: NDArray[np.int64]) -> Guessing | None:
    if len(labels) == 0:
        return None
    return Guessing(float(np.bincount(labels).max() / len(labels)), len(labels))
